"""The journal keeps the last requests, filters them, and says what came close."""

from __future__ import annotations

import pytest

from hooktop.mockserver.engine.journal import Journal, MatchError


@pytest.fixture
def journal():
    journal = Journal(kept=4)
    for number in range(6):
        journal.record(
            at=number * 100,
            operation="getEndpoint" if number % 2 else "pauseEndpoint",
            method="GET" if number % 2 else "POST",
            path=f"/v1/endpoints/{number}",
            key="hb_live_0123456789abcdef",
            status=200 if number < 4 else 409,
            violations=("wrong",) if number == 5 else (),
        )
    return journal


def test_only_the_last_entries_are_kept_newest_first(journal):
    assert [entry.seq for entry in journal.find()] == [6, 5, 4, 3]
    assert [entry.seq for entry in journal.find(limit=2, before=6)] == [5, 4]


def test_of_a_key_only_the_beginning_is_kept(journal):
    assert {entry.key for entry in journal} == {"hb_live_0123"}


@pytest.mark.parametrize(
    ("match", "seqs"),
    [
        ({"operation": "getEndpoint"}, [6, 4]),
        ({"operation": "*Endpoint", "status": 409}, [6, 5]),
        ({"path": "/v1/endpoints/[23]"}, [4, 3]),
        ({"status": [200, 201]}, [4, 3]),
        ({"valid": False}, [6]),
        ({"since": 300, "until": 500}, [5, 4]),
    ],
)
def test_filters(journal, match, seqs):
    assert [entry.seq for entry in journal.find(match)] == seqs


def test_verify_counts(journal):
    assert journal.verify({"status": 409}).ok
    assert journal.verify({"status": 409}, 2).ok
    assert journal.verify({"status": 500}, 0).ok
    failed = journal.verify({"status": 409}, 3)
    assert (failed.ok, failed.wanted, failed.found) == (False, 3, 2)


def test_a_failed_verification_shows_what_came_closest(journal):
    verdict = journal.verify({"operation": "getEndpoint", "method": "GET", "status": 409, "valid": True})
    assert not verdict.ok
    closest = verdict.near[0]
    assert (closest.entry.seq, closest.differs) == (6, {"valid": False})


def test_an_unknown_field_is_refused(journal):
    with pytest.raises(MatchError, match=r"match\.colour"):
        journal.find({"colour": 1})


def test_each_entry_is_told_and_clearing_forgets():
    told = []
    journal = Journal(lambda: told.append(1))
    journal.record(at=0, operation="o", method="GET", path="/", status=200)
    journal.clear()
    assert (told, len(journal)) == ([1], 0)

"""Triage: worst first, one group for one cause, and silence is shown, too."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fakes import NOW, FakeWorld, outage_world
from hooktop.console.model import EndpointKind, EndpointState, MessageState, PauseMeaning
from hooktop.console.stores.filter import parse
from hooktop.console.stores.triage import Trouble, group, signature, span_text


def test_what_fails_comes_before_what_is_dead_or_paused() -> None:
    world = outage_world()
    failures = group(world.messages.values(), world.endpoints.values(), NOW)
    (worst,) = [failure for failure in failures[:3] if failure.endpoint_name == "billing-eu"]
    assert (worst.code, worst.trouble) == (503, Trouble.FAILING)
    assert worst.count == worst.backlog == 60
    assert sum(worst.trend) == worst.count
    kinds = {failure.endpoint_name: failure.trouble for failure in failures}
    assert kinds["ledger"] is Trouble.DEAD
    assert kinds["warehouse"] is Trouble.PAUSED
    assert "orders" not in kinds


def test_a_paused_endpoint_says_what_it_holds() -> None:
    world = outage_world()
    (paused,) = [
        f
        for f in group(world.messages.values(), world.endpoints.values(), NOW)
        if f.endpoint_name == "warehouse"
    ]
    assert paused.note.startswith("paused, 60 held, oldest ")


def test_a_paused_endpoint_that_discards_says_what_lies_aside() -> None:
    world = FakeWorld()
    endpoint = world.add_endpoint("a", state=EndpointState.PAUSED)
    for _ in range(3):
        world.add_message(endpoint, 60, MessageState.DISCARDED)
    (aside,) = group(world.messages.values(), world.endpoints.values(), NOW)
    assert aside.note == "paused, 3 set aside"


def test_a_paused_endpoint_that_refuses_at_the_door_comes_before_those_that_keep() -> None:
    world = outage_world()
    door = world.add_endpoint("door", kind=EndpointKind.INBOUND, state=EndpointState.PAUSED)
    pause = {EndpointKind.INBOUND: PauseMeaning.REJECT, EndpointKind.OUTBOUND: PauseMeaning.HOLD}
    failures = group(world.messages.values(), world.endpoints.values(), NOW, pause)
    names = [f.endpoint_name for f in failures if f.trouble is not Trouble.FAILING]
    assert names[0] == door.name
    assert [f.note for f in failures if f.refuses] == ["paused: new ones are refused"]


def test_ids_and_numbers_do_not_split_a_group() -> None:
    world = FakeWorld()
    endpoint = world.add_endpoint("a")
    for number in range(5):
        error = f"timeout after {number} ms for 01935abc-def0-7123-4567-890abcdef01{number}"
        world.add_message(endpoint, 60, MessageState.RETRYING, last_error=error)
    (failure,) = group(world.messages.values(), world.endpoints.values(), NOW)
    assert (failure.count, failure.signature) == (5, "timeout after N ms for N")


def test_codes_split_groups_and_the_dead_stand_apart() -> None:
    world = FakeWorld()
    endpoint = world.add_endpoint("a")
    for state, code in [(MessageState.RETRYING, 503), (MessageState.RETRYING, 429), (MessageState.DEAD, 503)]:
        world.add_message(endpoint, 60, state, response_status=code)
    assert len(group(world.messages.values(), world.endpoints.values(), NOW)) == 3


def test_times_of_a_group() -> None:
    world = FakeWorld()
    endpoint = world.add_endpoint("a")
    due = NOW + timedelta(minutes=3)
    world.add_message(endpoint, 500, MessageState.RETRYING, next_attempt_at=due + timedelta(minutes=1))
    world.add_message(endpoint, 100, MessageState.RETRYING, next_attempt_at=due)
    (failure,) = group(world.messages.values(), world.endpoints.values(), NOW)
    assert failure.first == NOW - timedelta(seconds=500)
    assert failure.last == NOW - timedelta(seconds=100)
    assert failure.next_retry == due
    assert failure.oldest == timedelta(seconds=500)


def test_payloads_about_to_expire_are_counted() -> None:
    world = FakeWorld()
    endpoint = world.add_endpoint("a")
    for hours in (-1, 5, 7):
        world.add_message(endpoint, 60, MessageState.DEAD, payload_expires_at=NOW + timedelta(hours=hours))
    (failure,) = group(world.messages.values(), world.endpoints.values(), NOW)
    assert failure.expiring == 2
    assert "2 payloads" in failure.note


@pytest.mark.parametrize("name", ["plain", "with space", "with,comma", "star*"])
def test_the_filter_of_a_group_finds_its_messages(name: str) -> None:
    world = FakeWorld()
    endpoint = world.add_endpoint(name, id="e1")
    world.add_message(endpoint, 60, MessageState.RETRYING, response_status=503)
    world.add_message(endpoint, 60, MessageState.DEAD, response_status=None)
    messages = list(world.messages.values())
    for failure in group(messages, world.endpoints.values(), NOW):
        wanted = parse(failure.filter_text)
        assert sum(wanted.matches(message, NOW) for message in messages) == failure.count == 1


def test_quiet_is_empty() -> None:
    world = FakeWorld()
    world.add_message(world.add_endpoint("a"), 60, MessageState.DELIVERED)
    assert group(world.messages.values(), world.endpoints.values(), NOW) == ()


def test_a_disabled_endpoint_without_messages_is_shown() -> None:
    world = FakeWorld()
    world.add_endpoint("a", state=EndpointState.DISABLED, state_word="inactive")
    (failure,) = group([], world.endpoints.values(), NOW)
    assert (failure.trouble, failure.note) == (Trouble.PAUSED, "disabled")


@pytest.mark.parametrize(
    ("error", "expected"), [("", ""), ("  \n x", "x"), ("x" * 100, "x" * 60), ("HTTP 503", "HTTP N")]
)
def test_signatures(error: str, expected: str) -> None:
    assert signature(error) == expected


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0s"), (45, "45s"), (60, "1m"), (3599, "59m"), (18_000, "5h"), (260_000, "3d")]
)
def test_spans(seconds: int, text: str) -> None:
    assert span_text(timedelta(seconds=seconds)) == text

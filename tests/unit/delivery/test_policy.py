"""Retry schedules as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooktop.mockserver.delivery.model import Answer, Ladder, Message
from hooktop.mockserver.delivery.policy import HOUR, Policy, plan_retry, retry_after_ms
from hooktop.mockserver.delivery.ratelimit import reserve

NOW = 1_767_225_600_000
POLICY = Policy(
    slow=(1_000, 2_000, 3_000),
    fast=(10, 20),
    max_attempts=5,
    retry_after_cap_ms={Ladder.SLOW: 50_000, Ladder.FAST: 40_000},
)


def after(attempts: int, **fields: object) -> Message:
    return Message(id="m", endpoint_id="e", round_attempts=attempts, **fields)


def draw() -> float:
    return 0.25


@pytest.mark.parametrize(
    ("message", "answer", "expected"),
    [
        pytest.param(after(1), Answer(status=503), (Ladder.SLOW, 0, 1_000), id="first"),
        pytest.param(after(2), Answer(status=503), (Ladder.SLOW, 1, 2_000), id="second"),
        pytest.param(after(4), Answer(status=503), (Ladder.SLOW, 3, 3_000), id="last-delay-repeats"),
        pytest.param(after(5), Answer(status=503), None, id="used-up"),
        pytest.param(after(1), Answer(status=404), None, id="hopeless"),
        pytest.param(after(1), Answer(status=429), (Ladder.FAST, 0, 10), id="fast"),
        pytest.param(
            after(2, ladder=Ladder.FAST, ladder_step=0),
            Answer(status=429),
            (Ladder.FAST, 1, 20),
            id="fast-climbs",
        ),
        pytest.param(
            after(4, ladder=Ladder.FAST, ladder_step=1),
            Answer(status=429),
            (Ladder.FAST, 2, 20),
            id="fast-repeats",
        ),
        pytest.param(
            after(2, ladder=Ladder.FAST), Answer(status=500), (Ladder.SLOW, 1, 2_000), id="fast-to-slow"
        ),
        pytest.param(
            after(3, ladder=Ladder.SLOW, ladder_step=1),
            Answer(status=429),
            (Ladder.FAST, 0, 10),
            id="slow-to-fast",
        ),
        pytest.param(
            after(1),
            Answer(status=503, headers={"retry-after": "9"}),
            (Ladder.SLOW, 0, 9_000),
            id="asked-longer",
        ),
        pytest.param(
            after(3),
            Answer(status=503, headers={"Retry-After": "1"}),
            (Ladder.SLOW, 2, 3_000),
            id="asked-shorter",
        ),
        pytest.param(
            after(1),
            Answer(status=429, headers={"Retry-After": "999"}),
            (Ladder.FAST, 0, 40_000),
            id="capped",
        ),
    ],
)
def test_when_the_next_attempt_is(message, answer, expected):
    retry = plan_retry(POLICY, message, answer, NOW, draw)
    assert (None if retry is None else (retry.ladder, retry.step, retry.delay_ms)) == expected


def test_a_formula_takes_the_place_of_the_table():
    policy = replace(POLICY, fast=None, backoff=lambda attempt, draw: 100 * 2**attempt + int(draw() * 40))
    retry = plan_retry(policy, after(3), Answer(status=429), NOW, draw)
    assert retry is not None
    assert (retry.ladder, retry.delay_ms) == (Ladder.SLOW, 810)


def test_retry_after_is_ignored_where_the_policy_has_no_cap_for_it():
    policy = replace(POLICY, retry_after_cap_ms={})
    retry = plan_retry(policy, after(1), Answer(status=503, headers={"Retry-After": "900"}), NOW, draw)
    assert retry is not None
    assert retry.delay_ms == 1_000


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("120", 120_000),
        (" 0 ", 0),
        ("Thu, 01 Jan 2026 01:00:00 GMT", HOUR),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("9" * 5_000, 999_999_999_999_999_000),
        ("Mon, 01 Jan 99999999999999999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, delay):
    assert retry_after_ms({"Retry-After": text}, NOW) == delay


@pytest.mark.parametrize(
    ("poll_ms", "now", "tick"), [(60_000, 59_999, 60_000), (60_000, 60_000, 120_000), (0, 7, 7)]
)
def test_a_poll_comes_at_multiples_of_its_period(poll_ms, now, tick):
    assert replace(POLICY, poll_ms=poll_ms).next_tick(now) == tick


def test_a_rate_limit_hands_out_slots_one_gap_apart():
    state, slots = 0, []
    for _ in range(5):
        state, slot = reserve(state, NOW, 10, 2)
        slots.append(slot - NOW)
    assert slots == [0, 0, 100, 200, 300]


def test_a_rest_restores_the_burst():
    state, _ = reserve(0, NOW, 10, 2)
    state, _ = reserve(state, NOW, 10, 2)
    assert [reserve(state, NOW + 1_000, 10, 2)[1]] == [NOW + 1_000]

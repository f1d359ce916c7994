"""Clocks: what each shows, refuses and keeps."""

from __future__ import annotations

import pytest

from hooktop.mockserver.engine import clock as clocks
from hooktop.mockserver.engine.clock import (
    LATEST,
    ClockError,
    RealClock,
    ScaledClock,
    VirtualClock,
    clock_from,
    iso,
    make_clock,
    parse_iso,
)


@pytest.fixture
def wall(monkeypatch):
    """A wall that the test moves."""
    hands = {"now": 1_000_000}
    monkeypatch.setattr(clocks, "wall_now", lambda: hands["now"])
    return hands


def test_a_real_clock_never_runs_backwards(wall):
    clock = RealClock()
    assert clock.now() == 1_000_000
    wall["now"] -= 500
    assert clock.now() == 1_000_000
    assert clock.wall_seconds_until(1_000_500) == 1.0


def test_a_virtual_clock_moves_only_forward_and_only_when_told():
    clock = VirtualClock(100)
    clock.move_to(150)
    assert (clock.now(), clock.wall_seconds_until(99_999)) == (150, None)
    with pytest.raises(ClockError, match="forward only"):
        clock.move_to(149)


def test_a_scaled_clock_runs_faster_and_says_how_long_until(wall):
    clock = ScaledClock(60, start=0)
    wall["now"] += 1_000
    assert clock.now() == 60_000
    assert clock.wall_seconds_until(120_000) == 1.0


def test_a_scaled_clock_stands_still_where_time_can_no_longer_be_written(wall):
    clock = ScaledClock(1_000_000, start=LATEST - 5)
    wall["now"] += 1_000
    assert iso(clock.now()) == "9999-01-01T00:00:00.000Z"


@pytest.mark.parametrize("clock", [RealClock(), VirtualClock(5), ScaledClock(7, 10, 20)])
def test_a_clock_goes_on_from_its_state(clock):
    again = clock_from(clock.state())
    assert (again.mode, again.speed, again.state()) == (clock.mode, clock.speed, clock.state())


@pytest.mark.parametrize(
    ("mode", "options", "complaint"),
    [
        ("sundial", {}, "give real, virtual or scaled"),
        ("real", {"now": 5}, "cannot be set"),
        ("scaled", {"speed": 0}, "above 0"),
        ("scaled", {"speed": -1.0}, "above 0"),
        ("virtual", {"speed": 2.0}, "has no speed"),
        ("virtual", {"now": LATEST + 1}, "clocks run from 1970"),
        ("scaled", {"now": -1}, "clocks run from 1970"),
    ],
)
def test_an_impossible_clock_is_refused(mode, options, complaint):
    with pytest.raises(ClockError, match=complaint):
        make_clock(mode, **options)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:01.250Z", 1_250),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:02", 2_000),
    ],
)
def test_instants_are_read(text, at):
    assert parse_iso(text) == at


def test_an_instant_after_the_last_one_is_written_as_the_last():
    assert iso(LATEST * 2) == "9999-12-31T23:59:59.999Z"


def test_instants_are_written_with_milliseconds_and_z():
    assert iso(1_767_225_600_007) == "2026-01-01T00:00:00.007Z"
    with pytest.raises(ClockError, match="RFC 3339"):
        parse_iso("yesterday")

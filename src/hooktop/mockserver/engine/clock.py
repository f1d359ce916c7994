"""Clocks of projects. The only module of the server that reads the wall clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

VIRTUAL_START = 1_767_225_600_000
"""2026-01-01T00:00:00Z: where a virtual clock starts that was told nothing."""
LATEST = 253_370_764_800_000
"""9999-01-01T00:00:00Z: where a clock ends, so that what is planned from there can still be written."""
_LAST_WRITABLE = 253_402_300_799_999


class ClockError(ValueError):
    """A clock cannot be made or moved as asked; the message says why."""


class Clock(Protocol):
    """A project's time, in milliseconds since the epoch."""

    @property
    def mode(self) -> str:
        """real, virtual or scaled."""
        ...

    @property
    def speed(self) -> float:
        """How many of its seconds pass in a second of the wall; 0 for a clock that only moves when told."""
        ...

    def now(self) -> int:
        """The present instant; never less than before."""
        ...

    def wall_seconds_until(self, at: int) -> float | None:
        """Seconds of the wall until `at`, not below 0; None: it will not come by itself."""
        ...

    def state(self) -> dict[str, Any]:
        """What `clock_from` needs to go on after a restart, JSON-able."""
        ...


def wall_now() -> int:
    """The wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class RealClock:
    """The wall clock, kept from running backwards."""

    mode = "real"
    speed = 1.0

    def __init__(self) -> None:
        self._latest = 0

    def now(self) -> int:
        """The wall clock's instant, or the latest one seen when the wall clock was put back."""
        self._latest = max(self._latest, wall_now())
        return self._latest

    def wall_seconds_until(self, at: int) -> float | None:
        """Seconds until `at`."""
        return max(0.0, (at - wall_now()) / 1000)

    def state(self) -> dict[str, Any]:
        """Nothing but the mode."""
        return {"mode": self.mode}


class VirtualClock:
    """A clock that stands still until it is moved."""

    mode = "virtual"
    speed = 0.0

    def __init__(self, now: int = VIRTUAL_START) -> None:
        self._now = now

    def now(self) -> int:
        """Where it was last moved to."""
        return self._now

    def move_to(self, at: int) -> None:
        """Move forward. Raises ClockError for an instant in its past."""
        if at < self._now:
            raise ClockError(f"a virtual clock moves forward only: {iso(at)} is before {iso(self._now)}")
        self._now = in_range(at)

    def wall_seconds_until(self, at: int) -> float | None:
        """It never comes by itself, unless it is here already."""
        return None

    def state(self) -> dict[str, Any]:
        """The mode and the present instant."""
        return {"mode": self.mode, "now": self._now}


class ScaledClock:
    """A clock that runs `speed` times as fast as the wall, from `start` at the wall's `origin`."""

    mode = "scaled"

    def __init__(self, speed: float, start: int | None = None, origin: int | None = None) -> None:
        if not 0 < speed <= 1_000_000:
            raise ClockError(f"speed {speed:g}: give a number above 0, up to 1000000")
        self.speed = speed
        self._origin = wall_now() if origin is None else origin
        self._start = self._origin if start is None else start
        self._latest = self._start

    def now(self) -> int:
        """The start plus the scaled time since then; it stands still at the end of what can be written."""
        at = self._start + int((wall_now() - self._origin) * self.speed)
        self._latest = max(self._latest, min(at, LATEST))
        return self._latest

    def wall_seconds_until(self, at: int) -> float | None:
        """Seconds of the wall until `at`."""
        return max(0.0, (at - self.now()) / 1000 / self.speed)

    def state(self) -> dict[str, Any]:
        """Mode, speed and where it began."""
        return {"mode": self.mode, "speed": self.speed, "start": self._start, "origin": self._origin}


def make_clock(mode: str = "real", *, now: int | None = None, speed: float | None = None) -> Clock:
    """A clock of this mode. Raises ClockError for an unknown mode or for values the mode cannot have."""
    if speed is not None and mode in ("real", "virtual"):
        raise ClockError(f"a {mode} clock has no speed; use mode scaled")
    if now is not None:
        in_range(now)
    if mode == "real":
        if now is not None:
            raise ClockError("a real clock cannot be set; use mode virtual or scaled")
        return RealClock()
    if mode == "virtual":
        return VirtualClock(VIRTUAL_START if now is None else now)
    if mode == "scaled":
        return ScaledClock(60.0 if speed is None else speed, now)
    raise ClockError(f"unknown clock mode {mode!r}: give real, virtual or scaled")


def clock_from(state: Mapping[str, Any]) -> Clock:
    """The clock that gave this `state`, gone on."""
    if state["mode"] == "virtual":
        return VirtualClock(state["now"])
    if state["mode"] == "scaled":
        return ScaledClock(state["speed"], state["start"], state["origin"])
    return RealClock()


def in_range(at: int) -> int:
    """The instant itself. Raises ClockError where no clock goes: before 1970, or after LATEST."""
    if 0 <= at <= LATEST:
        return at
    raise ClockError(f"clocks run from {iso(0)} to {iso(LATEST)}")


def iso(at: int) -> str:
    """RFC 3339 with milliseconds and Z; an instant after the year 9999 is written as its end."""
    at = min(at, _LAST_WRITABLE)
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def parse_iso(text: str) -> int:
    """Milliseconds of an RFC 3339 instant; one without a zone is UTC. Raises ClockError."""
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise ClockError(f"{text!r} is no RFC 3339 instant such as 2026-01-31T12:00:00Z") from error

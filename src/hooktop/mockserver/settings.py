"""What a run of the reference server is told on its command line."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_PORT = 4100


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockSetting:
    """How the clocks of new projects run: `real`, `virtual` (from `now`, if given) or `scaled` by `speed`."""

    mode: str = "real"
    now: str | None = None
    speed: float | None = None

    @classmethod
    def parse(cls, text: str) -> ClockSetting:
        """Read `real`, `virtual`, `virtual:2026-11-20T09:00:00Z` or `scaled:60`. Raises ValueError."""
        mode, _, rest = text.partition(":")
        if mode == "real" and not rest:
            return cls()
        if mode == "virtual":
            return cls(mode="virtual", now=rest or None)
        if mode == "scaled":
            return cls(mode="scaled", speed=_speed(rest))
        raise ValueError(f"{text!r} is no clock; use real, virtual, virtual:ISO-TIME or scaled:N")

    def as_json(self) -> dict[str, object]:
        """The form that the control API reads, without what was not said."""
        said: dict[str, object] = {"mode": self.mode}
        if self.now is not None:
            said["now"] = self.now
        if self.speed is not None:
            said["speed"] = self.speed
        return said


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1_000_000:
        raise ValueError(f"scaled:{text} is no speed; use a number above 0, such as scaled:60")
    return speed


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The flags of `hooktop mock`."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    port_file: Path | None = None
    stream_port: int | None = None
    store: str = "memory"
    scenario: str | None = None
    clock: ClockSetting = field(default_factory=ClockSetting)
    deliver: str = "simulate"
    allow_hosts: tuple[str, ...] = ()
    seed: int | None = None
    admin_token: str | None = None
    threads: int = 2

    @property
    def is_loopback(self) -> bool:
        """Only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

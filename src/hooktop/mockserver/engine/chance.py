"""Seeded chance: the same seed and the same questions give the same numbers, in every process.

Two ways to ask. `draw` walks along a named stream, whose place is kept; `at` depends on nothing but
its keys, so that the order in which concurrent work asks does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from threading import Lock
from typing import TypeVar

T = TypeVar("T")
_FULL = float(1 << 53)


class Chance:
    """The chance of one project."""

    def __init__(self, seed: int, counters: Mapping[str, int] | None = None, boot: int = 0) -> None:
        self.seed = seed
        # Streams of data that were opened again start far beyond where any earlier process can have come.
        self._first = boot << 40
        self._key = blake2b(str(seed).encode(), digest_size=32).digest()
        self._counters: dict[str, int] = dict(counters or {})
        self._lock = Lock()

    def draw(self, stream: str, size: int = 16) -> bytes:
        """The next `size` (at most 64) bytes of a stream."""
        # Requests draw their ids on many threads at once; none may get another one's place.
        with self._lock:
            place = self._counters.get(stream, self._first)
            self._counters[stream] = place + 1
        return blake2b(f"{stream}\0{place}".encode(), digest_size=size, key=self._key).digest()

    def hex(self, digits: int, stream: str = "hex") -> str:
        """The next hexadecimal digits of a stream."""
        parts = []
        for start in range(0, digits, 128):
            wanted = min(128, digits - start)
            parts.append(self.draw(stream, (wanted + 1) // 2).hex()[:wanted])
        return "".join(parts)

    def random(self, stream: str = "random") -> float:
        """The next number in [0, 1) of a stream."""
        return _unit(self.draw(stream, 8))

    def at(self, *keys: object) -> float:
        """A number in [0, 1) that depends on the seed and the keys alone."""
        text = "\0".join(map(str, keys)).encode()
        return _unit(blake2b(text, digest_size=8, key=self._key).digest())

    def choice(self, options: Sequence[T], stream: str = "choice") -> T:
        """One of the options, each as likely."""
        return options[int(self.random(stream) * len(options))]

    def uniform(self, low: float, high: float, stream: str = "uniform") -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.random(stream)

    def counters(self) -> dict[str, int]:
        """The place in each stream, to go on from."""
        return dict(self._counters)

    def go_on_from(self, counters: Mapping[str, int]) -> None:
        """Go back, or on, to places that `counters` gave."""
        self._counters = dict(counters)


def _unit(raw: bytes) -> float:
    return (int.from_bytes(raw, "big") >> 11) / _FULL

"""A share of the provider's request limit: the console is a bounded guest."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from hooktop.console.providers.base import Sleep

MINUTE_S = 60.0
SHORTEST_S = 0.001


class Budget:
    """At most ``per_minute`` requests in any minute, the first few of them at once."""

    def __init__(
        self,
        per_minute: int,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.per_minute = max(1, per_minute)
        self._monotonic = monotonic
        self._sleep = sleep
        self._free_at: deque[float] = deque()
        """When each request of the last minute no longer counts."""
        self._burst = max(1, self.per_minute // 4)
        """Requests that may go out without a pause in between, after a quiet time."""

    @property
    def spent(self) -> int:
        """Requests in the last minute."""
        self._forget()
        return len(self._free_at)

    async def take(self) -> None:
        """Wait until one more request is within the budget."""
        while (wait := self._wait_s()) > 0:
            await self._sleep(max(wait, SHORTEST_S))
        self._free_at.append(self._monotonic() + MINUTE_S)

    def _wait_s(self) -> float:
        """Seconds until a request may go: the burst is free, then an even pace; never over the minute's sum."""
        self._forget()
        if len(self._free_at) < self._burst:
            return 0.0
        now = self._monotonic()
        if len(self._free_at) >= self.per_minute:
            return self._free_at[0] - now
        pace = MINUTE_S / self.per_minute
        return self._free_at[-1] - MINUTE_S + pace - now

    def _forget(self) -> None:
        now = self._monotonic()
        while self._free_at and self._free_at[0] <= now:
            self._free_at.popleft()

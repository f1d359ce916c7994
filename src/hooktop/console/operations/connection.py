"""What is known about the way to the API, and when the next try is due; never better than the facts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from hooktop.console.model import Connection
from hooktop.console.providers.base import AuthFailed, ProviderError, RateLimited, Unreachable

BACKOFF_FIRST_S = 1.0
BACKOFF_MAX_S = 60.0
STALE_AFTER_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """One reading of the connection, for a header line. Durations in wall-clock seconds."""

    state: Connection
    since_s: float
    """How long it has been in this state."""
    latency_ms: float | None
    """Of the last answer."""
    age_s: float | None
    """Of the newest data; ``None`` before the first answer."""
    retry_in_s: float | None
    """Until the next try, while there is trouble."""
    attempt: int
    """Tries that failed in a row."""
    detail: str
    """Why, in words; empty while live."""


class ConnectionMonitor:
    """Collects facts (an answer, a failure) and gives a ``ConnectionView`` at any moment."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        stale_after_s: float = STALE_AFTER_S,
    ) -> None:
        self._monotonic = monotonic
        self._jitter = jitter
        self.stale_after_s = stale_after_s
        self._state = Connection.CONNECTING
        self._since = monotonic()
        self._latency_ms: float | None = None
        self._fresh_at: float | None = None
        self._retry_at: float | None = None
        self._attempt = 0
        self._detail = ""

    def succeeded(self, latency_ms: float | None = None) -> None:
        """An authenticated answer arrived."""
        self._become(Connection.LIVE)
        self._fresh_at = self._monotonic()
        self._latency_ms = latency_ms if latency_ms is not None else self._latency_ms
        self._attempt = 0
        self._retry_at = None
        self._detail = ""

    def failed(self, error: ProviderError) -> float:
        """A call failed; returns the seconds to wait before the next try (also shown as ``retry_in_s``)."""
        self._attempt += 1
        self._become(_state_after(error))
        self._detail = error.message
        wait = error.retry_after_s if isinstance(error, RateLimited) else self._backoff()
        self._retry_at = self._monotonic() + wait
        return wait

    def retrying(self) -> None:
        """The next try starts now."""
        self._retry_at = None

    def view(self) -> ConnectionView:
        """The state now; data older than ``stale_after_s`` is never called live."""
        now = self._monotonic()
        age = None if self._fresh_at is None else now - self._fresh_at
        state, since = self._state, now - self._since
        if state is Connection.LIVE and age is not None and age > self.stale_after_s:
            state, since = Connection.STALE, age - self.stale_after_s
        return ConnectionView(
            state=state,
            since_s=since,
            latency_ms=self._latency_ms,
            age_s=age,
            retry_in_s=None if self._retry_at is None else max(0.0, self._retry_at - now),
            attempt=self._attempt,
            detail=self._detail,
        )

    def _become(self, state: Connection) -> None:
        if state is not self._state:
            self._state, self._since = state, self._monotonic()

    def _backoff(self) -> float:
        """Doubling from 1 s to 60 s, half of it chance, so that consoles do not return all at once."""
        ceiling: float = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(self._attempt - 1, 10))
        return max(BACKOFF_FIRST_S, ceiling * (0.5 + 0.5 * self._jitter()))


def _state_after(error: ProviderError) -> Connection:
    if isinstance(error, AuthFailed):
        return Connection.AUTH_FAILED
    if isinstance(error, RateLimited):
        return Connection.RATE_LIMITED
    return Connection.OFFLINE if isinstance(error, Unreachable) else Connection.BAD_ANSWER

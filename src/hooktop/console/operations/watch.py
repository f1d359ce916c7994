"""Watching a project: the stores are kept fresh within a request budget, and the state shown is never a guess.

The order of work: endpoints, the newest page of every kind, then older pages until the window is covered. After
that every round reads what is new, what is on its way (the hot states), and what should have been there and was
not; a slow sweep over everything catches what others changed or deleted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from hooktop.console.clock import Clock, utc_now
from hooktop.console.model import Message
from hooktop.console.operations.budget import Budget
from hooktop.console.operations.connection import ConnectionMonitor
from hooktop.console.operations.sinks import Change, EndpointSink, MessageSink, OnChange
from hooktop.console.operations.sweeps import Sweeper
from hooktop.console.providers.base import Provider, ProviderError, Sleep

__all__ = ["Change", "EndpointSink", "MessageSink", "OnChange", "Watch"]

WINDOW = timedelta(hours=48)
"""How far back messages are read."""

T = TypeVar("T")


class Watch:
    """Keeps two stores fresh until cancelled. ``run`` never raises anything but ``CancelledError``."""

    def __init__(
        self,
        provider: Provider,
        messages: MessageSink,
        endpoints: EndpointSink,
        *,
        on_change: OnChange,
        budget_per_minute: int = 100,
        window: timedelta = WINDOW,
        connection: ConnectionMonitor | None = None,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.provider = provider
        self.connection = connection or ConnectionMonitor(monotonic=monotonic)
        self.complete = False
        """Whether the window has been read to its end once."""
        self.identity = ""
        """Who we are there, once the API told."""
        self.budget = Budget(budget_per_minute, monotonic=monotonic, sleep=sleep)
        self._on_change = on_change
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._wake = asyncio.Event()
        self._paused = False
        self._round_s = max(1.0, min(10.0, 600.0 / budget_per_minute))
        self._sweeper = Sweeper(provider, messages, endpoints, window, self._ask, on_change, self.now)

    def now(self) -> datetime:
        """The provider's clock as of its last answer, else ours."""
        return self.provider.server_time or self._clock()

    def refresh_now(self) -> None:
        """Start the next round, or the next try, at once."""
        self._wake.set()

    def expect(self, messages: Iterable[Message]) -> None:
        """These were just acted on: read them again at once."""
        self._sweeper.expect(messages)
        self._wake.set()

    def pause(self, on: bool = True) -> None:
        """Stop asking (and go on with ``pause(False)``); what is shown grows stale and says so."""
        self._paused = on
        self._wake.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            wait = await self._round()
            self._on_change(Change(connection=True))
            await self._rest(wait)

    async def _round(self) -> float:
        """One round; returns the seconds until the next."""
        if self._paused:
            return self._round_s
        started = self._monotonic()
        self.connection.retrying()
        try:
            if not self.identity:
                self.identity = await self._ask(self.provider.check)
                self._on_change(Change(connection=True))
            await self._sweeper.round()
        except ProviderError as error:
            return self.connection.failed(error)
        if self._sweeper.complete and not self.complete:
            self.complete = True
            self._on_change(Change(complete=True))
        return max(0.1, self._round_s - (self._monotonic() - started))

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """One request within the budget; its success is what makes the connection live."""
        await self.budget.take()
        started = self._monotonic()
        answer = await call()
        self.connection.succeeded((self._monotonic() - started) * 1000)
        return answer

    async def _rest(self, seconds: float) -> None:
        """Wait for the next round, or until somebody asks for it."""
        nap = asyncio.ensure_future(self._sleep(seconds))
        wake = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({nap, wake}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            wake.cancel()
        self._wake.clear()

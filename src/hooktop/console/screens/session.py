"""One open context: its provider, what is known of it, and the watch that keeps that fresh. No Textual."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from hooktop.console.model import Connection, Endpoint, EndpointKind, PauseMeaning
from hooktop.console.operations.connection import ConnectionMonitor
from hooktop.console.operations.sinks import Change
from hooktop.console.operations.watch import Watch
from hooktop.console.providers.base import Exchange, OnExchange, Provider
from hooktop.console.providers.lab import LabClient
from hooktop.console.settings import Context
from hooktop.console.stores.endpoints import EndpointStore
from hooktop.console.stores.messages import MessageStore
from hooktop.console.stores.triage import Failure, group

INLINE_ROWS = 4000
"""Up to this many messages are grouped on the event loop (a few milliseconds); more go to a thread."""
EXCHANGES = 500

Connect = Callable[[Context, OnExchange], Provider]
OpenLab = Callable[[Context], LabClient | None]
Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Session:
    """Everything about one context while it is open."""

    def __init__(
        self, context: Context, connect: Connect, open_lab: OpenLab, on_change: Callable[[Change], None]
    ) -> None:
        self.context = context
        self.exchanges: deque[Exchange] = deque(maxlen=EXCHANGES)
        self.provider = connect(context, self.exchanges.append)
        self.lab = open_lab(context)
        self.monitor = ConnectionMonitor()
        self.endpoints = EndpointStore()
        self.messages = MessageStore(patient=True)
        self.failures: tuple[Failure, ...] = ()
        self.notes: deque[str] = deque(maxlen=50)
        self._on_change = on_change
        self._grouped: tuple[int, int, int] = (-1, -1, -1)
        self._grouping = False
        self._catching_up = False
        self.watch = Watch(
            self.provider,
            self.messages,
            self.endpoints,
            on_change=self._changed,
            budget_per_minute=context.budget_per_minute,
            connection=self.monitor,
        )
        self.messages.use_clock(self.now)

    def now(self) -> datetime:
        """The provider's clock."""
        return self.watch.now()

    @property
    def is_live(self) -> bool:
        """Whether the API answered lately, with a key it accepts."""
        return self.monitor.view().state in {Connection.LIVE, Connection.RATE_LIMITED}

    def _changed(self, change: Change) -> None:
        if change.note:
            self.notes.append(change.note)
        self._on_change(change)

    def endpoint(self, id_: str) -> Endpoint | None:
        """One endpoint by id."""
        return self.endpoints.get(id_)

    # --- triage ----------------------------------------------------------------------------------------

    def regroup(self, spawn: Spawn) -> None:
        """Bring ``failures`` up to date: at once while there is little, in a thread when there is much."""
        second = int(self.now().timestamp())
        versions = (self.messages.version, self.endpoints.version, second)
        if versions == self._grouped or self._grouping:
            return
        self._grouped = versions
        if self.messages.total <= INLINE_ROWS:
            self.failures = group(self.messages.all(), self.endpoints.all(), self.now(), self._meanings())
        else:
            self._grouping = True
            spawn(self._regroup_aside())

    def _meanings(self) -> dict[EndpointKind, PauseMeaning]:
        return {kind: self.provider.capabilities(kind).pause for kind in self.provider.kinds}

    async def _regroup_aside(self) -> None:
        rows, endpoints = list(self.messages.all()), self.endpoints.all()
        try:
            self.failures = await asyncio.to_thread(group, rows, endpoints, self.now(), self._meanings())
        finally:
            self._grouping = False
        self._on_change(Change())

    # --- the view of the messages ----------------------------------------------------------------------

    def catch_up(self, spawn: Spawn) -> None:
        """Have a view that is behind built in the background."""
        if self.messages.is_behind and not self._catching_up:
            self._catching_up = True
            spawn(self._catch_up())

    async def _catch_up(self) -> None:
        try:
            await self.messages.rebuild()
        finally:
            self._catching_up = False
        self._on_change(Change())

    async def close(self) -> None:
        """Close the connections."""
        await self.provider.aclose()
        if self.lab is not None:
            await self.lab.aclose()

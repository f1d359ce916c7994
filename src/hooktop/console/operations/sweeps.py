"""What one round of watching reads, and in which order; see ``watch``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from hooktop.console.model import (
    Endpoint,
    EndpointKind,
    EndpointState,
    Message,
    MessageQuery,
    MessageState,
    Page,
)
from hooktop.console.operations.sinks import Change, EndpointSink, MessageSink, OnChange
from hooktop.console.providers.base import NotFound, Provider

HEAD_PAGES = 4
HOT_PAGES = 4
OVERDUE_PAGES = 4
OVERDUE_ENDPOINTS = 3
OVERDUE_ONE_BY_ONE = 5
FIRST_SWEEP_PAGES = 10
"""Pages of the sweep in one round until the window is covered; one page a round after that."""
CODES_PER_ROUND = 4
HOT = (MessageState.RETRYING, MessageState.WAITING, MessageState.SENDING)
EDGE = timedelta(seconds=1)
SETTLED = timedelta(seconds=5)
"""Messages younger than this are not missed by a sweep: they may have come after it passed."""


class Ask(Protocol):
    """Makes one request within the budget."""

    async def __call__(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """The answer of ``call``; raises ``ProviderError``."""


@dataclass(slots=True)
class _Sweep:
    """One pass over the whole window of one kind."""

    started_at: datetime
    since: datetime
    cursor: str | None = None
    seen: set[str] = field(default_factory=set)
    begun: bool = False


class Sweeper:
    """Reads a project round by round into two stores."""

    def __init__(
        self,
        provider: Provider,
        messages: MessageSink,
        endpoints: EndpointSink,
        window: timedelta,
        ask: Ask,
        tell: OnChange,
        now: Callable[[], datetime],
    ) -> None:
        self.provider = provider
        self.messages = messages
        self.endpoints = endpoints
        self.window = window
        self.complete = False
        self._ask = ask
        self._tell = tell
        self._now = now
        self._sweeps: dict[EndpointKind, _Sweep] = {}
        self._swept: set[EndpointKind] = set()
        self._open: dict[str, Message] = {}
        self._fresh: set[str] = set()
        self._codes: dict[str, Message] = {}

    def expect(self, messages: Iterable[Message]) -> None:
        """These were just acted on: look at them in the next round, whatever their state was."""
        self._open.update((message.id, message) for message in messages)

    async def round(self) -> None:
        """One round. Raises ``ProviderError``; what was read until then is kept."""
        self._fresh = set()
        await self._read_endpoints()
        for kind in self.provider.kinds:
            await self._read_head(kind)
        for kind in self.provider.kinds:
            await self._sweep(kind, 1 if self.complete else FIRST_SWEEP_PAGES)
        self.complete = self.complete or self._swept >= set(self.provider.kinds)
        if self.complete:
            for kind in self.provider.kinds:
                await self._read_hot(kind)
            await self._read_overdue()
        await self._read_codes()

    async def _read_endpoints(self) -> None:
        seen: dict[str, Endpoint] = {}
        for kind in self.provider.kinds:
            cursor: str | None = None
            while True:
                page: Page = await self._ask(partial(self.provider.endpoints, kind, cursor))
                seen.update((endpoint.id, endpoint) for endpoint in page.items)
                cursor = page.cursor
                if cursor is None:
                    break
        changed = self.endpoints.upsert(seen.values())
        gone = [endpoint for endpoint in self.endpoints.all() if endpoint.id not in seen]
        removed = self.endpoints.remove(endpoint.id for endpoint in gone)
        if changed or removed:
            note = _gone_note(gone) if removed else ""
            self._tell(Change(endpoints=(*changed, *removed), note=note))

    async def _page(self, query: MessageQuery, cursor: str | None) -> Page:
        limit = self.provider.capabilities(query.kind).page_limit
        page: Page = await self._ask(lambda: self.provider.messages(query, cursor, limit))
        return page

    async def _read_head(self, kind: EndpointKind) -> None:
        """The newest messages, page by page until one was known before."""
        query = MessageQuery(kind=kind, since=self._now() - self.window)
        cursor: str | None = None
        for _ in range(HEAD_PAGES if self.complete else 1):
            page = await self._page(query, cursor)
            met = any(self.messages.get(message.id) is not None for message in page.items)
            self._keep(page.items)
            cursor = page.cursor
            if met or cursor is None:
                return

    async def _sweep(self, kind: EndpointKind, pages: int) -> None:
        sweep = self._sweeps.get(kind)
        if sweep is None:
            now = self._now()
            sweep = self._sweeps[kind] = _Sweep(started_at=now, since=now - self.window)
        query = MessageQuery(kind=kind, since=sweep.since)
        for _ in range(pages):
            page = await self._page(query, sweep.cursor)
            sweep.seen.update(message.id for message in page.items)
            self._keep(page.items)
            sweep.cursor = page.cursor
            if sweep.cursor is None:
                self._swept.add(kind)
                self._drop_vanished(kind, self._sweeps.pop(kind))
                return

    def _drop_vanished(self, kind: EndpointKind, sweep: _Sweep) -> None:
        """What a whole sweep did not meet is no longer there."""
        until, since = sweep.started_at - SETTLED, sweep.since + SETTLED
        gone = [
            message
            for message in self.messages.all()
            if message.kind is kind and message.id not in sweep.seen and since < message.created_at < until
        ]
        self._drop(gone)

    async def _read_hot(self, kind: EndpointKind) -> None:
        capabilities = self.provider.capabilities(kind)
        states = [state for state in HOT if state in capabilities.filter_states]
        groups = [frozenset(states)] if capabilities.filter_many else [frozenset({s}) for s in states]
        for group in groups:
            cursor: str | None = None
            for _ in range(HOT_PAGES):
                page = await self._page(MessageQuery(kind=kind, states=group), cursor)
                self._keep(page.items)
                cursor = page.cursor
                if cursor is None:
                    break

    async def _read_overdue(self) -> None:
        """Messages that were on their way and did not show up in this round: find out what became of them."""
        paused = {row.id for row in self.endpoints.all() if row.state is EndpointState.PAUSED}
        overdue = [
            message
            for message in self._open.values()
            if message.id not in self._fresh
            and not (message.state is MessageState.HELD and message.endpoint_id in paused)
        ]
        if len(overdue) <= OVERDUE_ONE_BY_ONE:
            for message in overdue:
                await self._read_one(message)
            return
        crowd = Counter((message.kind, message.endpoint_id) for message in overdue)
        for (kind, endpoint_id), _ in crowd.most_common(OVERDUE_ENDPOINTS):
            await self._read_span([m for m in overdue if (m.kind, m.endpoint_id) == (kind, endpoint_id)])

    async def _read_span(self, overdue: list[Message]) -> None:
        times = [message.created_at for message in overdue]
        query = MessageQuery(
            kind=overdue[0].kind,
            endpoint_id=overdue[0].endpoint_id or None,
            since=min(times) - EDGE,
            until=max(times) + EDGE,
        )
        cursor: str | None = None
        for _ in range(OVERDUE_PAGES):
            page = await self._page(query, cursor)
            self._keep(page.items)
            cursor = page.cursor
            if cursor is None:
                return

    async def _read_one(self, message: Message) -> None:
        try:
            fresh: Message = await self._ask(lambda: self.provider.message(message.kind, message.id))
        except NotFound:
            self._drop([message])
            return
        self._keep([fresh])

    async def _read_codes(self) -> None:
        """Where the list does not say what the receiver answered, ask for the attempts of some failing messages."""
        kinds = {k for k in self.provider.kinds if not self.provider.capabilities(k).codes_in_list}
        if not kinds:
            return
        wanted = [m for m in self.messages.all() if m.kind in kinds and self._lacks_code(m)]
        wanted.sort(key=lambda message: message.created_at, reverse=True)
        first_of_each = {message.endpoint_id: message for message in reversed(wanted)}
        order = {m.id: m for m in [*first_of_each.values(), *wanted]}
        for message in list(order.values())[:CODES_PER_ROUND]:
            await self._read_code(message)

    def _lacks_code(self, message: Message) -> bool:
        if message.response_status is not None or message.state not in {
            MessageState.RETRYING,
            MessageState.DEAD,
        }:
            return False
        known = self._codes.get(message.id)
        return known is None or known.attempts != message.attempts

    async def _read_code(self, message: Message) -> None:
        try:
            attempts = await self._ask(lambda: self.provider.attempts(message.kind, message.id))
        except NotFound:
            self._drop([message])
            return
        if not attempts:
            return
        last = attempts[-1]
        self._codes[message.id] = replace(
            message,
            response_status=last.response_status,
            latency_ms=last.latency_ms,
            last_error=message.last_error or last.error or f"HTTP {last.response_status}",
        )
        self._keep([message])

    def _keep(self, messages: Iterable[Message]) -> None:
        """Into the store; the deleted ones out of it."""
        alive: list[Message] = []
        deleted: list[Message] = []
        for message in messages:
            self._fresh.add(message.id)
            if message.deleted_at is not None:
                deleted.append(message)
                continue
            alive.append(self._enriched(message))
            if message.state.is_open:
                self._open[message.id] = message
            else:
                self._open.pop(message.id, None)
        changed = self.messages.upsert(alive)
        if changed:
            self._tell(Change(messages=changed))
        self._drop(deleted)

    def _drop(self, messages: Iterable[Message]) -> None:
        removed = self.messages.remove([message.id for message in messages])
        for id_ in removed:
            self._open.pop(id_, None)
            self._codes.pop(id_, None)
        if removed:
            noun = "1 message was" if len(removed) == 1 else f"{len(removed)} messages were"
            self._tell(Change(removed=removed, note=f"{noun} deleted elsewhere"))

    def _enriched(self, message: Message) -> Message:
        """A list row beside what is known from a closer look: the list must not blank the details."""
        message = _with_details(message, self.messages.get(message.id))
        code = self._codes.get(message.id)
        if code is None or message.response_status is not None or code.attempts != message.attempts:
            return message
        return replace(
            message,
            response_status=code.response_status,
            latency_ms=message.latency_ms or code.latency_ms,
            last_error=message.last_error or code.last_error,
        )


def _with_details(new: Message, old: Message | None) -> Message:
    if old is None or (new.content_type or not old.content_type):
        return new
    return replace(
        new,
        content_type=old.content_type,
        event_type=new.event_type or old.event_type,
        event_id=new.event_id or old.event_id,
        idempotency_key=new.idempotency_key or old.idempotency_key,
        size_bytes=old.size_bytes if new.size_bytes is None else new.size_bytes,
        payload_expires_at=new.payload_expires_at or old.payload_expires_at,
        replays=old.replays if new.replays is None else new.replays,
    )


def _gone_note(endpoints: list[Endpoint]) -> str:
    names = ", ".join(endpoint.name for endpoint in endpoints[:3])
    more = f" and {len(endpoints) - 3} more" if len(endpoints) > 3 else ""
    return f"{names}{more} {'was' if len(endpoints) == 1 else 'were'} deleted elsewhere"

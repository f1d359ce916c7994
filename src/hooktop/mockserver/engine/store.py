"""The port of a project's data. One test suite, tests/ports, runs on every adapter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from hooktop.mockserver.delivery.model import Answer, Attempt, Endpoint, Event, Kind, Message, State

Key = tuple[int, int]
"""Place of a row in a list: (created_at, seq)."""


class StoreError(Exception):
    """The data cannot be opened or are not this program's; the message says which file and why."""


def key_of(row: Message | Endpoint | Event | Thing) -> Key:
    """The row's place in a list."""
    return row.created_at, row.seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A dialect's own resource (key, subscription, rejection, ...), JSON-able."""

    kind: str
    id: str
    lookup: str | None = None
    """An indexed value by which it is found."""
    doc: Mapping[str, Any] = field(default_factory=dict)
    created_at: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which page of a list: `limit` rows beyond `after`."""

    newest_first: bool = True
    after: Key | None = None
    inclusive: bool = False
    """True: the row at `after` belongs to the page."""
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQuery(Page):
    """Filters of a message list; None means "any"."""

    kind: Kind | None = None
    endpoint_ids: tuple[str, ...] | None = None
    states: tuple[State, ...] | None = None
    since: int | None = None
    """created_at >= since"""
    until: int | None = None
    """created_at < until"""
    event_id: str | None = None
    event_type: str | None = None
    idempotency_key: str | None = None
    cancelled: bool | None = None
    deleted: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointQuery(Page):
    """Filters of an endpoint list; deleted ones are left out unless asked for."""

    kind: Kind | None = None
    deleted: bool | None = False
    name_contains: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery(Page):
    """Filters of an event list."""

    type: str | None = None
    idempotency_key: str | None = None
    source: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Messages accepted in one span of time, counted."""

    start: int
    by_state: Mapping[State, int]
    retries: int
    """Attempts beyond the first of each message."""
    attempts: int
    latency_sum_ms: int
    latency_count: int

    @property
    def total(self) -> int:
        """All messages of the bucket."""
        return sum(self.by_state.values())

    @property
    def avg_latency_ms(self) -> int:
        """Mean latency of the last attempts; 0 when there were none."""
        return round(self.latency_sum_ms / self.latency_count) if self.latency_count else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A running attempt whose answer is known beforehand."""

    answer: Answer
    at: int
    url: str
    request_headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A message whose time has come, with its payload and, when an attempt is running, its flight."""

    message: Message
    payload: bytes | None
    flight: Flight | None = None


class Store(Protocol):
    """A project's data. Writes belong into a transaction; lists are newest first and page by key."""

    durable: bool
    """Whether the data outlive the process."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; nested ones join the outer one. Holds the project's lock."""
        ...

    def next_seq(self) -> int:
        """The next number of the order in which rows were made."""
        ...

    # endpoints
    def add_endpoint(self, endpoint: Endpoint) -> None: ...
    def save_endpoint(self, endpoint: Endpoint) -> None: ...
    def endpoint(self, id: str) -> Endpoint | None: ...
    def endpoints(self, query: EndpointQuery) -> list[Endpoint]: ...

    # messages
    def add_message(self, message: Message, payload: bytes) -> None: ...
    def save_messages(self, messages: Sequence[Message]) -> None: ...
    def message(self, id: str) -> Message | None: ...
    def messages(self, query: MessageQuery) -> list[Message]: ...
    def count(self, query: MessageQuery) -> int: ...
    def payload(self, message_id: str) -> bytes | None: ...
    def drop_payloads(self, messages: Iterable[Message]) -> None: ...
    def find_by_key(self, endpoint_id: str, idempotency_key: str) -> Message | None:
        """The live message of an endpoint that carries this idempotency key."""
        ...

    # what is due
    def due(self, until: int, limit: int, skip: Sequence[str] = ()) -> list[Due]:
        """Messages due at or before `until`, in (due_at, seq) order; none of the endpoints to `skip`."""
        ...

    def next_due_at(self) -> int | None: ...
    def expired(self, until: int, limit: int) -> list[Message]:
        """Messages whose payload is to be removed at or before `until`."""
        ...

    def next_expiry_at(self) -> int | None: ...
    def keep_flights(self, flights: Sequence[tuple[Message, Flight]]) -> None:
        """Keep running attempts until their answers are due."""
        ...

    def drop_flights(self, messages: Iterable[Message]) -> None: ...
    def cut_off(self) -> list[Message]:
        """Messages in state sending that nothing will finish: their process has ended."""
        ...

    # attempts
    def add_attempts(self, attempts: Sequence[Attempt]) -> None: ...
    def attempt(self, id: str) -> Attempt | None: ...
    def attempts(self, message_id: str, *, after: int = 0, limit: int = 1_000) -> list[Attempt]:
        """Attempts of a message by number, oldest first, beyond number `after`."""
        ...

    # events
    def add_event(self, event: Event) -> None: ...
    def save_event(self, event: Event) -> None: ...
    def event(self, id: str) -> Event | None: ...
    def events(self, query: EventQuery) -> list[Event]: ...

    # figures
    def counts(
        self,
        *,
        kind: Kind | None = None,
        endpoint_id: str | None = None,
        since: int | None = None,
        until: int | None = None,
    ) -> dict[State, int]:
        """Messages accepted in the span, by state; deleted ones too."""
        ...

    def counts_by_endpoint(self) -> dict[str, dict[State, int]]: ...
    def series(
        self,
        *,
        since: int,
        until: int,
        bucket_ms: int,
        kind: Kind | None = None,
        endpoint_id: str | None = None,
    ) -> list[Bucket]:
        """Figures by time of acceptance; empty buckets too, oldest first."""
        ...

    def successes(
        self, *, endpoint_id: str | None = None, since: int | None = None, until: int | None = None
    ) -> list[tuple[str, int, int]]:
        """(message id, replays, attempts answered 2xx) of each message with two or more successes."""
        ...

    def success_count(self, message_id: str) -> int: ...
    def total_successes(
        self, *, endpoint_id: str | None = None, since: int | None = None, until: int | None = None
    ) -> int: ...

    # the dialect's own resources
    def put_thing(self, thing: Thing) -> None: ...
    def thing(self, kind: str, id: str) -> Thing | None: ...
    def thing_by(self, kind: str, lookup: str) -> Thing | None: ...
    def things(self, kind: str, page: Page | None = None) -> list[Thing]: ...
    def drop_thing(self, kind: str, id: str) -> None: ...

    # the engine's own notes
    def note(self, name: str) -> bytes | None: ...
    def put_note(self, name: str, value: bytes) -> None: ...

    # the whole
    def dump(self) -> bytes:
        """Everything, as one file's bytes."""
        ...

    def load(self, image: bytes) -> None:
        """Take the place of everything by what `dump` gave. Raises StoreError when the bytes are not that."""
        ...

    def close(self) -> None: ...

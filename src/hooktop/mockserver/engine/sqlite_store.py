"""The SQLite adapter of the store, in memory or in a file with a write-ahead log."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from hooktop.mockserver.delivery.model import Attempt, Endpoint, Event, Message, State
from hooktop.mockserver.engine import sqlite_lists as lists
from hooktop.mockserver.engine import sqlite_rows as rows
from hooktop.mockserver.engine.sqlite_core import MEMORY
from hooktop.mockserver.engine.sqlite_figures import SqliteFigures
from hooktop.mockserver.engine.sqlite_schema import (
    ATTEMPT_COLUMNS,
    ENDPOINT_COLUMNS,
    EVENT_COLUMNS,
    MESSAGE_FIXED,
    MESSAGE_MOVING,
    THING_COLUMNS,
)
from hooktop.mockserver.engine.store import Due, EndpointQuery, EventQuery, Flight, MessageQuery, Page, Thing


def _select(table: str, columns: Sequence[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM {table}"


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _update(table: str, columns: Sequence[str], key: str) -> str:
    return f"UPDATE {table} SET {', '.join(f'{column} = ?' for column in columns)} WHERE {key} = ?"


MESSAGE_COLUMNS = [*MESSAGE_FIXED, *MESSAGE_MOVING]
_CREATED_AT, _SEQ = MESSAGE_COLUMNS.index("created_at"), MESSAGE_COLUMNS.index("seq")
_WIDTH = len(MESSAGE_COLUMNS)

_MESSAGE = _select("messages", MESSAGE_COLUMNS)
_MESSAGE_BY_ID = f"{_MESSAGE} WHERE id = ?"
_INSERT_MESSAGE = _insert("messages", MESSAGE_COLUMNS)
_UPDATE_MESSAGE = _update("messages", MESSAGE_MOVING, "seq")
_MESSAGE_BY_KEY = (
    f"{_MESSAGE} WHERE endpoint_id = ? AND idempotency_key = ? AND deleted_at IS NULL ORDER BY seq LIMIT 1"
)
_DUE = (
    f"SELECT {', '.join(f'm.{column}' for column in MESSAGE_COLUMNS)}, p.body, f.flight FROM messages m "
    "LEFT JOIN payloads p ON p.seq = m.seq LEFT JOIN flights f ON f.seq = m.seq "
    "WHERE m.due_at <= ? {others}ORDER BY m.due_at, m.seq LIMIT ?"
)
_EXPIRED = f"{_MESSAGE} WHERE payload_expires_at <= ? AND payload_gone_at IS NULL ORDER BY payload_expires_at, seq LIMIT ?"
_ENDPOINT = _select("endpoints", ENDPOINT_COLUMNS)
_ENDPOINT_BY_ID = f"{_ENDPOINT} WHERE id = ?"
_ATTEMPT = _select("attempts", ATTEMPT_COLUMNS)
_INSERT_ATTEMPT = _insert("attempts", ATTEMPT_COLUMNS)
_EVENT = _select("events", EVENT_COLUMNS)
_THING = _select("things", THING_COLUMNS)


class SqliteStore(SqliteFigures):
    """A project's data in one SQLite database. Endpoints are also kept in memory: every delivery reads one."""

    def __init__(self, path: str = MEMORY, lock: threading.RLock | None = None) -> None:
        self._endpoints: dict[str, Endpoint] = {}
        super().__init__(path, lock or threading.RLock())

    def forget(self) -> None:
        """Read again what was known of the tables."""
        super().forget()
        self._endpoints.clear()

    # --- endpoints ---------------------------------------------------------

    def add_endpoint(self, endpoint: Endpoint) -> None:
        """Keep a new endpoint."""
        self.run(_insert("endpoints", ENDPOINT_COLUMNS), rows.endpoint_row(endpoint))
        self._endpoints[endpoint.id] = endpoint

    def save_endpoint(self, endpoint: Endpoint) -> None:
        """Keep a changed endpoint."""
        values = (*rows.endpoint_row(endpoint), endpoint.seq)
        self.run(_update("endpoints", ENDPOINT_COLUMNS, "seq"), values)
        self._endpoints[endpoint.id] = endpoint

    def endpoint(self, id: str) -> Endpoint | None:
        """The endpoint of this id, deleted or not."""
        known = self._endpoints.get(id)
        if known is not None:
            return known
        with self.lock:
            row = self.run(_ENDPOINT_BY_ID, (id,)).fetchone()
            if row is None:
                return None
            return self._endpoints.setdefault(id, rows.endpoint_of(row))

    def endpoints(self, query: EndpointQuery) -> list[Endpoint]:
        """A page of endpoints."""
        conditions = lists.endpoint_conditions(query)
        pages = [
            self._page(_ENDPOINT, query, branch + conditions) for branch in lists.endpoint_branches(query)
        ]
        created_at, seq = ENDPOINT_COLUMNS.index("created_at"), ENDPOINT_COLUMNS.index("seq")
        return [rows.endpoint_of(row) for row in lists.merged(pages, query, created_at, seq)]

    # --- messages ----------------------------------------------------------

    def add_message(self, message: Message, payload: bytes) -> None:
        """Keep a new message and its payload."""
        self.run(_INSERT_MESSAGE, rows.message_fixed(message) + rows.message_moving(message))
        self.run("INSERT INTO payloads (seq, body) VALUES (?, ?)", (message.seq, payload))

    def save_messages(self, messages: Sequence[Message]) -> None:
        """Keep changed messages."""
        values = [(*rows.message_moving(message), message.seq) for message in messages]
        self.run_many(_UPDATE_MESSAGE, values)

    def message(self, id: str) -> Message | None:
        """The message of this id, deleted or not."""
        row = self.one(_MESSAGE_BY_ID, id)
        return None if row is None else rows.message_of(row)

    def messages(self, query: MessageQuery) -> list[Message]:
        """A page of messages."""
        conditions = lists.message_conditions(query)
        pages = [self._page(_MESSAGE, query, branch + conditions) for branch in lists.message_branches(query)]
        return (
            [rows.message_of(row) for row in lists.merged(pages, query, _CREATED_AT, _SEQ)] if pages else []
        )

    def count(self, query: MessageQuery) -> int:
        """Number of messages that a query without paging would list."""
        total = 0
        for branch in lists.message_branches(query):
            conditions = branch + lists.message_conditions(query)
            where = " AND ".join(clause for clause, _ in conditions) or "1 = 1"
            values = [value for _, value in conditions if value is not None]
            row = self.one(f"SELECT count(*) FROM messages WHERE {where}", *values)
            total += 0 if row is None else row[0]
        return total

    def find_by_key(self, endpoint_id: str, idempotency_key: str) -> Message | None:
        """The live message of an endpoint that carries this idempotency key."""
        row = self.one(_MESSAGE_BY_KEY, endpoint_id, idempotency_key)
        return None if row is None else rows.message_of(row)

    def payload(self, message_id: str) -> bytes | None:
        """The message's payload; None once it is gone."""
        row = self.one(
            "SELECT p.body FROM messages m JOIN payloads p ON p.seq = m.seq WHERE m.id = ?", message_id
        )
        return None if row is None else row[0]

    def drop_payloads(self, messages: Iterable[Message]) -> None:
        """Remove the payloads of messages."""
        self.run_many("DELETE FROM payloads WHERE seq = ?", [(message.seq,) for message in messages])

    # --- what is due -------------------------------------------------------

    def due(self, until: int, limit: int, skip: Sequence[str] = ()) -> list[Due]:
        """Messages due at or before `until`, in (due_at, seq) order; none of the endpoints to `skip`."""
        others = f"AND m.endpoint_id NOT IN ({', '.join('?' * len(skip))}) " if skip else ""
        return [
            Due(
                message=rows.message_of(row),
                payload=row[_WIDTH],
                flight=None if row[_WIDTH + 1] is None else rows.flight_of(row[_WIDTH + 1]),
            )
            for row in self.all(_DUE.format(others=others), (until, *skip, limit))
        ]

    def next_due_at(self) -> int | None:
        """The earliest instant at which a message is due."""
        row = self.one("SELECT min(due_at) FROM messages WHERE due_at IS NOT NULL")
        return None if row is None else row[0]

    def expired(self, until: int, limit: int) -> list[Message]:
        """Messages whose payload is to be removed at or before `until`."""
        return [rows.message_of(row) for row in self.all(_EXPIRED, (until, limit))]

    def next_expiry_at(self) -> int | None:
        """The earliest instant at which a payload is to be removed."""
        row = self.one(
            "SELECT min(payload_expires_at) FROM messages "
            "WHERE payload_expires_at IS NOT NULL AND payload_gone_at IS NULL"
        )
        return None if row is None else row[0]

    def keep_flights(self, flights: Sequence[tuple[Message, Flight]]) -> None:
        """Keep running attempts until their answers are due."""
        self.run_many(
            "INSERT INTO flights (seq, flight) VALUES (?, ?)",
            [(message.seq, rows.flight_blob(flight)) for message, flight in flights],
        )

    def drop_flights(self, messages: Iterable[Message]) -> None:
        """Forget attempts that have ended."""
        self.run_many("DELETE FROM flights WHERE seq = ?", [(message.seq,) for message in messages])

    def cut_off(self) -> list[Message]:
        """Messages in state sending that nothing will finish."""
        found: list[Message] = []
        for branch in lists.message_branches(MessageQuery(states=(State.SENDING,))):
            where = " AND ".join(clause for clause, _ in branch)
            values = tuple(value for _, value in branch)
            found += [
                rows.message_of(row)
                for row in self.all(f"{_MESSAGE} WHERE {where} AND due_at IS NULL ORDER BY seq", values)
            ]
        return found

    # --- attempts ----------------------------------------------------------

    def add_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Keep attempts that have ended."""
        self.run_many(_INSERT_ATTEMPT, [rows.attempt_row(attempt) for attempt in attempts])

    def attempt(self, id: str) -> Attempt | None:
        """The attempt of this id."""
        row = self.one(f"{_ATTEMPT} WHERE id = ?", id)
        return None if row is None else rows.attempt_of(row)

    def attempts(self, message_id: str, *, after: int = 0, limit: int = 1_000) -> list[Attempt]:
        """Attempts of a message by number, oldest first, beyond number `after`."""
        sql = f"{_ATTEMPT} WHERE message_id = ? AND number > ? ORDER BY number LIMIT ?"
        return [rows.attempt_of(row) for row in self.all(sql, (message_id, after, limit))]

    # --- events ------------------------------------------------------------

    def add_event(self, event: Event) -> None:
        """Keep a new event."""
        self.run(_insert("events", EVENT_COLUMNS), rows.event_row(event))

    def save_event(self, event: Event) -> None:
        """Keep a changed event."""
        self.run(_update("events", EVENT_COLUMNS, "seq"), (*rows.event_row(event), event.seq))

    def event(self, id: str) -> Event | None:
        """The event of this id."""
        row = self.one(f"{_EVENT} WHERE id = ?", id)
        return None if row is None else rows.event_of(row)

    def events(self, query: EventQuery) -> list[Event]:
        """A page of events."""
        return [rows.event_of(row) for row in self._page(_EVENT, query, lists.event_conditions(query))]

    # --- the dialect's own resources ---------------------------------------

    def put_thing(self, thing: Thing) -> None:
        """Keep a resource in place of the one of the same kind and id."""
        self.run(
            _insert("things", THING_COLUMNS)
            + " ON CONFLICT (kind, id) DO UPDATE SET lookup = excluded.lookup, doc = excluded.doc",
            rows.thing_row(thing),
        )

    def thing(self, kind: str, id: str) -> Thing | None:
        """The resource of this kind and id."""
        row = self.one(f"{_THING} WHERE kind = ? AND id = ?", kind, id)
        return None if row is None else rows.thing_of(row)

    def thing_by(self, kind: str, lookup: str) -> Thing | None:
        """The first resource of this kind with this lookup value."""
        row = self.one(f"{_THING} WHERE kind = ? AND lookup = ? ORDER BY seq LIMIT 1", kind, lookup)
        return None if row is None else rows.thing_of(row)

    def things(self, kind: str, page: Page | None = None) -> list[Thing]:
        """A page of resources of this kind; all of them, newest first, when no page is given."""
        chosen = page or Page(limit=2**31)
        return [rows.thing_of(row) for row in self._page(_THING, chosen, [("kind = ?", kind)])]

    def drop_thing(self, kind: str, id: str) -> None:
        """Remove a resource."""
        self.run("DELETE FROM things WHERE kind = ? AND id = ?", (kind, id))

    # --- small parts -------------------------------------------------------

    def due_sql(self) -> str:
        """The statement of the due scan, for whoever wants to see its plan."""
        return _DUE.format(others="")

    def explain(self, query: MessageQuery) -> list[str]:
        """How the database reads each part of a message list."""
        plans = []
        for branch in lists.message_branches(query):
            tail, values = lists.window(query, branch + lists.message_conditions(query))
            plans += [row[3] for row in self.all(f"EXPLAIN QUERY PLAN {_MESSAGE} {tail}", values)]
        return plans

    def _page(self, select: str, page: Page, conditions: list[lists.Condition]) -> list[rows.Row]:
        tail, values = lists.window(page, conditions)
        return self.all(f"{select} {tail}", values)

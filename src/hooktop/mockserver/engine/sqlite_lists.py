"""Keyset pages: every combination of filters reads along an index, whatever the number of rows."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Any

from hooktop.mockserver.delivery.model import Kind
from hooktop.mockserver.engine.sqlite_rows import Row
from hooktop.mockserver.engine.store import EndpointQuery, EventQuery, MessageQuery, Page

Condition = tuple[str, Any]


def window(page: Page, conditions: Iterable[Condition]) -> tuple[str, tuple[Any, ...]]:
    """The WHERE, ORDER BY and LIMIT of a page, and their values."""
    clauses: list[str] = []
    values: list[Any] = []
    for clause, value in conditions:
        clauses.append(clause)
        if value is not None:
            values.append(value)
    if page.after is not None:
        sign = ("<" if page.newest_first else ">") + ("=" if page.inclusive else "")
        clauses.append(f"(created_at, seq) {sign} (?, ?)")
        values.extend(page.after)
    order = "DESC" if page.newest_first else "ASC"
    where = f"WHERE {' AND '.join(clauses)} " if clauses else ""
    values.append(max(0, page.limit))
    return f"{where}ORDER BY created_at {order}, seq {order} LIMIT ?", tuple(values)


def _span(since: int | None, until: int | None) -> Iterator[Condition]:
    if since is not None:
        yield "created_at >= ?", since
    if until is not None:
        yield "created_at < ?", until


def message_conditions(query: MessageQuery) -> list[Condition]:
    """Filters of a message list other than those that choose the index."""
    found = list(_span(query.since, query.until))
    for column in ("event_id", "event_type", "idempotency_key"):
        value = getattr(query, column)
        if value is not None:
            found.append((f"{column} = ?", value))
    if query.cancelled is not None:
        found.append(("cancelled = ?", int(query.cancelled)))
    if query.deleted is not None:
        found.append((f"deleted_at IS {'NOT ' if query.deleted else ''}NULL", None))
    return found


def message_branches(query: MessageQuery) -> list[list[Condition]]:
    """One list of equalities for each index range that together make up the query.

    A list along (a, created_at) is in order only for a single a: several are read side by side and merged.
    """
    states: list[list[Condition]] = [[]]
    if query.states is not None:
        states = [[("state = ?", state.value)] for state in query.states]
    if query.event_id is not None:
        return [_by_kind(query.kind) + state for state in states]
    if query.endpoint_ids is not None:
        places = [[("endpoint_id = ?", id)] for id in query.endpoint_ids]
        return [place + state + _by_kind(query.kind) for place, state in product(places, states)]
    kinds = list(Kind) if query.kind is None else [query.kind]
    return [_by_kind(kind) + state for kind, state in product(kinds, states)]


def _by_kind(kind: Kind | None) -> list[Condition]:
    return [] if kind is None else [("kind = ?", kind.value)]


def merged(pages: list[list[Row]], page: Page, created_at: int, seq: int) -> list[Row]:
    """The first rows of several ordered lists taken together; `created_at` and `seq` are column numbers."""
    if len(pages) == 1:
        return pages[0]
    rows = heapq.merge(*pages, key=lambda row: (row[created_at], row[seq]), reverse=page.newest_first)
    return list(islice(rows, page.limit))


def endpoint_conditions(query: EndpointQuery) -> list[Condition]:
    """Filters of an endpoint list."""
    found: list[Condition] = []
    if query.deleted is not None:
        found.append((f"deleted_at IS {'NOT ' if query.deleted else ''}NULL", None))
    if query.name_contains:
        escaped = query.name_contains.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found.append(("lower(name) LIKE ? ESCAPE '\\'", f"%{escaped}%"))
    return found


def endpoint_branches(query: EndpointQuery) -> list[list[Condition]]:
    """One list of equalities for each kind asked for."""
    return [_by_kind(kind) for kind in (Kind if query.kind is None else [query.kind])]


def event_conditions(query: EventQuery) -> list[Condition]:
    """Filters of an event list."""
    found = list(_span(query.since, query.until))
    for column in ("type", "idempotency_key", "source"):
        value = getattr(query, column)
        if value is not None:
            found.append((f"{column} = ?", value))
    return found

"""The message store: a hundred thousand rows and more, one filtered and ordered view kept up to date."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from hooktop.console.clock import Clock, utc_now
from hooktop.console.model import Message, MessageState
from hooktop.console.stores.filter.language import EVERYTHING, Filter, searchable

CAPACITY = 1_000_000
"""Rows kept; the oldest leave first."""

_REBUILD_SHARE = 20
"""A batch larger than a twentieth of the view is cheaper to sort again than to insert."""

INLINE_ROWS = 10_000
"""Up to this many rows the view is built on the spot (some 10 ms); beyond, a patient store builds it in slices."""
SLICE_ROWS = 4_000
"""Rows looked at between two moments in which others may run."""

_Key: TypeAlias = tuple[Any, str]


class SortKey(StrEnum):
    """Columns that the view can be ordered by."""

    AGE = "age"
    ENDPOINT = "endpoint"
    STATE = "state"
    CODE = "code"
    ATTEMPTS = "attempts"
    LATENCY = "latency"
    NEXT = "next"
    TYPE = "type"
    EXPIRES = "expires"
    UPDATED = "updated"


def _seconds(moment: datetime | None) -> float:
    return float("inf") if moment is None else moment.timestamp()


_KEYS: dict[SortKey, Callable[[Message], Any]] = {
    SortKey.AGE: lambda row: row.created_at.timestamp(),
    SortKey.ENDPOINT: lambda row: row.endpoint_name,
    SortKey.STATE: lambda row: row.state.value,
    SortKey.CODE: lambda row: row.response_status or 0,
    SortKey.ATTEMPTS: lambda row: row.attempts,
    SortKey.LATENCY: lambda row: row.latency_ms or 0,
    SortKey.NEXT: lambda row: _seconds(row.next_attempt_at),
    SortKey.TYPE: lambda row: row.event_type,
    SortKey.EXPIRES: lambda row: _seconds(row.payload_expires_at),
    SortKey.UPDATED: lambda row: _seconds(row.updated_at or row.created_at),
}


class MessageStore:
    """Messages by id, and the view (filter and order) that a table shows.

    ``version`` grows with every change of the view, so that a screen knows when to draw again.

    A patient store with many rows keeps showing its view after another filter or order was asked for, until somebody
    has awaited ``rebuild()``; ``settle()`` builds it at once, for those who act on everything that matches.
    """

    def __init__(self, *, capacity: int = CAPACITY, clock: Clock = utc_now, patient: bool = False) -> None:
        self.capacity = capacity
        self.patient = patient
        self.version = 0
        self.evicted = 0
        """Rows dropped for lack of room; say so on screen when not 0."""
        self._clock = clock
        self._rows: dict[str, Message] = {}
        self._texts: dict[str, str] = {}
        self._states: Counter[MessageState] = Counter()
        self._endpoints: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, MessageState]] = Counter()
        self._sort = SortKey.AGE
        self._newest_first = True
        self._filter = EVERYTHING
        self._keys: list[_Key] = []
        self._shown = self._wanted
        """The filter and order that ``_keys`` were made for."""
        self._stale = False
        self._building = False
        self._touched: set[str] = set()
        """Rows that changed while the view is being built."""
        self._ghosts: dict[str, Message] = {}
        """Removed rows that the view still names."""

    def __len__(self) -> int:
        """Rows in the view."""
        return len(self._view())

    def __contains__(self, id_: object) -> bool:
        return id_ in self._rows

    @property
    def total(self) -> int:
        """Rows in the store, whatever the filter."""
        return len(self._rows)

    @property
    def _wanted(self) -> tuple[Filter, SortKey, bool]:
        return self._filter, self._sort, self._newest_first

    @property
    def is_behind(self) -> bool:
        """Whether the view is still that of an older filter or order, or lacks rows."""
        return self._stale and self.patient and self.total > INLINE_ROWS

    @property
    def filter(self) -> Filter:
        """The filter of the view."""
        return self._filter

    @property
    def sort(self) -> tuple[SortKey, bool]:
        """Column of the order, and whether the largest (newest) comes first."""
        return self._sort, self._newest_first

    @property
    def states(self) -> Mapping[MessageState, int]:
        """Rows in the store by state."""
        return self._states

    @property
    def endpoints(self) -> Mapping[str, int]:
        """Rows in the store by endpoint id."""
        return self._endpoints

    def count(self, endpoint_id: str, state: MessageState) -> int:
        """Rows of one endpoint in one state."""
        return self._pairs[endpoint_id, state]

    def upsert(self, messages: Iterable[Message]) -> tuple[str, ...]:
        """Add or replace rows; returns the ids that are new or changed."""
        changed: list[tuple[Message | None, Message]] = []
        rows, texts = self._rows, self._texts
        for message in messages:
            old = rows.get(message.id)
            if old is not None and old == message:
                continue
            rows[message.id] = message
            self._touched.add(message.id)
            texts[message.id] = searchable(message)
            self._count(old, -1)
            self._count(message, 1)
            changed.append((old, message))
        if changed:
            self._refresh(changed)
            self._evict()
            self.version += 1
        return tuple(new.id for _, new in changed)

    def remove(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Take rows out; returns the ids that were there."""
        gone = [self._rows.pop(id_) for id_ in ids if id_ in self._rows]
        for message in gone:
            self._count(message, -1)
            self._touched.add(message.id)
            self._drop_from_view(message)
            del self._texts[message.id]
        self.version += bool(gone)
        return tuple(message.id for message in gone)

    def clear(self) -> None:
        """Forget everything (another context was chosen)."""
        for part in (self._rows, self._texts, self._states, self._endpoints, self._pairs, self._keys):
            part.clear()
        self._stale = True
        self.evicted = 0
        self.version += 1

    def get(self, id_: str) -> Message | None:
        """One row by id, in the view or not."""
        return self._rows.get(id_)

    def row(self, index: int) -> Message:
        """The row at a position of the view."""
        keys = self._view()
        if not 0 <= index < len(keys):
            raise IndexError(index)
        return self._named(keys[-1 - index if self._shown[2] else index][1])

    def find(self, id_: str) -> int | None:
        """The position of a row in the view; ``None`` when it is not in it."""
        message = self._rows.get(id_)
        if message is None:
            return None
        keys = self._view()
        at = bisect_left(keys, self._key(message))
        if at == len(keys) or keys[at][1] != id_:
            return None
        return len(keys) - 1 - at if self._shown[2] else at

    def rows(self) -> Iterator[Message]:
        """The rows of the view in order."""
        view = self._view()
        keys = reversed(view) if self._shown[2] else iter(view)
        return (self._named(id_) for _, id_ in keys)

    def all(self) -> Iterator[Message]:
        """Every row of the store, in no particular order."""
        return iter(self._rows.values())

    def set_filter(self, filter_: Filter) -> None:
        """Show only what passes."""
        self._filter = filter_
        self._stale = True
        self.version += 1

    def set_sort(self, key: SortKey, *, newest_first: bool = True) -> None:
        """Order the view by a column; rows that tie are ordered by id."""
        if key is not self._sort:
            self._stale = True
        self._sort, self._newest_first = key, newest_first
        if not self._stale:
            self._shown = self._wanted
        self.version += 1

    def refresh_ages(self) -> None:
        """Evaluate the filter again: a row may have outgrown an ``age:`` or ``expires:`` term."""
        if any(term.field in {"age", "expires"} for term in self._filter.terms):
            self._stale = True
            self.version += 1

    def use_clock(self, clock: Clock) -> None:
        """Measure ages on another clock (the provider's)."""
        self._clock = clock

    # --- the view --------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Bring the view up to date now."""
        if self._stale:
            self._swap(sorted(self._passing(list(self._rows.values()))))

    async def rebuild(self) -> None:
        """Bring the view up to date in slices; others may run, and change the store, between them."""
        if self._building:
            return
        self._building = True
        try:
            while self._stale:
                await self._build_in_slices()
        finally:
            self._building = False

    async def _build_in_slices(self) -> None:
        wanted, rows, keys = self._wanted, list(self._rows.values()), list[_Key]()
        self._touched = set()
        for at in range(0, len(rows), SLICE_ROWS):
            # Sorted runs are merged by the sort at the end in a fraction of the time that it would take without.
            keys += sorted(self._passing(rows[at : at + SLICE_ROWS]))
            await asyncio.sleep(0)
            if not self._stale or self._wanted != wanted:
                return
        touched = self._touched
        if touched:
            fresh = [self._rows[id_] for id_ in touched if id_ in self._rows]
            keys = [key for key in keys if key[1] not in touched] + self._passing(fresh)
        keys.sort()
        self._swap(keys)

    def _swap(self, keys: list[_Key]) -> None:
        self._keys, self._shown, self._stale = keys, self._wanted, False
        self._ghosts.clear()
        self.version += 1

    def _passing(self, rows: Iterable[Message]) -> list[_Key]:
        """Keys, in the order wanted, of the rows that pass the filter wanted."""
        key, texts = _KEYS[self._sort], self._texts
        if self._filter:
            passes = self._filter.predicate(self._clock())
            return [(key(row), row.id) for row in rows if row.id in texts and passes(row, texts[row.id])]
        return [(key(row), row.id) for row in rows]

    def _key(self, message: Message) -> _Key:
        return (_KEYS[self._shown[1]](message), message.id)

    def _named(self, id_: str) -> Message:
        return self._rows.get(id_) or self._ghosts[id_]

    def _view(self) -> list[_Key]:
        if self._stale and not self.is_behind:
            self.settle()
        return self._keys

    def _refresh(self, changed: list[tuple[Message | None, Message]]) -> None:
        if self._stale or len(changed) * _REBUILD_SHARE > len(self._rows):
            self._stale = True
            return
        passes = self._filter.predicate(self._clock())
        for old, new in changed:
            if old is not None:
                self._drop_from_view(old)
            if passes(new, self._texts[new.id]):
                insort(self._keys, self._key(new))

    def _drop_from_view(self, message: Message) -> None:
        if self._stale:
            self._ghosts[message.id] = message
            return
        key = self._key(message)
        at = bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] == key:
            del self._keys[at]

    def _count(self, message: Message | None, step: int) -> None:
        if message is not None:
            self._states[message.state] += step
            self._endpoints[message.endpoint_id] += step
            self._pairs[message.endpoint_id, message.state] += step

    def _evict(self) -> None:
        surplus = len(self._rows) - self.capacity
        if surplus > 0:
            oldest = sorted(self._rows.values(), key=lambda row: row.created_at)[:surplus]
            self.evicted += len(self.remove([row.id for row in oldest]))

"""Counts and sums over messages and attempts."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hooktop.mockserver.delivery.model import Kind, State
from hooktop.mockserver.engine.sqlite_core import SqliteCore
from hooktop.mockserver.engine.store import Bucket

_SUCCESS = "a.response_status >= 200 AND a.response_status < 300"


def _where(prefix: str = "", **equal: Any) -> tuple[str, tuple[Any, ...]]:
    """Clauses for the filters that are given; `since` and `until` bound created_at."""
    signs = {"since": "created_at >= ?", "until": "created_at < ?"}
    clauses, values = [], []
    for name, value in equal.items():
        if value is not None:
            clauses.append(prefix + signs.get(name, f"{name} = ?"))
            values.append(value)
    return (" AND ".join(clauses) or "1 = 1"), tuple(values)


class SqliteFigures(SqliteCore):
    """The part of the SQLite store that answers how many."""

    def counts(
        self,
        *,
        kind: Kind | None = None,
        endpoint_id: str | None = None,
        since: int | None = None,
        until: int | None = None,
    ) -> dict[State, int]:
        """Messages accepted in the span, by state; deleted ones too."""
        where, values = _where(kind=kind and kind.value, endpoint_id=endpoint_id, since=since, until=until)
        found = self.all(f"SELECT state, count(*) FROM messages WHERE {where} GROUP BY state", values)
        return {State(state): number for state, number in found}

    def counts_by_endpoint(self) -> dict[str, dict[State, int]]:
        """Messages of each endpoint, by state."""
        totals: dict[str, dict[State, int]] = defaultdict(dict)
        found = self.all("SELECT endpoint_id, state, count(*) FROM messages GROUP BY endpoint_id, state")
        for endpoint_id, state, number in found:
            totals[endpoint_id][State(state)] = number
        return dict(totals)

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
        where, values = _where(kind=kind and kind.value, endpoint_id=endpoint_id, since=since, until=until)
        found = self.all(
            "SELECT (created_at - ?) / ? AS bucket, state, count(*), "
            "sum(CASE WHEN attempt_count > 1 THEN attempt_count - 1 ELSE 0 END), sum(attempt_count), "
            "sum(response_latency_ms), count(response_latency_ms) "
            f"FROM messages WHERE {where} GROUP BY bucket, state",
            (since, bucket_ms, *values),
        )
        cells: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for bucket, *rest in found:
            cells[bucket].append(tuple(rest))
        count = max(0, -(-(until - since) // bucket_ms))
        return [_bucket(since + number * bucket_ms, cells.get(number, [])) for number in range(count)]

    def successes(
        self, *, endpoint_id: str | None = None, since: int | None = None, until: int | None = None
    ) -> list[tuple[str, int, int]]:
        """(message id, replays, attempts answered 2xx) of each message with two or more successes."""
        where, values = _where("m.", endpoint_id=endpoint_id, since=since, until=until)
        return self.all(
            "SELECT m.id, m.replay_count, count(*) FROM messages m JOIN attempts a ON a.message_id = m.id "
            f"WHERE {where} AND {_SUCCESS} GROUP BY m.id, m.replay_count, m.seq HAVING count(*) > 1 ORDER BY m.seq",
            values,
        )

    def success_count(self, message_id: str) -> int:
        """Attempts of one message that were answered 2xx."""
        row = self.one(f"SELECT count(*) FROM attempts a WHERE a.message_id = ? AND {_SUCCESS}", message_id)
        return 0 if row is None else int(row[0])

    def total_successes(
        self, *, endpoint_id: str | None = None, since: int | None = None, until: int | None = None
    ) -> int:
        """Attempts answered 2xx of all messages accepted in the span."""
        where, values = _where("m.", endpoint_id=endpoint_id, since=since, until=until)
        row = self.one(
            "SELECT count(*) FROM messages m JOIN attempts a ON a.message_id = m.id "
            f"WHERE {where} AND {_SUCCESS}",
            *values,
        )
        return 0 if row is None else int(row[0])


def _bucket(start: int, cells: list[tuple[Any, ...]]) -> Bucket:
    return Bucket(
        start=start,
        by_state={State(cell[0]): cell[1] for cell in cells},
        retries=sum(cell[2] or 0 for cell in cells),
        attempts=sum(cell[3] or 0 for cell in cells),
        latency_sum_ms=sum(cell[4] or 0 for cell in cells),
        latency_count=sum(cell[5] or 0 for cell in cells),
    )

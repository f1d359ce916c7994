"""Figures of outbound delivery, counted from the messages.

source: docs/api/operations/getmetrics, gettimeseriesmetrics
"""

from __future__ import annotations

from collections.abc import Sequence

from hooktop.mockserver.delivery.model import Kind, State
from hooktop.mockserver.engine.store import Bucket
from hooktop.mockserver.hookbridge import wire
from hooktop.mockserver.hookbridge.errors import invalid_endpoint_id
from hooktop.mockserver.hookbridge.fields import query_choice, query_id
from hooktop.mockserver.hookbridge.ids import is_endpoint_id
from hooktop.mockserver.hookbridge.limits import BUCKETS_MS, MINUTE, WINDOWS_MS
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.hookbridge.routes.common import data, profile
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.wing import Wing


def add(wing: Wing) -> None:
    """Serve the operations of this resource."""
    wing.operation("getMetrics", "GET", "/v1/metrics")(get_metrics)
    wing.operation("getTimeseriesMetrics", "GET", "/v1/metrics/timeseries")(get_timeseries_metrics)


def get_metrics(call: Call) -> Answer:
    """Messages accepted in the window and what became of them; an empty window has success rate 0."""
    window, endpoint_id = _question(call)
    until = call.now + 1
    since = until - WINDOWS_MS[window]
    buckets = call.tenant.store.series(
        since=since, until=until, bucket_ms=WINDOWS_MS[window], kind=Kind.OUTBOUND, endpoint_id=endpoint_id
    )
    return data(call, {"window": window, **_totals(buckets)})


def get_timeseries_metrics(call: Call) -> Answer:
    """The same by time of acceptance: whole buckets, empty ones too, oldest first."""
    window, endpoint_id = _question(call)
    size = BUCKETS_MS[window]
    if window == "24h" and reading(profile(call), "metrics_24h_bucket") == "15m":
        size = 15 * MINUTE
    last = call.now // size * size
    buckets = call.tenant.store.series(
        since=last - WINDOWS_MS[window] + size,
        until=last + size,
        bucket_ms=size,
        kind=Kind.OUTBOUND,
        endpoint_id=endpoint_id,
    )
    return data(call, {"window": window, "buckets": [_bucket(bucket) for bucket in buckets]})


def _question(call: Call) -> tuple[str, str | None]:
    window = query_choice(call.argument("window"), "window", WINDOWS_MS) or "24h"
    return window, query_id(call.argument("endpoint_id"), is_endpoint_id, invalid_endpoint_id())


def _totals(buckets: Sequence[Bucket]) -> wire.Json:
    total = sum(bucket.total for bucket in buckets)
    succeeded = sum(bucket.by_state.get(State.DELIVERED, 0) for bucket in buckets)
    answers = sum(bucket.latency_count for bucket in buckets)
    return {
        "total_messages": total,
        "succeeded": succeeded,
        "failed": sum(_failed(bucket) for bucket in buckets),
        "retries": sum(bucket.retries for bucket in buckets),
        "success_rate": succeeded / total if total else 0.0,
        "avg_latency_ms": round(sum(bucket.latency_sum_ms for bucket in buckets) / answers) if answers else 0,
    }


def _bucket(bucket: Bucket) -> wire.Json:
    return {
        "timestamp": wire.instant(bucket.start),
        "succeeded": bucket.by_state.get(State.DELIVERED, 0),
        "failed": _failed(bucket),
        "retrying": bucket.by_state.get(State.RETRYING, 0),
        "total": bucket.total,
        "avg_latency_ms": bucket.avg_latency_ms,
    }


def _failed(bucket: Bucket) -> int:
    return bucket.by_state.get(State.DEAD, 0) + bucket.by_state.get(State.DISCARDED, 0)

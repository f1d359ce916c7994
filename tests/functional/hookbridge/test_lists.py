"""Logs and dead letters: filters, paging, refusals; and the figures counted from the same messages."""

from __future__ import annotations

from typing import Any

import pytest

from functional.hookbridge.driver import UNKNOWN_ENDPOINT, Bridge

HOUR = 3600


def world(bridge: Bridge) -> dict[str, list[str]]:
    """Messages in every status over three hours, a few at the same instant; ids by status, oldest first."""
    good, slow, paused = bridge.endpoint("good"), bridge.endpoint("slow"), bridge.endpoint("paused")
    bridge.script("slow", {"status": 503})
    bridge.post(f"/v1/endpoints/{paused}/pause")
    made: dict[str, list[str]] = {}
    for _ in range(3):
        made.setdefault("succeeded", []).extend(bridge.send(good) for _ in range(3))
        made.setdefault("pending_retry", []).append(bridge.send(slow))
        made.setdefault("paused", []).append(bridge.send(paused))
        bridge.settle()
        bridge.script("good", {"status": 404})
        made.setdefault("failed_permanent", []).extend(bridge.send(good) for _ in range(2))
        bridge.settle()
        bridge.script("good", {"status": 200})
        bridge.advance(HOUR)
    made["queued"] = [bridge.send(good)]
    return made


def pages(bridge: Bridge, path: str, key: str = "") -> list[dict[str, Any]]:
    """All rows of a list, page after page; the end is told the same way in every field."""
    rows: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(50):
        reply = bridge.get(path + (f"&cursor={cursor}" if cursor else ""))
        holder = reply.data if key else reply.body["meta"]
        rows += reply.data[key] if key else reply.data
        assert holder["has_more"] is ("next_cursor" in holder)
        if not holder["has_more"]:
            return rows
        cursor = holder["next_cursor"]
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("size", [1, 2, 5, 500])
def test_the_log_gives_every_message_once_newest_first(bridge: Bridge, size: int) -> None:
    made = world(bridge)
    rows = pages(bridge, f"/v1/logs?limit={size}")
    assert len(rows) == 22
    assert {row["message_id"] for row in rows} == {id for ids in made.values() for id in ids}
    stamps = [row["created_at"] for row in rows]
    assert stamps == sorted(stamps, reverse=True)


@pytest.mark.parametrize("status", ["queued", "succeeded", "pending_retry", "failed_permanent", "delivering"])
@pytest.mark.parametrize("size", [2, 100])
def test_the_log_filters_by_status(bridge: Bridge, status: str, size: int) -> None:
    made = world(bridge)
    rows = pages(bridge, f"/v1/logs?status={status}&limit={size}")
    assert sorted(row["message_id"] for row in rows) == sorted(made.get(status, []))
    assert {row["status"] for row in rows} <= {status}


def test_the_log_filters_by_endpoint_and_time(bridge: Bridge) -> None:
    made = world(bridge)
    slow = bridge.message(made["pending_retry"][0])["endpoint_id"]
    rows = pages(bridge, f"/v1/logs?endpoint_id={slow}&limit=2")
    assert [row["message_id"] for row in rows] == made["pending_retry"][::-1]
    assert {row["endpoint"] for row in rows} == {"https://slow.receiver.example/in"}
    second_hour = "start_time=2026-01-01T01:00:00Z&end_time=2026-01-01T03:00:00%2B01:00"
    rows = pages(bridge, f"/v1/logs?{second_hour}&endpoint_id={slow}&limit=2")
    assert [row["message_id"] for row in rows] == [made["pending_retry"][1]]
    assert bridge.get(f"/v1/logs?endpoint_id={UNKNOWN_ENDPOINT}").data == []


def test_a_row_has_what_happened_and_nothing_that_did_not(bridge: Bridge) -> None:
    made = world(bridge)
    rows = {row["message_id"]: row for row in pages(bridge, "/v1/logs?limit=500")}
    done = rows[made["succeeded"][0]]
    assert done["delivered_at"] == done["created_at"] == "2026-01-01T00:00:00.000Z"
    assert done["response_status"] == 200
    assert not {"next_attempt_at", "last_error", "deleted_at"} & set(done)
    retry = rows[made["pending_retry"][2]]
    assert retry["next_attempt_at"] > retry["created_at"]
    assert retry["response_status"] == 503
    assert "delivered_at" not in retry
    assert set(rows[made["queued"][0]]) == {"message_id", "endpoint", "status", "attempt_count", "created_at"}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (
            "status=lost",
            "status must be one of: queued, delivering, succeeded, pending_retry, failed_permanent",
        ),
        ("status=", "status must be one of: queued, delivering, succeeded, pending_retry, failed_permanent"),
        ("limit=0", "limit must be between 1 and 500"),
        ("limit=501", "limit must be between 1 and 500"),
        ("limit=-1", "limit must be between 1 and 500"),
        ("limit=2.5", "limit must be an integer"),
        ("cursor=x", "invalid cursor"),
        ("start_time=yesterday", "start_time must be an RFC 3339 timestamp"),
        ("start_time=2026-01-01T00:00:00", "start_time must be an RFC 3339 timestamp"),
        ("end_time=2026-13-01T00:00:00Z", "end_time must be an RFC 3339 timestamp"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/logs", "/v1/inbound-logs"])
def test_a_bad_question_to_a_log_is_refused(bridge: Bridge, path: str, query: str, text: str) -> None:
    assert bridge.get(f"{path}?{query}").error == (400, "INVALID_REQUEST", text)


def test_a_malformed_endpoint_id_in_a_question_is_refused(bridge: Bridge) -> None:
    bad = (400, "INVALID_REQUEST", "endpoint_id must be in format ep_xxx")
    for path in ("/v1/logs", "/v1/metrics", "/v1/metrics/timeseries"):
        assert bridge.get(f"{path}?endpoint_id=shop").error == bad
    bad_uuid = (400, "INVALID_REQUEST", "inbound_endpoint_id must be a valid UUID")
    assert bridge.get("/v1/inbound-logs?inbound_endpoint_id=shop").error == bad_uuid


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_dead_letters_page_inside_data(bridge: Bridge, size: int) -> None:
    made = world(bridge)
    reply = bridge.get("/v1/dlq/messages?limit=1")
    assert set(reply.data) == {"messages", "has_more", "next_cursor"}
    assert set(reply.body["meta"]) == {"request_id"}
    rows = pages(bridge, f"/v1/dlq/messages?limit={size}", "messages")
    assert sorted(row["message_id"] for row in rows) == sorted(made["failed_permanent"])
    assert {row["status"] for row in rows} == {"failed_permanent"}


@pytest.mark.parametrize(
    ("query", "text"),
    [("limit=1001", "limit must be between 1 and 1000"), ("cursor=x", "invalid cursor")],
)
def test_a_bad_page_of_dead_letters_is_refused(bridge: Bridge, query: str, text: str) -> None:
    assert bridge.get(f"/v1/dlq/messages?{query}").error == (400, "INVALID_REQUEST", text)


def test_paging_is_not_disturbed_by_what_happens_meanwhile(bridge: Bridge) -> None:
    endpoint = bridge.endpoint()
    made = [bridge.send(endpoint) for _ in range(4)]
    first = bridge.get("/v1/logs?limit=2")
    bridge.send(endpoint)
    bridge.settle()
    second = bridge.get(f"/v1/logs?limit=2&cursor={first.body['meta']['next_cursor']}")
    assert [row["message_id"] for row in (*first.data, *second.data)] == made[::-1]


# --- figures ---------------------------------------------------------------------


def test_metrics_count_the_messages_of_the_window(bridge: Bridge) -> None:
    world(bridge)
    figures = bridge.get("/v1/metrics").data
    latency = figures.pop("avg_latency_ms")
    assert latency > 0
    assert figures == {
        "window": "24h",
        "total_messages": 22,
        "succeeded": 9,
        "failed": 6,
        "retries": sum(
            each["attempt_count"] - 1 for each in bridge.get("/v1/logs?status=pending_retry").data
        ),
        "success_rate": 9 / 22,
    }
    assert bridge.get("/v1/metrics?window=1h").data["total_messages"] == 1
    slow = next(row["id"] for row in bridge.get("/v1/endpoints").data if "slow" in row["url"])
    assert bridge.get(f"/v1/metrics?endpoint_id={slow}&window=7d").data["total_messages"] == 3


def test_an_empty_window_has_figures_too(bridge: Bridge) -> None:
    assert bridge.get("/v1/metrics?window=30d").data == {
        "window": "30d",
        "total_messages": 0,
        "succeeded": 0,
        "failed": 0,
        "retries": 0,
        "success_rate": 0.0,
        "avg_latency_ms": 0,
    }


@pytest.mark.parametrize(
    ("window", "count", "first", "last"),
    [
        ("1h", 60, "2026-01-01T02:01:00.000Z", "2026-01-01T03:00:00.000Z"),
        ("24h", 24, "2025-12-31T04:00:00.000Z", "2026-01-01T03:00:00.000Z"),
        ("7d", 28, "2025-12-25T06:00:00.000Z", "2026-01-01T00:00:00.000Z"),
        ("30d", 30, "2025-12-03T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
    ],
)
def test_time_series_have_whole_buckets_empty_ones_too(
    bridge: Bridge, window: str, count: int, first: str, last: str
) -> None:
    world(bridge)
    data = bridge.get(f"/v1/metrics/timeseries?window={window}").data
    assert data["window"] == window
    buckets = data["buckets"]
    assert (len(buckets), buckets[0]["timestamp"], buckets[-1]["timestamp"]) == (count, first, last)
    assert sum(bucket["total"] for bucket in buckets) == (1 if window == "1h" else 22)


def test_a_bucket_counts_by_what_became_of_its_messages(bridge: Bridge) -> None:
    world(bridge)
    buckets = {row["timestamp"]: row for row in bridge.get("/v1/metrics/timeseries").data["buckets"]}
    row = buckets["2026-01-01T01:00:00.000Z"]
    assert row.pop("avg_latency_ms") > 0
    assert row == {
        "timestamp": "2026-01-01T01:00:00.000Z",
        "succeeded": 3,
        "failed": 2,
        "retrying": 1,
        "total": 7,
    }


@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/metrics/timeseries"])
@pytest.mark.parametrize("window", ["2h", "", "1H", "all"])
def test_an_unknown_window_is_refused(bridge: Bridge, path: str, window: str) -> None:
    error = (400, "INVALID_REQUEST", "window must be one of: 1h, 24h, 7d, 30d")
    assert bridge.get(f"{path}?window={window}").error == error

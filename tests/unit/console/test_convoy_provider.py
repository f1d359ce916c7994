"""Convoy as its server behaves: the toggle, the words of its errors, its paging and its dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from hooktop.console.model import (
    Endpoint,
    EndpointKind,
    EndpointState,
    Message,
    MessageQuery,
    MessageState,
    Result,
)
from hooktop.console.providers.base import BadAnswer, NotFound, Unsupported
from unit.console.wire import Wire, convoy, convoy_error, timeout

OUT = EndpointKind.OUTBOUND
BASE = "/v1/projects/p1"
RAW = {
    "uid": "e1",
    "name": "acme",
    "url": "https://acme.example",
    "status": "active",
    "created_at": "2026-11-01T10:00:00Z",
}
DELIVERY = {
    "uid": "d1",
    "endpoint_id": "e1",
    "event_id": "ev1",
    "event_type": "order.paid",
    "status": "Retry",
    "created_at": "2026-11-20T09:00:00.5Z",
    "updated_at": "2026-11-20T09:01:00Z",
    "deleted_at": None,
    "description": "",
    "metadata": {"num_trials": 2, "next_send_time": "2026-11-20T09:05:00Z", "data": {"a": 1}, "raw": ""},
    "endpoint_metadata": {"name": "acme", "created_at": "0001-01-01T00:00:00Z", "secrets": None},
}
PAGING = {"has_next_page": False, "next_page_cursor": "d1", "prev_page_cursor": "d1", "has_prev_page": False}


def endpoint() -> Endpoint:
    return Endpoint(
        id="e1", kind=OUT, name="acme", url="https://x", state=EndpointState.ACTIVE, state_word="active"
    )


def delivery(state: MessageState, **changes: Any) -> Message:
    made = Message(
        id="d1",
        kind=OUT,
        endpoint_id="e1",
        endpoint_name="acme",
        state=state,
        state_word="",
        attempts=2,
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    return replace(made, **changes)


def status(word: str) -> httpx.Response:
    return convoy({**RAW, "status": word}, status=202)


PAUSE = f"{BASE}/endpoints/e1/pause"
ONE = f"{BASE}/endpoints/e1"


async def test_pausing_twice_does_not_flip_the_toggle() -> None:
    wire = Wire().on("GET", ONE, convoy({**RAW, "status": "paused"}))
    result = await wire.convoy().pause(endpoint())
    assert (result.result, result.detail) == (Result.ACCEPTED, "was already paused")
    assert wire.paths("PUT") == []


async def test_pause_reads_first_and_then_flips() -> None:
    wire = Wire().on("GET", ONE, convoy(RAW)).on("PUT", PAUSE, status("paused"))
    assert (await wire.convoy().pause(endpoint())).result is Result.ACCEPTED
    assert [request.method for request in wire.asked] == ["GET", "PUT"]


async def test_paused_by_somebody_else_in_between_is_flipped_back() -> None:
    wire = Wire().on("GET", ONE, convoy(RAW)).on("PUT", PAUSE, status("active"), status("paused"))
    assert (await wire.convoy().pause(endpoint())).result is Result.ACCEPTED
    assert len(wire.paths("PUT")) == 2


async def test_a_state_that_is_not_as_wanted_is_told() -> None:
    wire = Wire().on("GET", ONE, convoy(RAW)).on("PUT", PAUSE, status("active"))
    result = await wire.convoy().pause(endpoint())
    assert (result.result, result.code) == (Result.REJECTED, "NOT_AS_WANTED")


async def test_a_lost_toggle_is_never_sent_again() -> None:
    wire = Wire().on("GET", ONE, convoy(RAW)).on("PUT", PAUSE, timeout())
    result = await wire.convoy().pause(endpoint())
    assert result.result is Result.UNKNOWN
    assert len(wire.paths("PUT")) == 1


async def test_a_disabled_endpoint_is_refused_in_its_words() -> None:
    words = "current endpoint status - inactive, does not support pausing or unpausing"
    wire = (
        Wire()
        .on("GET", ONE, convoy({**RAW, "status": "inactive"}))
        .on("PUT", PAUSE, convoy_error(400, words))
    )
    result = await wire.convoy().pause(endpoint())
    assert (result.result, result.detail) == (Result.REJECTED, words)


async def test_resume_activates_instead_of_flipping() -> None:
    wire = Wire().on("POST", f"{ONE}/activate", status("active"))
    assert (await wire.convoy().resume(endpoint())).result is Result.ACCEPTED


async def test_active_already_is_done() -> None:
    words = "current endpoint status - active, does not support activation"
    result = await Wire().on("POST", f"{ONE}/activate", convoy_error(400, words)).convoy().resume(endpoint())
    assert (result.result, result.detail) == (Result.ACCEPTED, "was already active")


@pytest.mark.parametrize(
    "words", ["failed to find endpoint", "endpoint not found", "event delivery not found"]
)
async def test_400_may_mean_absent(words: str) -> None:
    wire = Wire().on("GET", ONE, convoy_error(400, words))
    with pytest.raises(NotFound):
        await wire.convoy().endpoint(OUT, "e1")


@pytest.mark.parametrize(
    "answer", [httpx.Response(405), httpx.Response(404, content=b"404 page not found\n")]
)
async def test_answers_without_json_are_bad(answer: httpx.Response) -> None:
    with pytest.raises(BadAnswer):
        await Wire().on("GET", ONE, answer).convoy().endpoint(OUT, "e1")


async def test_the_list_of_endpoints_is_never_sorted_and_ends_by_its_flag() -> None:
    wire = Wire().on("GET", f"{BASE}/endpoints", convoy({"content": [RAW], "pagination": PAGING}))
    page = await wire.convoy().endpoints(OUT, "e9")
    assert page.cursor is None
    assert wire.query() == {"perPage": ["100"], "direction": ["next"], "next_page_cursor": ["e9"]}


async def test_more_without_a_cursor_is_bad() -> None:
    paging = {**PAGING, "has_next_page": True, "next_page_cursor": ""}
    wire = Wire().on("GET", f"{BASE}/endpoints", convoy({"content": [], "pagination": paging}))
    with pytest.raises(BadAnswer, match="next_page_cursor"):
        await wire.convoy().endpoints(OUT)


async def test_dates_are_always_sent_and_have_neither_zone_nor_fraction() -> None:
    wire = Wire().on("GET", f"{BASE}/eventdeliveries", convoy({"content": [], "pagination": PAGING}))
    wire.on("GET", BASE, convoy({"name": "partners"}))
    provider = wire.convoy()
    await provider.messages(MessageQuery(kind=OUT))
    assert wire.paths() == [BASE, f"{BASE}/eventdeliveries"]
    assert wire.query()["startDate"] == ["2026-11-13T10:00:00"]
    assert wire.query()["endDate"] == ["2026-11-21T10:00:00"]
    query = MessageQuery(
        kind=OUT,
        since=datetime(2026, 11, 20, 9, 0, 0, 500, tzinfo=UTC),
        until=datetime(2026, 11, 20, 9, 0, 1, 1, tzinfo=UTC),
        states=frozenset({MessageState.DEAD, MessageState.DISCARDED}),
    )
    await provider.messages(query)
    sent = wire.query()
    assert (sent["startDate"], sent["endDate"]) == (["2026-11-20T09:00:00"], ["2026-11-20T09:00:02"])
    assert sent["status"] == ["Discarded", "Failure"]
    assert "sort" not in sent


async def test_a_delivery_is_translated() -> None:
    wire = Wire().on("GET", BASE, convoy({"name": "partners"}))
    wire.on("GET", f"{BASE}/eventdeliveries", convoy({"content": [DELIVERY], "pagination": PAGING}))
    (row,) = (await wire.convoy().messages(MessageQuery(kind=OUT))).items
    assert (row.state, row.state_word, row.attempts, row.endpoint_name) == (
        MessageState.RETRYING,
        "Retry",
        2,
        "acme",
    )
    assert row.next_attempt_at == datetime(2026, 11, 20, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Scheduled", MessageState.WAITING),
        ("Processing", MessageState.SENDING),
        ("Success", MessageState.DELIVERED),
        ("Failure", MessageState.DEAD),
        ("Discarded", MessageState.DISCARDED),
        ("Failed", MessageState.UNKNOWN),
        ("", MessageState.UNKNOWN),
    ],
)
async def test_the_planned_time_counts_only_while_a_retry_is_planned(word: str, state: MessageState) -> None:
    wire = Wire().on("GET", f"{BASE}/eventdeliveries/d1", convoy({**DELIVERY, "status": word}))
    found = await wire.convoy().message(OUT, "d1")
    assert (found.state, found.next_attempt_at) == (state, None)


async def test_the_newest_ten_attempts_are_numbered_from_the_total() -> None:
    rows = [
        {
            "uid": f"a{n}",
            "requested_at": "2026-11-20T09:00:00Z",
            "responded_at": "2026-11-20T09:00:01.5Z",
            "http_status": "503 Service Unavailable",
        }
        for n in range(10)
    ]
    full = {**DELIVERY, "metadata": {"num_trials": 14}}
    wire = Wire().on("GET", f"{BASE}/eventdeliveries/d1/deliveryattempts", convoy(rows))
    wire.on("GET", f"{BASE}/eventdeliveries/d1", convoy(full))
    attempts = await wire.convoy().attempts(OUT, "d1")
    assert [attempt.number for attempt in attempts] == list(range(5, 15))
    assert (attempts[0].response_status, attempts[0].latency_ms) == (503, 1500)


async def test_an_attempt_without_an_answer() -> None:
    rows = [
        {
            "uid": "a",
            "requested_at": "2026-11-20T09:00:00Z",
            "responded_at": None,
            "error": "dial tcp: refused",
        }
    ]
    wire = Wire().on("GET", f"{BASE}/eventdeliveries/d1/deliveryattempts", convoy(rows))
    (attempt,) = await wire.convoy().attempts(OUT, "d1")
    assert (attempt.response_status, attempt.latency_ms, attempt.error) == (None, None, "dial tcp: refused")


@pytest.mark.parametrize(
    ("metadata", "body"),
    [({"data": {"a": 1}, "raw": ""}, b'{"a":1}'), ({"data": None, "raw": "x=1"}, b"x=1")],
)
async def test_the_payload_is_in_the_delivery(metadata: dict[str, Any], body: bytes) -> None:
    full = {**DELIVERY, "metadata": metadata, "headers": {"X-A": ["1", "2"]}}
    wire = Wire().on("GET", f"{BASE}/eventdeliveries/d1", convoy(full))
    payload = await wire.convoy().payload(delivery(MessageState.DEAD))
    assert (payload.body, payload.headers, payload.source) == (body, {"X-A": "1, 2"}, "api")


async def test_what_failed_is_resent() -> None:
    wire = Wire().on("PUT", f"{BASE}/eventdeliveries/d1/resend", convoy({**DELIVERY, "status": "Scheduled"}))
    assert (await wire.convoy().replay(delivery(MessageState.DISCARDED))).result is Result.ACCEPTED


@pytest.mark.parametrize(
    ("text", "result"),
    [("1 successful, 0 failed", Result.ACCEPTED), ("0 successful, 1 failed", Result.REJECTED)],
)
async def test_what_succeeded_is_forced_and_its_text_is_believed(text: str, result: Result) -> None:
    wire = Wire().on("POST", f"{BASE}/eventdeliveries/forceresend", convoy(None, text))
    assert (await wire.convoy().replay(delivery(MessageState.DELIVERED))).result is result
    assert wire.asked[0].read() == b'{"ids":["d1"]}'


@pytest.mark.parametrize("verb", ["retry_now", "cancel"])
async def test_two_verbs_are_lacking(verb: str) -> None:
    wire = Wire()
    with pytest.raises(Unsupported):
        await getattr(wire.convoy(), verb)(delivery(MessageState.RETRYING))
    assert wire.asked == []


async def test_a_rate_limit_is_not_changed_because_credentials_would_be_lost() -> None:
    with pytest.raises(Unsupported):
        await Wire().convoy().set_rate(endpoint(), 1)


async def test_signing_secrets_are_not_kept() -> None:
    raw = {**RAW, "secrets": [{"value": "tops3cret"}], "authentication": {"api_key": {"header_value": "k3y"}}}
    found = await Wire().on("GET", ONE, convoy(raw)).convoy().endpoint(OUT, "e1")
    assert "tops3cret" not in str(found.raw)
    assert "k3y" not in str(found.raw)

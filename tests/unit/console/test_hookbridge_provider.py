"""HookBridge as its documents describe it: every trap of its wire forms."""

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
from hooktop.console.providers.base import AuthFailed, BadAnswer, NotFound, Unsupported
from unit.console.wire import Wire, data, error, timeout

OUT, IN = EndpointKind.OUTBOUND, EndpointKind.INBOUND
EP = "ep_550e8400e29b41d4a716446655440000"
MSG = "01935abc-def0-7123-4567-890abcdef012"
ENDPOINT = {
    "id": EP,
    "url": "https://billing.example/hooks",
    "description": "billing-eu",
    "paused": False,
    "created_at": "2026-11-01T10:00:00Z",
}
ROW = {
    "message_id": MSG,
    "endpoint": "https://billing.example/hooks",
    "status": "pending_retry",
    "attempt_count": 3,
    "created_at": "2026-11-20T09:00:00.123Z",
    "next_attempt_at": "2026-11-20T11:00:00Z",
    "response_status": 503,
    "last_error": "HTTP 503",
}
FULL = {
    "id": MSG,
    "endpoint_id": EP,
    "status": "pending_retry",
    "attempt_count": 3,
    "replay_count": 1,
    "created_at": "2026-11-20T09:00:00Z",
    "updated_at": "2026-11-20T09:30:00Z",
    "next_attempt_at": "2026-11-20T11:00:00Z",
}


def endpoint(**changes: Any) -> Endpoint:
    made = Endpoint(
        id=EP, kind=OUT, name="billing-eu", url="https://x", state=EndpointState.ACTIVE, state_word="active"
    )
    return replace(made, **changes)


def message(state: MessageState = MessageState.RETRYING, **changes: Any) -> Message:
    made = Message(
        id=MSG,
        kind=OUT,
        endpoint_id=EP,
        endpoint_name="billing-eu",
        state=state,
        state_word="",
        attempts=3,
        created_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
        next_attempt_at=datetime(2026, 11, 20, 11, tzinfo=UTC),
    )
    return replace(made, **changes)


async def test_a_row_of_the_logs_is_mapped_from_its_url_to_the_endpoint() -> None:
    wire = (
        Wire().on("GET", "/v1/logs", data([ROW], has_more=False)).on("GET", "/v1/endpoints", data([ENDPOINT]))
    )
    page = await wire.hookbridge().messages(MessageQuery(kind=OUT))
    (row,) = page.items
    assert (row.endpoint_id, row.endpoint_name) == (EP, "billing-eu")
    assert (row.state, row.state_word, row.response_status) == (MessageState.RETRYING, "pending_retry", 503)
    assert row.created_at == datetime(2026, 11, 20, 9, 0, 0, 123000, tzinfo=UTC)
    assert page.cursor is None


async def test_endpoints_are_read_once_even_when_one_was_deleted() -> None:
    gone = {**ROW, "endpoint": "https://gone.example/x"}
    wire = Wire().on("GET", "/v1/logs", data([gone])).on("GET", "/v1/endpoints", data([ENDPOINT]))
    provider = wire.hookbridge()
    for _ in range(3):
        (row,) = (await provider.messages(MessageQuery(kind=OUT))).items
    assert wire.paths().count("/v1/endpoints") == 1
    assert (row.endpoint_id, row.endpoint_name) == ("", "gone.example")


@pytest.mark.parametrize(
    ("states", "sent"),
    [
        ({MessageState.DEAD}, ["failed_permanent"]),
        ({MessageState.WAITING}, ["queued"]),
        ({MessageState.HELD}, None),
        ({MessageState.DEAD, MessageState.RETRYING}, None),
        (set(), None),
    ],
)
async def test_only_one_status_that_the_filter_takes_is_sent(states: set[MessageState], sent: Any) -> None:
    wire = Wire().on("GET", "/v1/logs", data([]))
    await wire.hookbridge().messages(MessageQuery(kind=OUT, states=frozenset(states)))
    assert wire.query().get("status") == sent


async def test_a_query_goes_to_the_server_with_dates_endpoint_and_cursor() -> None:
    wire = Wire().on("GET", "/v1/inbound-logs", data([], next_cursor="c2", has_more=True))
    since = datetime(2026, 11, 20, 1, tzinfo=UTC)
    query = MessageQuery(kind=IN, endpoint_id="in1", since=since)
    page = await wire.hookbridge().messages(query, "c1", 9999)
    assert wire.query() == {
        "limit": ["500"],
        "inbound_endpoint_id": ["in1"],
        "start_time": ["2026-11-20T01:00:00.000Z"],
        "cursor": ["c1"],
    }
    assert page.cursor == "c2"


async def test_more_without_a_cursor_is_no_silent_end() -> None:
    wire = Wire().on("GET", "/v1/logs", data([], has_more=True))
    with pytest.raises(BadAnswer, match=r"meta\.next_cursor"):
        await wire.hookbridge().messages(MessageQuery(kind=OUT))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("paused", MessageState.HELD),
        ("succeeded", MessageState.DELIVERED),
        ("teleported", MessageState.UNKNOWN),
    ],
)
async def test_status_words_with_and_without_documentation(word: str, state: MessageState) -> None:
    row = {**ROW, "status": word}
    wire = Wire().on("GET", "/v1/logs", data([row])).on("GET", "/v1/endpoints", data([ENDPOINT]))
    (found,) = (await wire.hookbridge().messages(MessageQuery(kind=OUT))).items
    assert (found.state, found.state_word) == (state, word)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_id", None),
        ("message_id", 7),
        ("attempt_count", "three"),
        ("created_at", "yesterday"),
        ("created_at", None),
        ("response_status", 1.5),
        ("last_error", ["x"]),
    ],
)
async def test_a_wrong_type_names_the_field(field: str, value: Any) -> None:
    wire = Wire().on("GET", "/v1/logs", data([{**ROW, field: value}]))
    wire.on("GET", "/v1/endpoints", data([ENDPOINT]))
    with pytest.raises(BadAnswer, match=field):
        await wire.hookbridge().messages(MessageQuery(kind=OUT))


@pytest.mark.parametrize("body", [[], "x", {"data": "x"}, {"data": [1]}, {"data": [[]]}])
async def test_an_answer_of_another_shape_is_bad(body: Any) -> None:
    wire = Wire().on("GET", "/v1/logs", body)
    with pytest.raises(BadAnswer):
        await wire.hookbridge().messages(MessageQuery(kind=OUT))


async def test_an_empty_list_of_attempts_may_be_an_unknown_message() -> None:
    path = f"/v1/messages/{MSG}"
    wire = Wire().on("GET", f"{path}/attempts", data([])).on("GET", path, error(404, "NOT_FOUND"))
    with pytest.raises(NotFound):
        await wire.hookbridge().attempts(OUT, MSG)


async def test_attempts_come_oldest_first_with_their_timings() -> None:
    rows = [
        {"id": "a2", "attempt_no": 2, "created_at": "2026-11-20T09:30:00Z", "error_text": "timeout"},
        {
            "id": "a1",
            "attempt_no": 1,
            "created_at": "2026-11-20T09:00:00Z",
            "dns_ms": 12,
            "retry_type": "slow",
        },
    ]
    wire = Wire().on("GET", f"/v1/messages/{MSG}/attempts", data(rows))
    first, second = await wire.hookbridge().attempts(OUT, MSG)
    assert (first.number, first.timings_ms, first.retry_ladder) == (1, {"dns": 12}, "slow")
    assert second.error == "timeout"


@pytest.mark.parametrize(
    ("verb", "code", "word"), [("pause", "ALREADY_PAUSED", "paused"), ("resume", "NOT_PAUSED", "active")]
)
async def test_as_wanted_already_is_done(verb: str, code: str, word: str) -> None:
    wire = Wire().on("POST", f"/v1/endpoints/{EP}/{verb}", error(409, code))
    provider = wire.hookbridge()
    result = await (provider.pause(endpoint()) if verb == "pause" else provider.resume(endpoint()))
    assert (result.result, result.detail) == (Result.ACCEPTED, f"was already {word}")


async def test_resume_tells_how_many_were_requeued() -> None:
    answer = data({"id": EP, "paused": False, "messages_requeued": 42})
    result = await Wire().on("POST", f"/v1/endpoints/{EP}/resume", answer).hookbridge().resume(endpoint())
    assert result.count == 42


@pytest.mark.parametrize(("paused", "expected"), [(True, Result.ACCEPTED), (False, Result.UNKNOWN)])
async def test_a_lost_answer_to_pause_is_read_and_not_sent_again(paused: bool, expected: Result) -> None:
    wire = Wire().on("POST", f"/v1/endpoints/{EP}/pause", timeout())
    wire.on("GET", f"/v1/endpoints/{EP}", data({**ENDPOINT, "paused": paused}))
    result = await wire.hookbridge().pause(endpoint())
    assert result.result is expected
    assert len(wire.paths("POST")) == 1


@pytest.mark.parametrize(
    ("kind", "state", "path"),
    [
        (OUT, MessageState.DEAD, f"/v1/dlq/replay/{MSG}"),
        (OUT, MessageState.DELIVERED, f"/v1/messages/{MSG}/replay"),
        (OUT, MessageState.RETRYING, f"/v1/messages/{MSG}/replay"),
        (IN, MessageState.DEAD, f"/v1/inbound-messages/{MSG}/replay"),
    ],
)
async def test_the_dead_are_replayed_by_their_own_way(
    kind: EndpointKind, state: MessageState, path: str
) -> None:
    wire = Wire().on("POST", path, data({"message_id": MSG, "status": "replayed"}))
    result = await wire.hookbridge().replay(message(state, kind=kind))
    assert result.result is Result.ACCEPTED
    assert wire.paths() == [path]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"status": "queued"}, Result.ACCEPTED),
        ({"status": "failed_permanent", "attempt_count": 4}, Result.ACCEPTED),
        ({"status": "failed_permanent", "replay_count": 1}, Result.ACCEPTED),
        ({"status": "failed_permanent", "replay_count": 0}, Result.UNKNOWN),
    ],
)
async def test_a_lost_answer_to_replay_is_settled_by_reading(after: dict[str, Any], expected: Result) -> None:
    full = {**FULL, "attempt_count": 3, "replay_count": 0, "next_attempt_at": "2026-11-20T11:00:00Z", **after}
    wire = Wire().on("POST", f"/v1/dlq/replay/{MSG}", timeout())
    wire.on("GET", f"/v1/messages/{MSG}", data(full)).on("GET", "/v1/endpoints", data([ENDPOINT]))
    result = await wire.hookbridge().replay(message(MessageState.DEAD, replays=0))
    assert result.result is expected
    assert len(wire.paths("POST")) == 1


async def test_a_server_error_that_changed_nothing_is_a_rejection() -> None:
    wire = Wire().on("POST", f"/v1/messages/{MSG}/retry-now", error(500, "INTERNAL"))
    wire.on("GET", f"/v1/messages/{MSG}", data(FULL)).on("GET", "/v1/endpoints", data([ENDPOINT]))
    result = await wire.hookbridge().retry_now(message())
    assert (result.result, result.status) == (Result.REJECTED, 500)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "INVALID_STATUS"),
        (409, "RETRY_IN_PROGRESS"),
        (410, "PAYLOAD_UNAVAILABLE"),
        (429, "REPLAY_LIMIT_EXCEEDED"),
    ],
)
async def test_a_refusal_is_a_result_with_its_code(status: int, code: str) -> None:
    wire = Wire().on("POST", f"/v1/messages/{MSG}/replay", error(status, code, "because"))
    result = await wire.hookbridge().replay(message(MessageState.DELIVERED))
    assert (result.result, result.code, result.status, result.detail) == (
        Result.REJECTED,
        code,
        status,
        "because",
    )
    assert result.request_id == "req_9"


@pytest.mark.parametrize(
    ("now", "result"), [("succeeded", Result.SKIPPED), ("pending_retry", Result.REJECTED)]
)
async def test_a_message_that_went_on_before_we_asked_is_skipped_not_failed(now: str, result: Result) -> None:
    wire = Wire().on("POST", f"/v1/messages/{MSG}/retry-now", error(400, "INVALID_STATUS", "because"))
    wire.on("GET", f"/v1/messages/{MSG}", data({**FULL, "status": now}))
    wire.on("GET", "/v1/endpoints", data([ENDPOINT]))
    told = await wire.hookbridge().retry_now(message())
    assert (told.result, told.code) == (result, "INVALID_STATUS")
    assert ("it went on meanwhile: delivered" in told.detail) is (result is Result.SKIPPED)


async def test_a_wrong_key_is_raised_not_hidden_in_a_result() -> None:
    wire = Wire().on("POST", f"/v1/messages/{MSG}/cancel", error(401, "UNAUTHORIZED"))
    with pytest.raises(AuthFailed):
        await wire.hookbridge().cancel(message())


@pytest.mark.parametrize("verb", ["retry_now", "cancel"])
async def test_inbound_messages_lack_two_verbs(verb: str) -> None:
    wire = Wire()
    with pytest.raises(Unsupported):
        await getattr(wire.hookbridge(), verb)(message(kind=IN))
    assert wire.asked == []


async def test_no_limit_is_sent_as_zero() -> None:
    wire = Wire().on("PATCH", f"/v1/endpoints/{EP}", data({"id": EP, "updated": True}))
    provider = wire.hookbridge()
    await provider.set_rate(endpoint(), 1)
    await provider.set_rate(endpoint(), None)
    assert [request.read() for request in wire.asked] == [
        b'{"rate_limit_rps":1,"burst":1}',
        b'{"rate_limit_rps":0,"burst":0}',
    ]


@pytest.mark.parametrize(
    ("changes", "state", "word"),
    [
        ({}, EndpointState.ACTIVE, "active"),
        ({"paused": True}, EndpointState.PAUSED, "paused"),
        ({"active": False}, EndpointState.DISABLED, "inactive"),
    ],
)
async def test_states_of_endpoints(changes: dict[str, Any], state: EndpointState, word: str) -> None:
    wire = Wire().on("GET", "/v1/endpoints", data([{**ENDPOINT, **changes}], next_cursor=None))
    page = await wire.hookbridge().endpoints(OUT)
    assert [(e.state, e.state_word) for e in page.items] == [(state, word)]
    assert page.cursor is None


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("billing-eu", "billing-eu"),
        ("", "billing.example"),
        ("x" * 80, "billing.example"),
        (None, "billing.example"),
    ],
)
async def test_a_short_description_is_the_name(description: str | None, name: str) -> None:
    wire = Wire().on("GET", f"/v1/endpoints/{EP}", data({**ENDPOINT, "description": description}))
    assert (await wire.hookbridge().endpoint(OUT, EP)).name == name


async def test_the_secret_in_an_ingest_url_is_not_kept() -> None:
    raw = {"id": "in1", "name": "stripe", "url": "https://a.example", "ingest_url": "https://r/x/tops3cret"}
    wire = Wire().on("GET", "/v1/inbound-endpoints", data([raw]))
    (found,) = (await wire.hookbridge().endpoints(IN)).items
    assert "tops3cret" not in str(found.raw)


async def test_check_names_the_key_without_showing_it() -> None:
    keys = [
        {"key_id": "k", "label": "Other", "prefix": "hb_live_xyz"},
        {"label": "Ops", "prefix": "hb_test_abc"},
    ]
    assert await Wire().on("GET", "/v1/api-keys", data(keys)).hookbridge().check() == "Ops"


async def test_ids_cannot_leave_their_place_in_the_path() -> None:
    wire = Wire()
    wire.on("GET", "/v1/messages/../api-keys", error(404, "NOT_FOUND"))
    with pytest.raises(NotFound):
        await wire.hookbridge().message(OUT, "../api-keys")
    assert wire.asked[0].url.raw_path == b"/v1/messages/..%2Fapi-keys"


async def test_rows_of_inbound_messages_get_the_name_of_their_endpoint() -> None:
    row = {**ROW, "inbound_endpoint_id": "in1", "received_at": ROW["created_at"]}
    wire = Wire().on("GET", "/v1/inbound-logs", data([row]))
    wire.on(
        "GET", "/v1/inbound-endpoints", data([{"id": "in1", "name": "stripe-in", "url": "https://a.example"}])
    )
    (found,) = (await wire.hookbridge().messages(MessageQuery(kind=IN))).items
    assert found.endpoint_name == "stripe-in"


async def test_unknown_fields_do_no_harm() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return data([{**ROW, "colour": {"deep": [1]}, "deleted_at": None}])

    wire = Wire().on("GET", "/v1/logs", answer).on("GET", "/v1/endpoints", data([ENDPOINT]))
    assert len((await wire.hookbridge().messages(MessageQuery(kind=OUT))).items) == 1

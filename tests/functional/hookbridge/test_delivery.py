"""Deliveries on the virtual clock: both ladders, dead letters, pause, hold, resume, retry-now, cancel."""

from __future__ import annotations

from typing import Any

import pytest

from functional.hookbridge.driver import UNKNOWN_ID, Bridge

SLOW_S = [1800, 7200, 21600, 43200, 86400, 172800, 259200]
"""Eight attempts leave room for seven of the eight documented delays."""
FAST_S = [30, 60, 120, 240, 300, 300, 300]
GONE = (404, "NOT_FOUND", "Message not found")


def climb(bridge: Bridge, id: str, delays: list[int]) -> None:
    """Walk up a ladder: nothing happens a second early, the attempt happens on time."""
    for number, delay in enumerate(delays, 1):
        message = bridge.message(id)
        assert (message["status"], message["attempt_count"]) == ("pending_retry", number)
        bridge.advance(delay - 1)
        assert bridge.message(id)["attempt_count"] == number
        bridge.advance(1)
    assert bridge.message(id)["attempt_count"] == len(delays) + 1


def test_the_slow_ladder_ends_in_the_dead_letters(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 503, "body": "down"})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    assert bridge.message(id)["next_attempt_at"] == "2026-01-01T00:30:00.000Z"
    climb(bridge, id, SLOW_S)
    message = bridge.message(id)
    assert message["status"] == "failed_permanent"
    assert message["response_status"] == 503
    assert message["last_error"]
    assert "next_attempt_at" not in message
    bridge.advance(10 * 86400)
    attempts = bridge.attempts(id)
    assert [each["attempt_no"] for each in attempts] == list(range(1, 9))
    assert [each.get("retry_after_seconds") for each in attempts] == [*SLOW_S, None]
    assert [each.get("retry_type") for each in attempts] == ["slow"] * 7 + [None]
    assert {each["response_status"] for each in attempts} == {503}
    (letter,) = bridge.get("/v1/dlq/messages").data["messages"]
    assert (letter["message_id"], letter["attempt_count"], letter["status"]) == (id, 8, "failed_permanent")


def test_a_429_climbs_the_fast_ladder(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 429})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    climb(bridge, id, FAST_S)
    assert bridge.status(id) == "failed_permanent"
    assert [each.get("retry_type") for each in bridge.attempts(id)] == ["fast"] * 7 + [None]


@pytest.mark.parametrize(
    ("status", "asked", "delay"),
    [(429, "10", 30), (429, "45", 45), (429, "999999", 3600), (503, "60", 1800), (503, "3600", 3600)],
)
def test_retry_after_is_the_least_delay_up_to_a_cap(
    bridge: Bridge, status: int, asked: str, delay: int
) -> None:
    bridge.script("shop", {"status": status, "headers": {"Retry-After": asked}})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    (attempt,) = bridge.attempts(id)
    assert attempt["retry_after_seconds"] == delay


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 301])
def test_what_will_not_get_better_is_a_dead_letter_at_once(bridge: Bridge, status: int) -> None:
    bridge.script("shop", {"status": status})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    message = bridge.message(id)
    assert (message["status"], message["attempt_count"]) == ("failed_permanent", 1)


@pytest.mark.parametrize(
    "answer", [{"status": 408}, {"status": 500}, {"status": 504}, {"error": "refused"}, {"error": "reset"}]
)
def test_what_may_get_better_is_tried_again(bridge: Bridge, answer: dict[str, Any]) -> None:
    bridge.script("shop", {**answer, "times": 1}, {"status": 204})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    assert bridge.status(id) == "pending_retry"
    bridge.advance(1800)
    message = bridge.message(id)
    assert (message["status"], message["attempt_count"], message["response_status"]) == ("succeeded", 2, 204)
    assert "last_error" not in message


def test_an_attempt_tells_what_was_sent_and_what_came_back(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 500, "headers": {"X-Trace": "t9"}, "body": "oops", "latency_ms": 250})
    id = bridge.send(bridge.endpoint())
    bridge.advance(1)
    (attempt,) = bridge.attempts(id)
    assert attempt["response_status"] == 500
    assert attempt["response_latency_ms"] == 250
    assert attempt["processing_ms"] >= 250
    assert attempt["response_headers"]["X-Trace"] == "t9"
    assert attempt["request_headers"]["X-Webhook-Id"] == id
    assert attempt["response_body_truncated"] is False
    assert attempt["created_at"] == "2026-01-01T00:00:00.000Z"
    path = attempt["response_body_url"].partition("localhost")[2]
    stored = bridge.get(path)
    assert (stored.status, stored.body) == (200, b"oops")
    assert bridge.get(path.replace(attempt["id"], UNKNOWN_ID)).error == GONE


def test_a_failed_connection_has_a_text_and_no_status(bridge: Bridge) -> None:
    bridge.script("shop", {"error": "refused"})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    (attempt,) = bridge.attempts(id)
    assert attempt["error_text"]
    assert not {"response_status", "response_headers", "response_body_url"} & set(attempt)
    assert bridge.message(id)["last_error"] == attempt["error_text"]


def test_unknown_messages_have_no_attempts(bridge: Bridge, other: Bridge) -> None:
    foreign = other.send(other.endpoint())
    other.settle()
    for id in (UNKNOWN_ID, foreign):
        reply = bridge.get(f"/v1/messages/{id}/attempts")
        assert (reply.status, reply.data, reply.body["meta"]["has_more"]) == (200, [], False)


# --- pause and resume ---------------------------------------------------------


def test_pause_holds_and_resume_sends_at_the_next_poll(bridge: Bridge) -> None:
    endpoint = bridge.endpoint()
    bridge.advance(10)
    before = bridge.send(endpoint)
    paused = bridge.post(f"/v1/endpoints/{endpoint}/pause")
    assert (paused.status, paused.data) == (200, {"id": endpoint, "paused": True})
    assert bridge.get(f"/v1/endpoints/{endpoint}").data["paused"] is True
    after = bridge.send(endpoint)
    assert [bridge.status(before), bridge.status(after)] == ["paused", "paused"]
    bridge.advance(3600)
    assert bridge.received("shop") == []

    resumed = bridge.post(f"/v1/endpoints/{endpoint}/resume")
    assert (resumed.status, resumed.data) == (200, {"id": endpoint, "paused": False, "messages_requeued": 2})
    assert [bridge.status(before), bridge.status(after)] == ["queued", "queued"]
    bridge.advance(49)
    assert bridge.received("shop") == [], "the scheduler polls once a minute"
    bridge.advance(1)
    assert [got.message_id for got in bridge.received("shop")] == [before, after]
    assert [bridge.status(before), bridge.status(after)] == ["succeeded", "succeeded"]


def test_a_retry_that_falls_due_while_paused_is_held_without_an_attempt(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 503, "times": 1}, {"status": 200})
    endpoint = bridge.endpoint()
    id = bridge.send(endpoint)
    bridge.settle()
    bridge.post(f"/v1/endpoints/{endpoint}/pause")
    assert bridge.status(id) == "pending_retry"
    bridge.advance(1800)
    message = bridge.message(id)
    assert (message["status"], message["attempt_count"]) == ("paused", 1)
    assert bridge.post(f"/v1/endpoints/{endpoint}/resume").data["messages_requeued"] == 1
    bridge.advance(60)
    assert bridge.status(id) == "succeeded"


def test_what_is_in_flight_when_the_pause_comes_ends_as_it_would(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 200, "latency_ms": 5000})
    endpoint = bridge.endpoint()
    id = bridge.send(endpoint)
    bridge.advance(1)
    assert bridge.status(id) == "delivering"
    bridge.post(f"/v1/endpoints/{endpoint}/pause")
    assert bridge.status(id) == "delivering"
    bridge.advance(5)
    assert bridge.status(id) == "succeeded"


def test_a_second_pause_or_resume_is_refused_and_changes_nothing(bridge: Bridge) -> None:
    endpoint = bridge.endpoint()
    not_paused = (409, "NOT_PAUSED", "Endpoint is not paused")
    assert bridge.post(f"/v1/endpoints/{endpoint}/resume").error == not_paused
    bridge.post(f"/v1/endpoints/{endpoint}/pause")
    before = bridge.get(f"/v1/endpoints/{endpoint}").data
    bridge.advance(5)
    again = bridge.post(f"/v1/endpoints/{endpoint}/pause")
    assert again.error == (409, "ALREADY_PAUSED", "Endpoint is already paused")
    assert bridge.get(f"/v1/endpoints/{endpoint}").data == before
    assert bridge.post(f"/v1/endpoints/{endpoint}/resume").data["messages_requeued"] == 0
    assert bridge.post(f"/v1/endpoints/{endpoint}/resume").error == not_paused


def test_pausing_one_endpoint_leaves_the_others_alone(bridge: Bridge) -> None:
    one, two = bridge.endpoint("one"), bridge.endpoint("two")
    bridge.post(f"/v1/endpoints/{one}/pause")
    held, sent = bridge.send(one), bridge.send(two)
    bridge.settle()
    assert (bridge.status(held), bridge.status(sent)) == ("paused", "succeeded")


def test_a_rate_limit_puts_deliveries_off_without_using_an_attempt(bridge: Bridge) -> None:
    endpoint = bridge.endpoint(rate_limit_rps=1, burst=1)
    ids = [bridge.send(endpoint) for _ in range(3)]
    bridge.settle()
    assert [bridge.message(id)["attempt_count"] for id in ids] == [1, 0, 0]
    bridge.advance(2)
    assert [bridge.status(id) for id in ids] == ["succeeded"] * 3
    assert [bridge.message(id)["attempt_count"] for id in ids] == [1, 1, 1]


# --- retry now and cancel ------------------------------------------------------


def test_retry_now_brings_the_retry_to_the_next_run(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 503, "times": 1}, {"status": 200})
    id = bridge.send(bridge.endpoint())
    bridge.advance(30)
    reply = bridge.post(f"/v1/messages/{id}/retry-now")
    assert reply.status == 200
    assert list(reply.body) == ["message", "data", "meta"]
    assert reply.body["message"] == "Retry scheduled for immediate pickup"
    assert reply.data == {"message_id": id, "status": "pending_retry"}
    assert bridge.status(id) == "pending_retry"
    bridge.advance(29)
    assert bridge.message(id)["attempt_count"] == 1
    bridge.advance(1)
    assert (bridge.status(id), bridge.message(id)["attempt_count"]) == ("succeeded", 2)


def test_cancel_gives_the_retry_up(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 503})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    reply = bridge.post(f"/v1/messages/{id}/cancel")
    assert (reply.status, reply.data) == (200, {"message_id": id, "status": "failed_permanent"})
    assert list(reply.body) == ["data", "meta"]
    bridge.advance(86400)
    assert bridge.message(id)["attempt_count"] == 1
    assert [row["message_id"] for row in bridge.get("/v1/dlq/messages").data["messages"]] == [id]


def brought_to(bridge: Bridge, status: str) -> str:
    """A message in this status."""
    answers = {"failed_permanent": {"status": 400}, "delivering": {"status": 200, "latency_ms": 9000}}
    bridge.script("shop", answers.get(status, {"status": 503 if status == "pending_retry" else 200}))
    endpoint = bridge.endpoint()
    if status == "paused":
        bridge.post(f"/v1/endpoints/{endpoint}/pause")
    id = bridge.send(endpoint)
    if status != "queued":
        bridge.settle()
    assert bridge.status(id) == status
    return id


@pytest.mark.parametrize("verb", ["retry-now", "cancel"])
@pytest.mark.parametrize("status", ["queued", "delivering", "succeeded", "failed_permanent", "paused"])
def test_only_a_pending_retry_can_be_hurried_or_cancelled(bridge: Bridge, verb: str, status: str) -> None:
    id = brought_to(bridge, status)
    before = bridge.message(id)
    text = f"Message is not in pending_retry status (current: {status})"
    assert bridge.post(f"/v1/messages/{id}/{verb}").error == (400, "INVALID_STATUS", text)
    assert bridge.message(id) == before


# --- replay --------------------------------------------------------------------


@pytest.mark.parametrize("status", ["succeeded", "failed_permanent", "pending_retry"])
def test_a_replay_sends_the_same_payload_again(bridge: Bridge, status: str) -> None:
    id = brought_to(bridge, status)
    bridge.script("shop", {"status": 200})
    reply = bridge.post(f"/v1/messages/{id}/replay")
    assert reply.status == 200
    assert reply.body["message"] == "Message queued for replay"
    assert reply.data == {"message_id": id, "status": "queued"}
    assert bridge.status(id) == "queued"
    bridge.settle()
    message = bridge.message(id)
    assert (message["status"], message["replay_count"], message["attempt_count"]) == ("succeeded", 1, 2)
    bodies = {got.body for got in bridge.received("shop")}
    assert bodies == {b'{"n": 1}'}


def test_a_replayed_message_climbs_the_whole_ladder_again(bridge: Bridge) -> None:
    id = brought_to(bridge, "failed_permanent")
    bridge.script("shop", {"status": 503})
    bridge.post(f"/v1/messages/{id}/replay")
    bridge.advance(sum(SLOW_S))
    message = bridge.message(id)
    assert (message["status"], message["attempt_count"]) == ("failed_permanent", 9)


@pytest.mark.parametrize("status", ["queued", "delivering", "paused"])
def test_what_is_on_its_way_cannot_be_replayed(bridge: Bridge, status: str) -> None:
    id = brought_to(bridge, status)
    before = bridge.message(id)
    error = (409, "DELIVERY_IN_PROGRESS", "Message is currently being delivered")
    assert bridge.post(f"/v1/messages/{id}/replay").error == error
    assert bridge.message(id) == before


def test_a_fast_retry_must_end_before_a_replay(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 429})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    before = bridge.message(id)
    assert bridge.post(f"/v1/messages/{id}/replay").error == (
        409,
        "RETRY_IN_PROGRESS",
        "Message is in active fast retry; wait for retries to complete or fail before replaying",
    )
    assert bridge.message(id) == before


def test_ten_replays_and_no_more_but_dead_letters_know_no_limit(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 400})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    for _ in range(10):
        assert bridge.post(f"/v1/messages/{id}/replay").status == 200
        bridge.settle()
    before = bridge.message(id)
    assert before["replay_count"] == 10
    limit = (429, "REPLAY_LIMIT_EXCEEDED", "Message has already been replayed the maximum number of times")
    assert bridge.post(f"/v1/messages/{id}/replay").error == limit
    assert bridge.message(id) == before
    reply = bridge.post(f"/v1/dlq/replay/{id}")
    assert (reply.status, reply.data) == (200, {"message_id": id, "status": "replayed"})
    assert list(reply.body) == ["data", "meta"]
    bridge.settle()
    assert bridge.message(id)["attempt_count"] == 12


def test_retention_counts_from_the_first_delivery_and_a_replay_does_not_extend_it(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 503, "times": 1}, {"status": 200})
    id = bridge.send(bridge.endpoint(), retention_hours=1)
    bridge.advance(1800)
    assert bridge.message(id)["delivered_at"] == "2026-01-01T00:30:00.000Z"
    bridge.advance(3600 - 1)
    assert bridge.post(f"/v1/messages/{id}/replay").status == 200
    bridge.settle()
    bridge.advance(1)
    assert bridge.post(f"/v1/messages/{id}/replay").error == (
        410,
        "RETENTION_EXPIRED",
        "Message retention period has expired and payload is no longer available for replay",
    )
    assert bridge.message(id)["replay_count"] == 1


def test_a_payload_that_was_swept_cannot_be_replayed(bridge: Bridge) -> None:
    id = brought_to(bridge, "succeeded")
    bridge.project.desk.sweep_payload(id)
    gone = (410, "PAYLOAD_UNAVAILABLE", "Message payload is no longer available for replay")
    assert bridge.post(f"/v1/messages/{id}/replay").error == gone


def test_a_deleted_message_stays_readable_and_cannot_be_replayed(bridge: Bridge) -> None:
    id = brought_to(bridge, "pending_retry")
    bridge.project.desk.delete_message(id, by="key_1")
    message = bridge.message(id)
    assert message["status"] == "pending_retry"
    assert message["deleted_at"] == "2026-01-01T00:00:00.000Z"
    assert message["deleted_by_api_key_id"] == "key_1"
    assert bridge.post(f"/v1/messages/{id}/replay").error == (
        410,
        "MESSAGE_DELETED",
        "Message was deleted and payload is no longer available for replay",
    )
    assert bridge.post(f"/v1/messages/{id}/retry-now").error == GONE
    assert bridge.post(f"/v1/messages/{id}/cancel").error == GONE


def test_the_reasons_against_a_replay_have_an_order(bridge: Bridge) -> None:
    """Deleted before expired, expired before in progress."""
    bridge.script("shop", {"status": 429})
    id = bridge.send(bridge.endpoint(), retention_hours=1)
    bridge.settle()
    bridge.project.desk.sweep_payload(id)
    assert bridge.post(f"/v1/messages/{id}/replay").error[1] == "PAYLOAD_UNAVAILABLE"
    bridge.advance(3600)
    assert bridge.post(f"/v1/messages/{id}/replay").error[1] == "RETENTION_EXPIRED"
    bridge.project.desk.delete_message(id)
    assert bridge.post(f"/v1/messages/{id}/replay").error[1] == "MESSAGE_DELETED"


def test_a_replay_to_a_deleted_endpoint_is_not_possible(bridge: Bridge) -> None:
    id = brought_to(bridge, "succeeded")
    bridge.call("DELETE", f"/v1/endpoints/{bridge.message(id)['endpoint_id']}")
    assert bridge.post(f"/v1/messages/{id}/replay").error[:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize("status", ["queued", "delivering", "succeeded", "pending_retry", "paused"])
def test_only_dead_letters_are_replayed_from_the_dead_letters(bridge: Bridge, status: str) -> None:
    id = brought_to(bridge, status)
    before = bridge.message(id)
    text = "message is not in DLQ (must have failed_permanent status)"
    assert bridge.post(f"/v1/dlq/replay/{id}").error == (400, "INVALID_REQUEST", text)
    assert bridge.message(id) == before


@pytest.mark.parametrize("id", [UNKNOWN_ID, "not-a-uuid"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/messages/{}"),
        ("POST", "/v1/messages/{}/replay"),
        ("POST", "/v1/messages/{}/retry-now"),
        ("POST", "/v1/messages/{}/cancel"),
        ("POST", "/v1/dlq/replay/{}"),
        ("GET", "/v1/inbound-messages/{}"),
        ("POST", "/v1/inbound-messages/{}/replay"),
    ],
)
def test_an_unknown_message_is_not_found(bridge: Bridge, method: str, path: str, id: str) -> None:
    assert bridge.call(method, path.format(id)).error == GONE


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/replay"), ("POST", "/retry-now"), ("POST", "/cancel")],
)
def test_another_projects_message_is_not_found(bridge: Bridge, other: Bridge, method: str, path: str) -> None:
    id = brought_to(other, "pending_retry")
    assert bridge.call(method, f"/v1/messages/{id}{path}").error == GONE
    assert other.status(id) == "pending_retry"

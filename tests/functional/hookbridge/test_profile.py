"""Every switch: with its other reading the answer is the other one. Defaults are tested everywhere else."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest

from functional.hookbridge.driver import UNKNOWN_ENDPOINT, Bridge
from hooktop.mockserver.hookbridge.profile import PROFILE

NewBridge = Callable[..., Bridge]


@pytest.fixture
def switched(new_bridge: NewBridge) -> Callable[[str, str], Bridge]:
    """A project with one switch on its other reading; answers outside the document are the point."""

    def make(name: str, value: str) -> Bridge:
        return new_bridge(judged=False, profile={name: value})

    return make


Switched = Callable[[str, str], Bridge]


@pytest.mark.parametrize("id", [UNKNOWN_ENDPOINT, "ep_nonexistent_12345"])
def test_unknown_endpoint_on_send(switched: Switched, id: str) -> None:
    bridge = switched("unknown_endpoint_on_send", "404")
    reply = bridge.post("/v1/webhooks/send", {"endpoint_id": id, "payload": {}})
    assert reply.error == (404, "ENDPOINT_NOT_FOUND", "endpoint not found")
    malformed = bridge.post("/v1/webhooks/send", {"endpoint_id": "shop", "payload": {}})
    assert malformed.error == (400, "INVALID_REQUEST", "endpoint_id must be in format ep_xxx")


def test_not_found_text(switched: Switched) -> None:
    bridge = switched("not_found_text", "by_resource")
    assert bridge.get(f"/v1/endpoints/{UNKNOWN_ENDPOINT}").error == (404, "NOT_FOUND", "Endpoint not found")
    assert bridge.get("/v1/messages/x").error == (404, "NOT_FOUND", "Message not found")


def test_paused_status(switched: Switched) -> None:
    bridge = switched("paused_status", "queued")
    endpoint = bridge.endpoint()
    bridge.post(f"/v1/endpoints/{endpoint}/pause")
    id = bridge.send(endpoint)
    assert bridge.status(id) == "queued"
    assert [row["message_id"] for row in bridge.get("/v1/logs?status=queued").data] == [id]


def test_bad_url_code(switched: Switched) -> None:
    bridge = switched("bad_url_code", "INVALID_ENDPOINT")
    error = (400, "INVALID_ENDPOINT", "endpoint must be a valid HTTPS URL")
    assert bridge.post("/v1/endpoints", {"url": "http://customer.app/x"}).error == error


def test_replay_succeeded(switched: Switched) -> None:
    bridge = switched("replay_succeeded", "refused")
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    error = (409, "ALREADY_DELIVERED", "Message has already been delivered")
    assert bridge.post(f"/v1/messages/{id}/replay").error == error


def test_delete_answer(switched: Switched) -> None:
    bridge = switched("delete_answer", "204")
    reply = bridge.call("DELETE", f"/v1/endpoints/{bridge.endpoint()}")
    assert (reply.status, reply.body) == (204, b"")


def test_update_answer(switched: Switched) -> None:
    bridge = switched("update_answer", "whole")
    id = bridge.endpoint()
    reply = bridge.call("PATCH", f"/v1/endpoints/{id}", {"description": "new"})
    assert reply.data == bridge.get(f"/v1/endpoints/{id}").data


def dead(bridge: Bridge) -> str:
    bridge.script("shop", {"status": 400})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    return id


def test_dlq_replay_status(switched: Switched) -> None:
    bridge = switched("dlq_replay_status", "queued")
    assert bridge.post(f"/v1/dlq/replay/{dead(bridge)}").data["status"] == "queued"


def test_dlq_item(switched: Switched) -> None:
    bridge = switched("dlq_item", "failed_at")
    dead(bridge)
    (letter,) = bridge.get("/v1/dlq/messages").data["messages"]
    assert "status" not in letter
    assert letter["failed_at"] == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize("verb", ["retry-now", "cancel"])
def test_retry_answer(switched: Switched, verb: str) -> None:
    bridge = switched("retry_answer", "message")
    bridge.script("shop", {"status": 503})
    id = bridge.send(bridge.endpoint())
    bridge.settle()
    assert bridge.post(f"/v1/messages/{id}/{verb}").data == bridge.message(id)


def test_zero_rate(switched: Switched) -> None:
    bridge = switched("zero_rate", "refused")
    error = (400, "INVALID_REQUEST", "rate_limit_rps must be between 1 and 1000")
    body = {"url": "https://customer.app/x", "rate_limit_rps": 0}
    assert bridge.post("/v1/endpoints", body).error == error


def test_ingest_url_again(switched: Switched) -> None:
    bridge = switched("ingest_url_again", "once")
    made = bridge.inbound()
    assert "ingest_url" in made
    assert "ingest_url" not in bridge.get(f"/v1/inbound-endpoints/{made['id']}").data
    assert "ingest_url" not in bridge.get("/v1/inbound-endpoints").data[0]


def test_endpoint_list_has_more(switched: Switched) -> None:
    bridge = switched("endpoint_list_has_more", "present")
    bridge.endpoint("one")
    bridge.endpoint("two")
    assert bridge.get("/v1/endpoints?limit=1").body["meta"]["has_more"] is True
    assert bridge.get("/v1/endpoints").body["meta"]["has_more"] is False


def test_inbound_repeat_pause(switched: Switched, bridge: Bridge) -> None:
    strict = switched("inbound_repeat_pause", "conflict")
    id = strict.inbound()["id"]
    not_paused = (409, "NOT_PAUSED", "Endpoint is not paused")
    assert strict.post(f"/v1/inbound-endpoints/{id}/resume").error == not_paused
    strict.post(f"/v1/inbound-endpoints/{id}/pause")
    again = strict.post(f"/v1/inbound-endpoints/{id}/pause")
    assert again.error == (409, "ALREADY_PAUSED", "Endpoint is already paused")
    id = bridge.inbound()["id"]
    for verb, paused in [("resume", False), ("pause", True), ("pause", True)]:
        reply = bridge.post(f"/v1/inbound-endpoints/{id}/{verb}")
        assert (reply.status, reply.data) == (200, {"id": id, "paused": paused})


def test_inbound_duplicate_url(switched: Switched, bridge: Bridge) -> None:
    strict = switched("inbound_duplicate_url", "refused")
    body = {"url": "https://customer.app/in"}
    assert strict.post("/v1/inbound-endpoints", body).status == 201
    error = (409, "DUPLICATE_URL", "an endpoint with this URL already exists")
    assert strict.post("/v1/inbound-endpoints", body).error == error
    assert [bridge.post("/v1/inbound-endpoints", body).status for _ in range(2)] == [201, 201]


def test_inbound_hmac_content(switched: Switched) -> None:
    bridge = switched("inbound_hmac_content", "timestamp.body")
    made = bridge.inbound(
        verify_hmac=True, hmac_header_name="X-Sig", hmac_secret="shh", timestamp_header_name="X-Time"
    )
    signed = hmac.new(b"shh", b"5.{}", hashlib.sha256).hexdigest()
    assert bridge.knock(made, headers={"X-Sig": signed, "X-Time": "5"}).status == 202


@pytest.mark.parametrize("payload", [[1], "text", 7, None])
def test_payload_type(switched: Switched, payload: object) -> None:
    bridge = switched("payload_type", "any")
    body = {"endpoint_id": bridge.endpoint(), "payload": payload}
    assert bridge.post("/v1/webhooks/send", body).status == 202


def test_metrics_24h_bucket(switched: Switched) -> None:
    bridge = switched("metrics_24h_bucket", "15m")
    assert len(bridge.get("/v1/metrics/timeseries").data["buckets"]) == 96


def test_no_switch_is_left_out_here() -> None:
    assert {name.removeprefix("test_") for name in globals()} >= set(PROFILE)

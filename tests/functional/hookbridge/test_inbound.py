"""Inbound: endpoints, the public door with its checks, forwarding, replay, logs."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

import pytest

from functional.hookbridge.driver import UNKNOWN_ID, Bridge

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
GONE = (404, "NOT_FOUND", "Message not found")
UNKNOWN = (404, "ENDPOINT_NOT_FOUND", "endpoint not found")
FAILED = (401, "UNAUTHORIZED", "Webhook verification failed")
BODY = b'{"id":"evt_1"}'


def inbound_message(bridge: Bridge, id: str) -> dict[str, Any]:
    return dict(bridge.get(f"/v1/inbound-messages/{id}").data)


def test_create_tells_address_and_secrets_once(bridge: Bridge) -> None:
    made = bridge.inbound(signing_enabled=True)
    assert re.fullmatch(UUID, made["id"])
    assert re.fullmatch(r"[a-z0-9]{32}", made["secret_token"])
    path = f"/v1/webhooks/receive/{made['id']}/{made['secret_token']}"
    assert made["ingest_url"].endswith(path)
    assert made["signing_secret"].startswith("whsec_")
    assert made["key_hint"] == made["signing_secret"][-4:]
    assert made["mode"] == "forward"
    assert "signing_secret" not in bridge.inbound("other")


def test_get_shows_the_settings_and_no_secret_of_a_check(bridge: Bridge) -> None:
    made = bridge.inbound(
        description="Receives Stripe payment events",
        verify_hmac=True,
        hmac_header_name="X-Signature",
        hmac_secret="whsec_abc123",
        verify_static_token=True,
        token_header_name="X-Token",
        token_value="my-secret-token",
        idempotency_header_names=["X-A", "X-B"],
        ingest_response_code=200,
    )
    shown = bridge.get(f"/v1/inbound-endpoints/{made['id']}").data
    assert shown == {
        "id": made["id"],
        "name": "stripe",
        "description": "Receives Stripe payment events",
        "url": "https://stripe.receiver.example/in",
        "mode": "forward",
        "ephemeral": False,
        "active": True,
        "paused": False,
        "verify_static_token": True,
        "verify_hmac": True,
        "verify_ip_allowlist": False,
        "ingest_response_code": 200,
        "idempotency_header_names": ["X-A", "X-B"],
        "signing_enabled": False,
        "ingest_url": made["ingest_url"],
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
    }
    assert "whsec_abc123" not in str(shown)
    assert "my-secret-token" not in str(shown)


CREATE_REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "forward without url": ({"name": "x"}, "endpoint must be a valid HTTPS URL"),
    "cli with a bad url": (
        {"mode": "cli", "url": "http://a.example/x"},
        "endpoint must be a valid HTTPS URL",
    ),
    "unknown mode": ({"mode": "push"}, "mode must be one of: forward, cli"),
    "pull has its own resource": ({"mode": "pull"}, "mode must be one of: forward, cli"),
    "name too long": ({"mode": "cli", "name": "x" * 256}, "name must be at most 255 characters"),
    "token without place": (
        {"mode": "cli", "verify_static_token": True, "token_value": "x"},
        "verify_static_token requires token_header_name or token_query_param",
    ),
    "token without value": (
        {"mode": "cli", "verify_static_token": True, "token_header_name": "X"},
        "verify_static_token requires token_value",
    ),
    "hmac without secret": (
        {"mode": "cli", "verify_hmac": True, "hmac_header_name": "X"},
        "verify_hmac requires hmac_header_name and hmac_secret",
    ),
    "no boolean": ({"mode": "cli", "verify_hmac": "yes"}, "verify_hmac must be a boolean"),
    "ttl of the timestamp": (
        {"mode": "cli", "timestamp_ttl_seconds": 0},
        "timestamp_ttl_seconds must be between 1 and 31536000",
    ),
    "allowlist empty": (
        {"mode": "cli", "verify_ip_allowlist": True},
        "verify_ip_allowlist requires allowed_cidrs",
    ),
    "bad cidr": (
        {"mode": "cli", "allowed_cidrs": ["10.0.0.0/33"]},
        "allowed_cidrs contains an invalid CIDR: 10.0.0.0/33",
    ),
    "cidrs no list": (
        {"mode": "cli", "allowed_cidrs": "10.0.0.0/8"},
        "allowed_cidrs must be an array of strings",
    ),
    "answer no success": (
        {"mode": "cli", "ingest_response_code": 302},
        "ingest_response_code must be between 200 and 299",
    ),
    "ttl without ephemeral": ({"mode": "cli", "ttl_minutes": 5}, "ttl_minutes requires ephemeral"),
    "ttl too long": (
        {"mode": "cli", "ephemeral": True, "ttl_minutes": 1441},
        "ttl_minutes must be between 1 and 1440",
    ),
}


@pytest.mark.parametrize(("body", "text"), CREATE_REFUSALS.values(), ids=CREATE_REFUSALS.keys())
def test_create_refuses(bridge: Bridge, body: dict[str, Any], text: str) -> None:
    assert bridge.post("/v1/inbound-endpoints", body).error == (400, "INVALID_REQUEST", text)
    assert bridge.get("/v1/inbound-endpoints").data == []


@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_list_gives_every_inbound_endpoint_once_and_no_outbound_one(bridge: Bridge, size: int) -> None:
    bridge.endpoint()
    made = [bridge.inbound(f"in-{number}")["id"] for number in range(5)]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        reply = bridge.get(f"/v1/inbound-endpoints?limit={size}" + (f"&cursor={cursor}" if cursor else ""))
        seen += [row["id"] for row in reply.data]
        cursor = reply.body["meta"]["next_cursor"]
    assert seen == made[::-1]
    assert [row["url"] for row in bridge.get("/v1/endpoints").data] == ["https://shop.receiver.example/in"]


@pytest.mark.parametrize("id", [UNKNOWN_ID, "not-a-uuid"])
@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/pause"), ("POST", "/resume")])
def test_an_unknown_inbound_endpoint_is_not_found(bridge: Bridge, method: str, path: str, id: str) -> None:
    assert bridge.call(method, f"/v1/inbound-endpoints/{id}{path}").error == GONE


def test_directions_do_not_mix(bridge: Bridge) -> None:
    made = bridge.inbound()
    message = bridge.knock(made).data["message_id"]
    bridge.settle()
    assert bridge.get(f"/v1/messages/{message}").error == GONE
    assert bridge.get(f"/v1/messages/{message}/attempts").data == []
    assert bridge.post(f"/v1/messages/{message}/replay").error == GONE
    assert bridge.get("/v1/logs").data == []
    outbound = bridge.send(bridge.endpoint())
    assert bridge.get(f"/v1/inbound-messages/{outbound}").error == GONE
    assert bridge.get("/v1/inbound-logs").data[0]["message_id"] == message
    assert bridge.get("/v1/metrics").data["total_messages"] == 1


# --- the door ------------------------------------------------------------------------


def test_a_webhook_is_stored_and_forwarded_as_it_came(bridge: Bridge) -> None:
    made = bridge.inbound()
    headers = {"Content-Type": "application/xml", "X-Event": "paid", "Stripe-Signature": "t=1"}
    reply = bridge.knock(made, b"<paid/>", headers=headers)
    assert reply.status == 202
    assert set(reply.data) == {"message_id"}
    id = reply.data["message_id"]
    assert inbound_message(bridge, id)["status"] == "queued"
    bridge.advance(1)
    (got,) = bridge.received("stripe")
    assert got.body == b"<paid/>"
    assert got.headers["Content-Type"] == "application/xml"
    assert got.headers["X-Event"] == "paid"
    assert got.headers["Stripe-Signature"] == "t=1"
    assert not {"Host", "Content-Length", "X-Webhook-Signature"} & set(got.headers)
    message = inbound_message(bridge, id)
    assert message["status"] == "succeeded"
    assert message["inbound_endpoint_id"] == made["id"]
    assert message["content_type"] == "application/xml"
    assert message["size_bytes"] == 7
    assert message["queue_wait_ms"] == 0
    assert message["received_at"] == message["delivered_at"] == "2026-01-01T00:00:00.000Z"
    (attempt,) = bridge.get(f"/v1/inbound-messages/{id}/attempts").data
    assert (attempt["attempt_no"], attempt["response_status"]) == (1, 200)
    assert "processing_ms" not in attempt
    (row,) = bridge.get("/v1/inbound-logs").data
    assert row["endpoint"] == "https://stripe.receiver.example/in"
    assert row["total_delivery_ms"] == 0


def test_forwarded_webhooks_are_signed_on_demand(bridge: Bridge) -> None:
    made = bridge.inbound(signing_enabled=True)
    bridge.knock(made, BODY)
    bridge.settle()
    (got,) = bridge.received("stripe")
    signed = got.headers["X-Webhook-Timestamp"].encode() + b"." + BODY
    expected = hmac.new(made["signing_secret"].encode(), signed, hashlib.sha256).hexdigest()
    assert got.headers["X-Webhook-Signature"] == f"sha256={expected}"


def test_the_answer_to_the_provider_can_be_chosen(bridge: Bridge) -> None:
    assert bridge.knock(bridge.inbound(ingest_response_code=204 - 4)).status == 200


@pytest.mark.parametrize(
    ("path", "error", "reason"),
    [
        (f"/v1/webhooks/receive/{UNKNOWN_ID}/token", UNKNOWN, "endpoint_not_found"),
        ("/v1/webhooks/receive/nonsense/token", UNKNOWN, "endpoint_not_found"),
        ("/v1/webhooks/receive/{id}/wrong", FAILED, "invalid_secret"),
    ],
)
def test_who_does_not_know_the_address_does_not_get_in(
    bridge: Bridge, path: str, error: tuple[int, str, str], reason: str
) -> None:
    made = bridge.inbound()
    reply = bridge.call("POST", path.format(id=made["id"]), raw=BODY, key=None)
    assert reply.error == error
    assert reply.body["error"]["details"]["reason_code"] == reason
    assert bridge.get("/v1/inbound-logs").data == []


def test_an_outbound_endpoint_has_no_door(bridge: Bridge) -> None:
    reply = bridge.call("POST", f"/v1/webhooks/receive/{bridge.endpoint()}/x", raw=BODY, key=None)
    assert reply.error == UNKNOWN


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_webhooks_come_by_post_only(bridge: Bridge, method: str) -> None:
    path = "/v1" + bridge.inbound()["ingest_url"].partition("/v1")[2]
    bridge.judged = False
    reply = bridge.call(method, path, raw=BODY, key=None)
    assert reply.error[:2] == (405, "METHOD_NOT_ALLOWED")
    assert reply.headers["Allow"] == "POST"
    assert reply.body["error"]["details"] == {"reason_code": "invalid_method"}


def test_a_static_token_is_checked(bridge: Bridge) -> None:
    made = bridge.inbound(
        verify_static_token=True, token_header_name="X-Token", token_query_param="token", token_value="open"
    )
    assert bridge.knock(made, headers={"X-Token": "open"}).status == 202
    assert bridge.knock(made, query="?token=open").status == 202
    refused = bridge.knock(made, headers={"X-Token": "closed"})
    assert refused.error == FAILED
    assert refused.body["error"]["details"]["reason_code"] == "static_token_failed"
    assert len(bridge.get("/v1/inbound-logs").data) == 2


def test_a_signature_and_its_time_are_checked(bridge: Bridge) -> None:
    made = bridge.inbound(
        verify_hmac=True,
        hmac_header_name="X-Signature",
        hmac_secret="shh",
        timestamp_header_name="X-Time",
        timestamp_ttl_seconds=300,
    )
    right = hmac.new(b"shh", BODY, hashlib.sha256).hexdigest()
    now = str(bridge.now // 1000)
    assert bridge.knock(made, BODY, headers={"X-Signature": right, "X-Time": now}).status == 202
    assert bridge.knock(made, BODY + b" ", headers={"X-Signature": right, "X-Time": now}).error == FAILED
    bridge.advance(301)
    stale = bridge.knock(made, BODY, headers={"X-Signature": right, "X-Time": now})
    assert stale.error == FAILED
    assert "X-Time" in stale.body["error"]["details"]["reason_detail"]


def test_the_senders_address_is_checked(bridge: Bridge) -> None:
    made = bridge.inbound(verify_ip_allowlist=True, allowed_cidrs=["203.0.113.0/24"])
    assert bridge.knock(made, peer="203.0.113.9").status == 202
    refused = bridge.knock(made, peer="198.51.100.1")
    assert refused.error == (403, "FORBIDDEN", "Source address is not allowed")


def test_a_too_large_webhook_is_refused(bridge: Bridge) -> None:
    made = bridge.inbound()
    assert bridge.knock(made, b"x" * 1024 * 1024).status == 202
    refused = bridge.knock(made, b"x" * (1024 * 1024 + 1))
    assert refused.error == (413, "PAYLOAD_TOO_LARGE", "payload exceeds the maximum size of 1 MB")


def test_a_duplicate_gets_the_first_id_and_is_not_forwarded(bridge: Bridge) -> None:
    made = bridge.inbound(idempotency_header_names=["X-Event-Id"])
    first = bridge.knock(made, BODY, headers={"X-Event-Id": "evt_1"}).data["message_id"]
    again = bridge.knock(made, BODY, headers={"X-Event-Id": "evt_1"})
    assert (again.status, again.data["message_id"]) == (202, first)
    changed = bridge.knock(made, b'{"id":"other"}', headers={"X-Event-Id": "evt_1"})
    assert (changed.status, changed.data["message_id"]) == (202, first)
    other = bridge.knock(made, BODY, headers={"X-Event-Id": "evt_2"}).data["message_id"]
    unnamed = {bridge.knock(made, BODY).data["message_id"] for _ in range(2)}
    bridge.settle()
    assert len({first, other} | unnamed) == 4
    assert len(bridge.received("stripe")) == 4


def test_a_paused_endpoint_refuses_at_the_door_and_what_is_in_goes_on(bridge: Bridge) -> None:
    made = bridge.inbound()
    id = bridge.knock(made).data["message_id"]
    paused = bridge.post(f"/v1/inbound-endpoints/{made['id']}/pause")
    assert (paused.status, paused.data) == (200, {"id": made["id"], "paused": True})
    assert bridge.get(f"/v1/inbound-endpoints/{made['id']}").data["paused"] is True
    assert bridge.knock(made).error == (503, "ENDPOINT_PAUSED", "Endpoint is paused")
    bridge.settle()
    assert inbound_message(bridge, id)["status"] == "succeeded"
    resumed = bridge.post(f"/v1/inbound-endpoints/{made['id']}/resume")
    assert (resumed.status, resumed.data) == (200, {"id": made["id"], "paused": False})
    assert bridge.knock(made).status == 202
    assert len(bridge.get("/v1/inbound-logs").data) == 2, "what was refused is not there"


def test_in_cli_mode_webhooks_wait(bridge: Bridge) -> None:
    made = bridge.inbound(mode="cli")
    assert (made["url"], made["mode"]) == ("", "cli")
    id = bridge.knock(made, BODY).data["message_id"]
    bridge.advance(86400)
    assert inbound_message(bridge, id)["status"] == "queued"
    assert inbound_message(bridge, id)["attempt_count"] == 0


def test_an_ephemeral_endpoint_closes_its_door_in_time(bridge: Bridge) -> None:
    made = bridge.inbound(mode="cli", ephemeral=True, ttl_minutes=60)
    shown = bridge.get(f"/v1/inbound-endpoints/{made['id']}").data
    assert (shown["ephemeral"], shown["expires_at"]) == (True, "2026-01-01T01:00:00.000Z")
    bridge.advance(3599)
    assert bridge.knock(made).status == 202
    bridge.advance(1)
    assert bridge.knock(made).error == UNKNOWN


# --- forwarding ------------------------------------------------------------------------


def test_a_failed_forward_is_tried_again_and_can_be_replayed(bridge: Bridge) -> None:
    bridge.script("stripe", {"status": 503, "times": 1}, {"status": 200})
    made = bridge.inbound()
    id = bridge.knock(made, BODY).data["message_id"]
    bridge.settle()
    message = inbound_message(bridge, id)
    assert (message["status"], message["next_attempt_at"]) == ("pending_retry", "2026-01-01T00:30:00.000Z")
    reply = bridge.post(f"/v1/inbound-messages/{id}/replay")
    assert reply.status == 200
    assert reply.body["message"] == "Inbound message queued for replay"
    assert reply.data == {"message_id": id, "status": "queued"}
    bridge.settle()
    message = inbound_message(bridge, id)
    assert (message["status"], message["replay_count"], message["attempt_count"]) == ("succeeded", 1, 2)
    assert bridge.post(f"/v1/inbound-messages/{id}/replay").status == 200, "a delivered one too"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            {"status": 429},
            (
                409,
                "RETRY_IN_PROGRESS",
                "Message is in active fast retry; wait for retries to complete or fail before replaying",
            ),
        ),
        (
            {"status": 200, "latency_ms": 60_000},
            (409, "DELIVERY_IN_PROGRESS", "Message is currently being delivered"),
        ),
    ],
)
def test_a_forward_under_way_cannot_be_replayed(
    bridge: Bridge, answer: dict[str, Any], error: tuple[int, str, str]
) -> None:
    bridge.script("stripe", answer)
    id = bridge.knock(bridge.inbound()).data["message_id"]
    bridge.settle()
    assert bridge.post(f"/v1/inbound-messages/{id}/replay").error == error


def test_inbound_replays_have_a_limit_and_need_the_payload(bridge: Bridge) -> None:
    id = bridge.knock(bridge.inbound()).data["message_id"]
    bridge.settle()
    for _ in range(10):
        assert bridge.post(f"/v1/inbound-messages/{id}/replay").status == 200
        bridge.settle()
    limit = (429, "REPLAY_LIMIT_EXCEEDED", "Message has already been replayed the maximum number of times")
    assert bridge.post(f"/v1/inbound-messages/{id}/replay").error == limit
    bridge.advance(31 * 86400)
    assert bridge.post(f"/v1/inbound-messages/{id}/replay").error[:2] == (410, "RETENTION_EXPIRED")


def test_inbound_logs_filter_and_page(bridge: Bridge) -> None:
    bridge.script("bad", {"status": 400})
    good, bad = bridge.inbound("good"), bridge.inbound("bad")
    made = {"good": [], "bad": []}
    for _ in range(3):
        made["good"].append(bridge.knock(good).data["message_id"])
        made["bad"].append(bridge.knock(bad).data["message_id"])
        bridge.advance(1)
    failed = bridge.get("/v1/inbound-logs?status=failed_permanent").data
    assert [row["message_id"] for row in failed] == made["bad"][::-1]
    first = bridge.get(f"/v1/inbound-logs?inbound_endpoint_id={good['id']}&limit=2")
    assert first.body["meta"]["has_more"] is True
    rest = bridge.get(
        f"/v1/inbound-logs?inbound_endpoint_id={good['id']}&limit=2&cursor={first.body['meta']['next_cursor']}"
    )
    assert [row["message_id"] for row in (*first.data, *rest.data)] == made["good"][::-1]
    assert rest.body["meta"]["has_more"] is False

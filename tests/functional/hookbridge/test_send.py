"""Sending: what is taken, what arrives at the receiver, and every refusal."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any

import pytest

from functional.hookbridge.driver import UNKNOWN_ENDPOINT, Bridge

SEND = "/v1/webhooks/send"
BAD_PAYLOAD = (400, "INVALID_REQUEST", "payload must be valid JSON")
BAD_ID = (400, "INVALID_REQUEST", "endpoint_id must be in format ep_xxx")


def test_a_send_is_queued_and_then_delivered_signed(bridge: Bridge) -> None:
    made = bridge.post(
        "/v1/endpoints", {"url": "https://shop.receiver.example/in", "headers": {"X-Env": "prod"}}
    ).data
    raw = b'{"endpoint_id":"%s","headers":{"X-Tenant-Id":"t1"},"payload": {"b": 1.10,  "a":"\\u00e9"} }' % (
        made["id"].encode()
    )
    reply = bridge.post(SEND, raw=raw)
    assert reply.status == 202
    assert reply.data["status"] == "queued"
    id = reply.data["message_id"]
    assert bridge.status(id) == "queued"

    bridge.settle()
    (got,) = bridge.received("shop")
    assert got.body == b'{"b": 1.10,  "a":"\\u00e9"}', "the receiver gets exactly what the producer wrote"
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["X-Env"] == "prod"
    assert got.headers["X-Tenant-Id"] == "t1"
    assert got.headers["X-Webhook-Id"] == id
    assert got.headers["X-Webhook-Timestamp"] == str(bridge.now // 1000)
    signed = got.headers["X-Webhook-Timestamp"].encode() + b"." + got.body
    expected = hmac.new(made["signing_secret"].encode(), signed, hashlib.sha256).hexdigest()
    assert got.headers["X-Webhook-Signature"] == f"sha256={expected}"

    message = bridge.message(id)
    assert message["status"] == "succeeded"
    assert message["endpoint_id"] == made["id"]
    assert message["attempt_count"] == 1
    assert message["replay_count"] == 0
    assert message["size_bytes"] == len(got.body)
    assert message["payload_sha256"] == hashlib.sha256(got.body).hexdigest()
    assert message["response_status"] == 200
    assert not {"next_attempt_at", "last_error", "idempotency_key", "deleted_at"} & set(message)


def test_a_retry_carries_the_time_of_the_original_send(bridge: Bridge) -> None:
    bridge.script("shop", {"status": 500, "times": 1}, {"status": 200})
    bridge.send(bridge.endpoint())
    bridge.advance(1800)
    first, second = (got.headers["X-Webhook-Timestamp"] for got in bridge.received("shop"))
    assert first == second
    assert [
        bridge.project.dialect.verify(got.endpoint, got.headers, got.body) for got in bridge.received("shop")
    ] == ["valid"] * 2


def test_the_same_key_with_the_same_payload_is_the_first_message(bridge: Bridge) -> None:
    id = bridge.endpoint()
    first = bridge.send(id, {"a": 1}, idempotency_key="order-1")
    bridge.settle()
    assert bridge.send(id, {"a": 1}, idempotency_key="order-1") == first
    bridge.settle()
    assert len(bridge.received("shop")) == 1
    assert bridge.message(first)["idempotency_key"] == "order-1"
    refused = bridge.post(SEND, {"endpoint_id": id, "payload": {"a": 2}, "idempotency_key": "order-1"})
    assert refused.error == (
        409,
        "IDEMPOTENCY_MISMATCH",
        "Idempotency key already used with different payload",
    )
    assert len(bridge.get("/v1/logs").data) == 1


def test_a_key_belongs_to_one_endpoint_and_no_key_is_always_new(bridge: Bridge) -> None:
    one, two = bridge.endpoint("one"), bridge.endpoint("two")
    assert bridge.send(one, idempotency_key="k") != bridge.send(two, idempotency_key="k")
    assert bridge.send(one) != bridge.send(one)


def test_retention_can_only_be_shortened(bridge: Bridge) -> None:
    endpoint = bridge.endpoint()
    short = bridge.send(endpoint, retention_hours=1)
    long = bridge.send(endpoint, retention_hours=24 * 365)
    usual = bridge.send(endpoint)
    bridge.settle()
    expiries = [bridge.message(id)["payload_expires_at"] for id in (short, long, usual)]
    assert expiries == ["2026-01-01T01:00:00.000Z", "2026-01-31T00:00:00.000Z", "2026-01-31T00:00:00.000Z"]


def test_a_retention_of_zero_is_gone_right_after_delivery(bridge: Bridge) -> None:
    id = bridge.send(bridge.endpoint(), retention_hours=0)
    bridge.settle()
    assert bridge.status(id) == "succeeded"
    assert bridge.post(f"/v1/messages/{id}/replay").error[:2] == (410, "RETENTION_EXPIRED")


REFUSALS: dict[str, tuple[Any, tuple[int, str, str]]] = {
    "no body": (b"", BAD_PAYLOAD),
    "no json": (b'{"endpoint_id": ', BAD_PAYLOAD),
    "nested beyond reading": (b'{"payload":' + b"[" * 100_000, BAD_PAYLOAD),
    "no object": ([1], BAD_PAYLOAD),
    "no endpoint": ({"payload": {}}, BAD_ID),
    "endpoint malformed": ({"endpoint_id": "ep_nonexistent_12345", "payload": {}}, BAD_ID),
    "endpoint no text": ({"endpoint_id": 7, "payload": {}}, BAD_ID),
    "endpoint before payload": ({"endpoint_id": "x"}, BAD_ID),
    "no payload": ({"endpoint_id": UNKNOWN_ENDPOINT}, BAD_PAYLOAD),
    "payload text": ({"endpoint_id": UNKNOWN_ENDPOINT, "payload": "x"}, BAD_PAYLOAD),
    "payload null": ({"endpoint_id": UNKNOWN_ENDPOINT, "payload": None}, BAD_PAYLOAD),
    "payload list": ({"endpoint_id": UNKNOWN_ENDPOINT, "payload": []}, BAD_PAYLOAD),
    "payload too large": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {"x": "y" * 1024 * 1024}},
        (400, "PAYLOAD_TOO_LARGE", "payload exceeds the maximum size of 1 MB"),
    ),
    "headers no object": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}, "headers": "X: 1"},
        (400, "INVALID_REQUEST", "headers must be an object with string values"),
    ),
    "header no text": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}, "headers": {"X-A": 1}},
        (400, "INVALID_REQUEST", "headers must be an object with string values"),
    ),
    "header broken": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}, "headers": {"X-A": "a\r\nX-B: b"}},
        (400, "INVALID_HEADERS", "value of header 'X-A' is not valid"),
    ),
    "header name": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}, "headers": {"X A": "a"}},
        (400, "INVALID_HEADERS", "header name 'X A' is not valid"),
    ),
    "too many headers": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}, "headers": {f"X-{n}": "" for n in range(51)}},
        (400, "INVALID_HEADERS", "at most 50 headers are allowed"),
    ),
    "headers too big": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}, "headers": {"X-A": "a" * 8190}},
        (400, "INVALID_HEADERS", "headers exceed the maximum total size of 8 KB"),
    ),
    "key with blanks": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}, "idempotency_key": "a b"},
        (400, "INVALID_REQUEST", "idempotency_key must match ^[a-zA-Z0-9_-]+$ and be at most 255 characters"),
    ),
    "key too long": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}, "idempotency_key": "a" * 256},
        (400, "INVALID_REQUEST", "idempotency_key must match ^[a-zA-Z0-9_-]+$ and be at most 255 characters"),
    ),
    "retention below": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}, "retention_hours": -1},
        (400, "INVALID_REQUEST", "retention_hours must be at least 0"),
    ),
    "retention no number": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}, "retention_hours": "1"},
        (400, "INVALID_REQUEST", "retention_hours must be an integer"),
    ),
    "unknown endpoint": (
        {"endpoint_id": UNKNOWN_ENDPOINT, "payload": {}},
        (400, "ENDPOINT_NOT_FOUND", "endpoint not found"),
    ),
}


@pytest.mark.parametrize(("body", "error"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_send_is_refused(bridge: Bridge, body: Any, error: tuple[int, str, str]) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert bridge.post(SEND, raw=raw).error == error
    assert bridge.get("/v1/logs").data == []


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "host",
        "Authorization",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "X-Webhook-Signature",
    ],
)
def test_some_headers_cannot_be_overridden(bridge: Bridge, name: str) -> None:
    reply = bridge.post(SEND, {"endpoint_id": bridge.endpoint(), "payload": {}, "headers": {name: "x"}})
    assert reply.error == (400, "INVALID_HEADERS", f"header '{name}' is forbidden and cannot be overridden")


def test_the_largest_payload_and_headers_are_taken(bridge: Bridge) -> None:
    endpoint = bridge.endpoint()
    payload = {"x": "y" * (1024 * 1024 - len('{"x": ""}'))}
    bridge.send(endpoint, payload)
    bridge.send(endpoint, headers={f"X-{number}": "" for number in range(50)})
    bridge.send(endpoint, headers={"X-A": "a" * (8 * 1024 - 3)}, idempotency_key="a" * 255)


@pytest.mark.parametrize("depth", [200, 300, 800])
def test_a_deeply_nested_payload_is_taken(bridge: Bridge, depth: int) -> None:
    payload = b'{"a":' * depth + b"1" + b"}" * depth
    raw = b'{"endpoint_id":"%s","payload":%s}' % (bridge.endpoint().encode(), payload)
    assert bridge.post(SEND, raw=raw).status == 202
    bridge.settle()
    assert bridge.received("shop")[0].body == payload


def test_another_projects_endpoint_is_unknown(bridge: Bridge, other: Bridge) -> None:
    reply = bridge.post(SEND, {"endpoint_id": other.endpoint(), "payload": {}})
    assert reply.error == (400, "ENDPOINT_NOT_FOUND", "endpoint not found")


def test_message_ids_sort_by_time(bridge: Bridge) -> None:
    endpoint = bridge.endpoint()
    ids = []
    for _ in range(4):
        ids.append(bridge.send(endpoint))
        bridge.advance(1)
    assert ids == sorted(ids)
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", id) for id in ids
    )

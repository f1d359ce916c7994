"""The checks at the door of an inbound endpoint."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from hooktop.mockserver.hookbridge.verification import Knock, idempotency_key, token_digest, verdict

NOW = 1_795_000_000_000
BODY = b'{"id":"evt_1"}'


def hexed(content: bytes) -> str:
    return hmac.new(b"shh", content, hashlib.sha256).hexdigest()


def knock(**changes: Any) -> Knock:
    given: dict[str, Any] = {"headers": {}, "query": {}, "body": BODY, "source_ip": "203.0.113.7", "now": NOW}
    return Knock(**{**given, **changes})


TOKEN = {
    "verify_static_token": True,
    "token_header_name": "X-Token",
    "token_query_param": "token",
    "token_sha256": token_digest("open"),
}
HMAC = {"verify_hmac": True, "hmac_header_name": "X-Signature", "hmac_secret": "shh"}
STAMPED = {**HMAC, "timestamp_header_name": "X-Time", "timestamp_ttl_seconds": 300}
ADDRESS = {"verify_ip_allowlist": True, "allowed_cidrs": ["203.0.113.0/24", "2001:db8::/32"]}
FRESH = str(NOW // 1000)

CASES = {
    "nothing to check": ({}, knock(), None),
    "token in header": (TOKEN, knock(headers={"x-token": "open"}), None),
    "token in query": (TOKEN, knock(query={"token": "open"}), None),
    "token wrong": (TOKEN, knock(headers={"x-token": "closed"}), "static_token_failed"),
    "token missing": (TOKEN, knock(), "static_token_failed"),
    "wrong header beats right query": (
        TOKEN,
        knock(headers={"x-token": "closed"}, query={"token": "open"}),
        "static_token_failed",
    ),
    "hmac right": (HMAC, knock(headers={"x-signature": hexed(BODY)}), None),
    "hmac with prefix": (HMAC, knock(headers={"x-signature": "sha256=" + hexed(BODY)}), None),
    "hmac of another body": (HMAC, knock(headers={"x-signature": hexed(b"{}")}), "hmac_failed"),
    "hmac missing": (HMAC, knock(), "hmac_failed"),
    "hmac not ascii": (HMAC, knock(headers={"x-signature": "é"}), "hmac_failed"),
    "fresh": (STAMPED, knock(headers={"x-signature": hexed(BODY), "x-time": FRESH}), None),
    "at the edge": (
        STAMPED,
        knock(headers={"x-signature": hexed(BODY), "x-time": str(NOW // 1000 - 300)}),
        None,
    ),
    "stale": (
        STAMPED,
        knock(headers={"x-signature": hexed(BODY), "x-time": str(NOW // 1000 - 301)}),
        "hmac_failed",
    ),
    "from the future": (
        STAMPED,
        knock(headers={"x-signature": hexed(BODY), "x-time": str(NOW // 1000 + 301)}),
        "hmac_failed",
    ),
    "no time": (STAMPED, knock(headers={"x-signature": hexed(BODY)}), "hmac_failed"),
    "no unix time": (STAMPED, knock(headers={"x-signature": hexed(BODY), "x-time": "today"}), "hmac_failed"),
    "address allowed": (ADDRESS, knock(), None),
    "address of version 6": (ADDRESS, knock(source_ip="2001:db8::5"), None),
    "address not allowed": (ADDRESS, knock(source_ip="198.51.100.7"), "ip_not_allowed"),
    "no address": (ADDRESS, knock(source_ip=""), "ip_not_allowed"),
    "all checks, one fails": (
        {**TOKEN, **HMAC, **ADDRESS},
        knock(headers={"x-token": "open", "x-signature": "no"}),
        "hmac_failed",
    ),
}


@pytest.mark.parametrize(("config", "arrival", "code"), CASES.values(), ids=CASES.keys())
def test_every_enabled_check_must_pass(config: dict[str, Any], arrival: Knock, code: str | None) -> None:
    found = verdict(config, arrival, signs_timestamp=False)
    assert (found.code if found else None) == code


def test_the_signature_may_cover_the_time() -> None:
    signed = hexed(FRESH.encode() + b"." + BODY)
    arrival = knock(headers={"x-signature": signed, "x-time": FRESH})
    assert verdict(STAMPED, arrival, signs_timestamp=True) is None
    assert verdict(STAMPED, arrival, signs_timestamp=False) is not None


@pytest.mark.parametrize(
    ("names", "headers", "key"),
    [
        ([], {"x-id": "1"}, ""),
        (["X-Id"], {"x-id": "evt_1"}, "evt_1"),
        (["X-Id"], {}, ""),
        (["X-A", "X-B"], {"x-a": "1", "x-b": "2"}, "1|2"),
        (["X-B", "X-A"], {"x-a": "1", "x-b": "2"}, "2|1"),
        (["X-A", "X-B"], {"x-b": "2"}, "|2"),
        (["X-A", "X-B"], {"x-a": "1|2", "x-b": "3"}, "1%7C2|3"),
    ],
)
def test_the_idempotency_key_is_made_of_the_headers_in_order(
    names: list[str], headers: dict[str, str], key: str
) -> None:
    assert idempotency_key(names, headers) == key

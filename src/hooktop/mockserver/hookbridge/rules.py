"""What may be sent and which outbound endpoints may be made, in the vendor's order of checks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from hooktop.mockserver.hookbridge import fields, limits
from hooktop.mockserver.hookbridge.errors import (
    invalid,
    invalid_endpoint_id,
    invalid_headers,
    invalid_payload,
    payload_too_large,
)
from hooktop.mockserver.hookbridge.ids import is_endpoint_id
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.hookbridge.urls import Relaxation, UrlProblem, problem
from hooktop.mockserver.http.call import Call, Malformed
from hooktop.mockserver.http.errors import ApiError

_IDEMPOTENCY_KEY: Final = re.compile(rf"[a-zA-Z0-9_-]{{1,{limits.IDEMPOTENCY_KEY_MAX}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOrder:
    """A valid request to send one message. `payload` is exactly the text that the producer wrote."""

    endpoint_id: str
    payload: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None
    retention_ms: int | None = None


class _SendBody(msgspec.Struct):
    payload: msgspec.Raw


def json_object(call: Call) -> dict[str, Any]:
    """The body as a JSON object; the text of the refusal is ours."""
    try:
        body = call.body
    except Malformed as error:
        raise invalid("request body must be valid JSON") from error
    if not isinstance(body, dict):
        raise invalid("request body must be a JSON object")
    return body


def send_order(call: Call, profile: Mapping[str, str], retention_max_ms: int) -> SendOrder:
    """Read and check the body of a send. source: docs/api/operations/sendwebhook"""
    try:
        body = call.body
    except Malformed as error:
        raise invalid_payload() from error
    if not isinstance(body, dict):
        raise invalid_payload()
    endpoint_id = _endpoint_id(body, profile)
    payload = _payload(call, body, profile)
    headers = fields.headers(body) or {}
    _check_size(headers)
    return SendOrder(
        endpoint_id=endpoint_id,
        payload=payload,
        headers=headers,
        idempotency_key=_idempotency_key(body),
        retention_ms=_retention_ms(body, retention_max_ms),
    )


def _endpoint_id(body: Mapping[str, Any], profile: Mapping[str, str]) -> str:
    value = body.get("endpoint_id")
    if isinstance(value, str) and is_endpoint_id(value):
        return value
    if isinstance(value, str) and value.startswith("ep_") and _is_lenient(profile):
        return value
    raise invalid_endpoint_id()


def _is_lenient(profile: Mapping[str, str]) -> bool:
    """The clients' live tests see "not found" even for ep_nonexistent_12345."""
    return reading(profile, "unknown_endpoint_on_send") == "404"


def _payload(call: Call, body: Mapping[str, Any], profile: Mapping[str, str]) -> bytes:
    if "payload" not in body:
        raise invalid_payload()
    if not isinstance(body["payload"], dict) and reading(profile, "payload_type") == "object":
        raise invalid_payload()
    payload = bytes(msgspec.json.decode(call.raw, type=_SendBody).payload)
    if len(payload) > limits.PAYLOAD_MAX_BYTES:
        raise payload_too_large()
    return payload


def _check_size(headers: Mapping[str, str]) -> None:
    if len(headers) > limits.SEND_HEADERS_MAX:
        raise invalid_headers(f"at most {limits.SEND_HEADERS_MAX} headers are allowed")
    if sum(len(name) + len(value) for name, value in headers.items()) > limits.SEND_HEADERS_MAX_BYTES:
        raise invalid_headers("headers exceed the maximum total size of 8 KB")


def _idempotency_key(body: Mapping[str, Any]) -> str | None:
    if "idempotency_key" not in body:
        return None
    value = body["idempotency_key"]
    if not isinstance(value, str) or not _IDEMPOTENCY_KEY.fullmatch(value):
        raise invalid("idempotency_key must match ^[a-zA-Z0-9_-]+$ and be at most 255 characters")
    return value


def _retention_ms(body: Mapping[str, Any], maximum_ms: int) -> int | None:
    """A send can only shorten the plan's retention. source: docs/guides/product/payload-retention"""
    hours = fields.whole(body, "retention_hours", 0)
    return None if hours is None else min(hours * limits.HOUR, maximum_ms)


def endpoint_fields(
    body: Mapping[str, Any], profile: Mapping[str, str], relaxed: Relaxation, *, url_required: bool
) -> dict[str, Any]:
    """Checked fields of an outbound endpoint under the engine's names; fields not sent are left out."""
    checked: dict[str, Any] = {}
    if url_required or "url" in body:
        checked["url"] = checked_url(body.get("url"), profile, relaxed)
    lowest = 0 if reading(profile, "zero_rate") == "no_limit" else 1
    found = {
        "description": fields.text(body, "description", limits.DESCRIPTION_MAX),
        "rate_per_s": fields.whole(body, "rate_limit_rps", lowest, limits.RATE_MAX),
        "burst": fields.whole(body, "burst", lowest, limits.BURST_MAX),
        "headers": fields.headers(body),
    }
    checked.update((name, value) for name, value in found.items() if value is not None)
    for name in ("rate_per_s", "burst"):
        if checked.get(name) == 0:
            checked[name] = None
    return checked


def checked_url(value: Any, profile: Mapping[str, str], relaxed: Relaxation) -> str:
    """A URL that may be a destination. source: docs/guides/product/url-requirements"""
    found = problem(value, relaxed) if isinstance(value, str) else UrlProblem.MALFORMED
    if found is None:
        return str(value)
    if found is UrlProblem.MALFORMED:
        code = reading(profile, "bad_url_code")
        raise ApiError(400, code, "endpoint must be a valid HTTPS URL")
    if found is UrlProblem.BLOCKED:
        text = "endpoint must not point to a private or internal address"
        raise ApiError(400, "ENDPOINT_BLOCKED", text)
    raise ApiError(400, "ENDPOINT_UNREACHABLE", "endpoint domain could not be resolved")


def checked_endpoint_id(endpoint_id: str) -> str:
    """An id of the documented form. source: docs/api/operations/pauseendpoint"""
    if not is_endpoint_id(endpoint_id):
        raise invalid_endpoint_id()
    return endpoint_id

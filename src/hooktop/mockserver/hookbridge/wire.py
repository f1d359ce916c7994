"""Values as this API writes them. A field without a value is left out, never null, unless a page says so.

source: schemas of docs/api/operations/getmessage, getmessageattempts, getlogs, getendpoint, getinbound*
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from hooktop.mockserver.delivery.model import Attempt, Endpoint, Message, State, Status
from hooktop.mockserver.hookbridge.profile import reading

Json = dict[str, Any]
Profile = Mapping[str, str]

STATUSES: Final = ("queued", "delivering", "succeeded", "pending_retry", "failed_permanent")

_WORDS: Final[Mapping[State, str]] = {
    State.WAITING: "queued",
    State.SENDING: "delivering",
    State.DELIVERED: "succeeded",
    State.RETRYING: "pending_retry",
    State.HELD: "paused",
    State.DEAD: "failed_permanent",
    State.DISCARDED: "failed_permanent",
}
_TIMINGS: Final = {
    "dns": "dns_ms",
    "connect": "tcp_connect_ms",
    "tls": "tls_handshake_ms",
    "wait": "ttfb_ms",
    "read": "transfer_ms",
}


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def instant(at: int) -> str:
    """Milliseconds since the epoch as RFC 3339 in UTC with milliseconds."""
    seconds, milliseconds = divmod(at, 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


def word(state: State, profile: Profile) -> str:
    """The vendor's status of a message."""
    if state is State.HELD:
        return reading(profile, "paused_status")
    return _WORDS[state]


def states_of(status: str, profile: Profile) -> frozenset[State]:
    """The states that carry this status; empty for a word that is none."""
    return frozenset(state for state in State if word(state, profile) == status)


def _present(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _instants(fields: Mapping[str, int | None]) -> Json:
    return {name: instant(at) for name, at in fields.items() if at is not None}


# --- outbound endpoints ------------------------------------------------------


def endpoint(found: Endpoint) -> Json:
    """One outbound endpoint; never its secret."""
    body: Json = {"id": found.id, "url": found.url}
    if found.description:
        body["description"] = found.description
    if found.rate_per_s is not None:
        body["rate_limit_rps"] = found.rate_per_s
    if found.burst is not None:
        body["burst"] = found.burst
    if found.headers:
        body["headers"] = dict(found.headers)
    body["paused"] = found.status is Status.PAUSED
    body["created_at"] = instant(found.created_at)
    body["updated_at"] = instant(found.updated_at)
    return body


def endpoint_summary(found: Endpoint) -> Json:
    """One row of the list: without headers and limits."""
    body: Json = {"id": found.id, "url": found.url}
    if found.description:
        body["description"] = found.description
    body["paused"] = found.status is Status.PAUSED
    body["created_at"] = instant(found.created_at)
    return body


def created_endpoint(found: Endpoint) -> Json:
    """The answer of a create: the only one with the signing secret."""
    body: Json = {"id": found.id, "url": found.url}
    if found.description:
        body["description"] = found.description
    return body | signing_key(found) | {"created_at": instant(found.created_at)}


def signing_key(found: Endpoint) -> Json:
    """The first signing key with its secret; nothing for an endpoint that does not sign."""
    if not found.secrets:
        return {}
    secret = found.secrets[0]
    return {"signing_key_id": secret.id, "signing_secret": secret.value, "key_hint": secret.value[-4:]}


# --- inbound endpoints -------------------------------------------------------


def ingest_url(found: Endpoint, base_url: str) -> str:
    """Where the provider posts: the secret token is part of it."""
    return f"{base_url}/v1/webhooks/receive/{found.id}/{found.config['secret_token']}"


def created_inbound_endpoint(found: Endpoint, base_url: str) -> Json:
    """The answer of a create, with everything that is told once."""
    return {
        "id": found.id,
        "name": found.name,
        "url": found.url,
        "mode": found.config["mode"],
        "ingest_url": ingest_url(found, base_url),
        "secret_token": found.config["secret_token"],
        **signing_key(found),
        "created_at": instant(found.created_at),
    }


def inbound_endpoint_summary(found: Endpoint, base_url: str, profile: Profile) -> Json:
    """One row of the list. The command line reads ingest_url from it. source: hb 1.1.0"""
    body: Json = {
        "id": found.id,
        "name": found.name,
        "url": found.url,
        "mode": found.config["mode"],
        "active": True,
        "paused": found.status is Status.PAUSED,
        "created_at": instant(found.created_at),
    }
    return body | _ingest_url_again(found, base_url, profile)


def inbound_endpoint(found: Endpoint, base_url: str, profile: Profile) -> Json:
    """One inbound endpoint; no check's secret is ever told again."""
    config = found.config
    return {
        "id": found.id,
        "name": found.name,
        **({"description": found.description} if found.description else {}),
        "url": found.url,
        "mode": config["mode"],
        "ephemeral": config["ephemeral"],
        **_instants({"expires_at": config.get("expires_at")}),
        "active": True,
        "paused": found.status is Status.PAUSED,
        "verify_static_token": config["verify_static_token"],
        "verify_hmac": config["verify_hmac"],
        "verify_ip_allowlist": config["verify_ip_allowlist"],
        "ingest_response_code": config["ingest_response_code"],
        "idempotency_header_names": list(config["idempotency_header_names"]),
        "signing_enabled": config["signing_enabled"],
        **_ingest_url_again(found, base_url, profile),
        "created_at": instant(found.created_at),
        "updated_at": instant(found.updated_at),
    }


def _ingest_url_again(found: Endpoint, base_url: str, profile: Profile) -> Json:
    if reading(profile, "ingest_url_again") == "once":
        return {}
    return {"ingest_url": ingest_url(found, base_url)}


# --- messages ----------------------------------------------------------------


def message(found: Message, project_id: str, profile: Profile) -> Json:
    """One outbound message; its payload is not part of any answer.

    The newer page has six more fields that could be read by their labels only; their names are inferred.
    """
    return {
        "id": found.id,
        "project_id": project_id,
        "endpoint_id": found.endpoint_id,
        **_message_facts(found, profile),
        **_waits(found),
        "created_at": instant(found.created_at),
        "updated_at": instant(found.updated_at),
        **_instants({"first_attempt_at": found.first_attempt_at}),
        **_ends(found),
        **_deletion(found),
    }


def inbound_message(found: Message, project_id: str, profile: Profile) -> Json:
    """One inbound message."""
    return {
        "id": found.id,
        "project_id": project_id,
        "inbound_endpoint_id": found.endpoint_id,
        **_message_facts(found, profile),
        **_waits(found),
        "received_at": instant(found.created_at),
        "updated_at": instant(found.updated_at),
        **_ends(found),
        **_deletion(found),
    }


def _message_facts(found: Message, profile: Profile) -> Json:
    facts = {
        "status": word(found.state, profile),
        "attempt_count": found.attempt_count,
        "replay_count": found.replay_count,
        "content_type": found.content_type,
        "size_bytes": found.size_bytes,
        "payload_sha256": found.payload_sha256,
        "idempotency_key": found.idempotency_key or None,
        "last_error": found.last_error,
        "response_status": found.response_status,
        "response_latency_ms": found.response_latency_ms,
    }
    return _present(facts) | _instants({"next_attempt_at": found.next_attempt_at})


def _waits(found: Message) -> Json:
    return _present(
        {
            "queue_wait_ms": _between(found.created_at, found.first_attempt_at),
            "total_delivery_ms": _between(found.created_at, found.delivered_at),
        }
    )


def _ends(found: Message) -> Json:
    """A payload that is gone no longer has an end."""
    expires_at = found.payload_expires_at if found.payload_gone_at is None else None
    return _instants(
        {
            "delivered_at": found.delivered_at,
            "failed_at": found.failed_at,
            "payload_expires_at": expires_at,
        }
    )


def _between(start: int, end: int | None) -> int | None:
    return None if end is None else end - start


def _deletion(found: Message) -> Json:
    """Which key deleted the row; the session cookie that would name a user does not exist here."""
    if found.deleted_at is None:
        return {}
    return {"deleted_at": instant(found.deleted_at)} | _present({"deleted_by_api_key_id": found.deleted_by})


def log_entry(found: Message, url: str, profile: Profile) -> Json:
    """One row of the outbound log; `endpoint` is the destination, not the id."""
    return {
        "message_id": found.id,
        "endpoint": url,
        "status": word(found.state, profile),
        "attempt_count": found.attempt_count,
        "created_at": instant(found.created_at),
        **_instants({"delivered_at": found.delivered_at, "next_attempt_at": found.next_attempt_at}),
        **_last_answer(found),
    }


def dead_letter(found: Message, url: str, profile: Profile) -> Json:
    """One dead letter: a log row, or with failed_at in place of the status."""
    entry = log_entry(found, url, profile)
    if reading(profile, "dlq_item") == "failed_at":
        del entry["status"]
        entry |= _instants({"failed_at": found.failed_at})
    return entry


def inbound_log_entry(found: Message, url: str, profile: Profile) -> Json:
    """One row of the inbound log."""
    return {
        "message_id": found.id,
        "inbound_endpoint_id": found.endpoint_id,
        "endpoint": url,
        "status": word(found.state, profile),
        "attempt_count": found.attempt_count,
        "received_at": instant(found.created_at),
        **_instants({"delivered_at": found.delivered_at, "next_attempt_at": found.next_attempt_at}),
        **_last_answer(found),
        **_present({"total_delivery_ms": _between(found.created_at, found.delivered_at)}),
    }


def _last_answer(found: Message) -> Json:
    answer = {
        "response_status": found.response_status,
        "response_latency_ms": found.response_latency_ms,
        "last_error": found.last_error,
    }
    return _present(answer) | _instants({"deleted_at": found.deleted_at})


# --- attempts ----------------------------------------------------------------


def attempt(found: Attempt, *, body_url: str | None, outbound: bool) -> Json:
    """One attempt. `body_url`: where the receiver's answer can be read, when there is any."""
    answered = found.response_status is not None
    body = {
        "id": found.id,
        "attempt_no": found.number,
        "response_status": found.response_status,
        "response_latency_ms": found.latency_ms if answered or found.latency_ms else None,
        "processing_ms": max(found.latency_ms, found.finished_at - found.at) if outbound else None,
        "error_text": found.error_text or None,
        "response_headers": dict(found.response_headers) if answered else None,
        "retry_type": found.ladder.value if found.ladder else None,
        "retry_after_seconds": _seconds(found.retry_after_ms),
        "resolved_ip": found.resolved_ip or None,
        "request_headers": dict(found.request_headers) or None,
        "conn_reused": found.conn_reused if answered else None,
        "response_body_url": body_url if found.response_body else None,
        "response_body_truncated": _is_truncated(found) if found.response_body else None,
    }
    timings = {wire: found.timings.get(phase) for phase, wire in _TIMINGS.items()}
    return _present(body | timings) | {"created_at": instant(found.at)}


def _seconds(duration_ms: int | None) -> int | None:
    return None if duration_ms is None else -(-duration_ms // 1000)


def _is_truncated(found: Attempt) -> bool:
    """The receiver announced more than was kept."""
    length = next(
        (text for name, text in found.response_headers.items() if name.lower() == "content-length"), ""
    )
    return length.isdigit() and int(length) > len(found.response_body)

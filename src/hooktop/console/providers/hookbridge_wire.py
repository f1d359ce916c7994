"""What HookBridge's words and fields mean: its states, its errors, its rows; pure.

source: docs/api; the traps are commented where they bite.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hooktop.console.model import Attempt, Capabilities, EndpointKind, MessageState, PauseMeaning, Verb
from hooktop.console.providers.base import BadAnswer
from hooktop.console.providers.fields import Fields, scrubbed
from hooktop.console.providers.http import Fault, Reply

ENDPOINT_PAGE = 100
MESSAGE_PAGE = 500
NAME_MAX = 40
KEY_PREFIX = 11
"""Characters of a key that the API shows."""

STATES = {
    "queued": MessageState.WAITING,
    "delivering": MessageState.SENDING,
    "succeeded": MessageState.DELIVERED,
    "pending_retry": MessageState.RETRYING,
    "failed_permanent": MessageState.DEAD,
    "paused": MessageState.HELD,  # named on the pause page only; in no status enum
}
FILTERS = {state: word for word, state in STATES.items() if word != "paused"}
"""What the logs' ``status`` filter takes: not ``paused``."""

_NO_RETRY = "this provider has no such operation for inbound messages"

CAPABILITIES = {
    EndpointKind.OUTBOUND: Capabilities(
        pause=PauseMeaning.HOLD,
        resume_delay_s=(60.0, 300.0),
        retry_now_delay_s=60.0,
        replay_limit=10,
        bulk_ids_max=100,
        rate_limit=True,
        filter_states=frozenset(FILTERS),
        page_limit=MESSAGE_PAGE,
        unsupported={"payload": "the API does not give the payload of an outbound message"},
    ),
    EndpointKind.INBOUND: Capabilities(
        pause=PauseMeaning.REJECT,
        pause_stops_scheduled=False,
        retry_now=False,
        cancel=False,
        replay_limit=10,
        bulk_ids_max=100,
        filter_states=frozenset(FILTERS),
        page_limit=MESSAGE_PAGE,
        unsupported={
            Verb.RETRY_NOW: _NO_RETRY,
            Verb.CANCEL: _NO_RETRY,
            "payload": "the API does not give it",
        },
    ),
}


class HookBridgeErrors:
    """Its error envelope: ``{error: {code, message}, meta: {request_id}}``."""

    def fault(self, status: int, body: Any, headers: Mapping[str, str]) -> Fault | None:
        """Read an error body."""
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            return None
        code, meta = str(error.get("code") or ""), body.get("meta")
        return Fault(
            code=code,
            message=str(error.get("message") or ""),
            request_id=str(meta.get("request_id") or "") if isinstance(meta, dict) else "",
            absent=status == 404 or code == "ENDPOINT_NOT_FOUND",
            refusal=code == "REPLAY_LIMIT_EXCEEDED",  # a fact about one message, not a request to slow down
        )


def common(kind: EndpointKind, fields: Fields) -> dict[str, Any]:
    """What rows and pages have in common; absent fields stay unknown."""
    word = fields.text("status")
    return {
        "kind": kind,
        "state": STATES.get(word, MessageState.UNKNOWN),
        "state_word": word,
        "attempts": fields.whole("attempt_count") or 0,
        "updated_at": fields.time("updated_at"),
        "next_attempt_at": fields.time("next_attempt_at"),
        "delivered_at": fields.time("delivered_at"),
        "payload_expires_at": fields.time("payload_expires_at"),
        "deleted_at": fields.time("deleted_at"),
        "response_status": fields.whole("response_status"),
        "latency_ms": fields.whole("response_latency_ms"),
        "last_error": fields.text("last_error"),
        "idempotency_key": fields.text("idempotency_key"),
        "replays": fields.whole("replay_count"),
        "size_bytes": fields.whole("size_bytes"),
        "content_type": fields.text("content_type"),
        "raw": scrubbed(fields.raw),
    }


def attempt_of(raw: Any) -> Attempt:
    """One attempt of a message."""
    fields = Fields(raw, "data[]")
    phases = {"dns_ms": "dns", "tcp_connect_ms": "connect", "tls_handshake_ms": "tls"}
    phases |= {"ttfb_ms": "first byte", "transfer_ms": "transfer"}
    timings = {label: value for name, label in phases.items() if (value := fields.whole(name)) is not None}
    return Attempt(
        id=fields.needed("id"),
        number=fields.whole("attempt_no") or 0,
        at=fields.needed_time("created_at"),
        response_status=fields.whole("response_status"),
        latency_ms=fields.whole("response_latency_ms"),
        error=fields.text("error_text"),
        retry_after_s=fields.whole("retry_after_seconds"),
        retry_ladder=fields.text("retry_type"),
        resolved_ip=fields.text("resolved_ip"),
        request_headers=fields.texts("request_headers"),
        response_headers=fields.texts("response_headers"),
        timings_ms=timings,
        raw=scrubbed(fields.raw),
    )


def body_of(reply: Reply) -> Fields:
    """The fields of an answer."""
    return Fields(reply.body, "body")


def next_cursor(meta: Fields) -> str | None:
    """The next cursor; more without a cursor would lose rows in silence."""
    cursor = meta.text("next_cursor") or None
    if cursor is None and meta.flag("has_more"):
        raise BadAnswer("the answer's meta.has_more is true but meta.next_cursor is missing")
    return None if meta.raw.get("has_more") is False else cursor


def short_name(description: str) -> str:
    """A description that can serve as a name, else nothing."""
    text = description.strip()
    return text if text and len(text) <= NAME_MAX and "\n" not in text else ""


def wire_time(moment: datetime) -> str:
    """A moment as the API wants it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

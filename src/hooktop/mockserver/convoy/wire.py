"""Wire forms of the resources, with the fields in the order in which the server writes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from hooktop.mockserver.convoy.profile import MAX_RETRY_S, reading
from hooktop.mockserver.delivery.model import Attempt, Endpoint, Event, Message, Secret, State, Status
from hooktop.mockserver.engine.project import Project

ZERO_TIME: Final = "0001-01-01T00:00:00Z"
SERVER_VERSION: Final = "26.6.6"

STATUS_OF: Final[Mapping[State, str]] = {
    State.WAITING: "Scheduled",
    State.SENDING: "Processing",
    State.DELIVERED: "Success",
    State.RETRYING: "Retry",
    State.HELD: "Scheduled",
    State.DEAD: "Failure",
    State.DISCARDED: "Discarded",
}
STATES_OF: Final[Mapping[str, tuple[State, ...]]] = {
    word: tuple(state for state, its_word in STATUS_OF.items() if its_word == word)
    for word in dict.fromkeys(STATUS_OF.values())
}
"""A status text that is not here is never an error; it matches nothing."""

_ENDPOINT_STATUS: Final = {Status.ACTIVE: "active", Status.PAUSED: "paused", Status.INACTIVE: "inactive"}


def stamp(at: int | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if at is None:
        return None
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def endpoint(tenant: Project, value: Endpoint, *, created: bool = False) -> dict[str, Any]:
    """An endpoint; `created`: as the answer to its creation writes it (no authentication is null there)."""
    config = value.config
    wire: dict[str, Any] = {
        "uid": value.id,
        "project_id": tenant.id,
        "owner_id": config.get("owner_id", ""),
        "url": value.url,
        "name": value.name,
        "description": value.description,
        "status": _ENDPOINT_STATUS[value.status],
        "secrets": [_secret(secret) for secret in value.secrets],
        "advanced_signatures": config.get("advanced_signatures", True),
        "slack_webhook_url": config.get("slack_webhook_url", ""),
        "teams_webhook_url": config.get("teams_webhook_url", ""),
        "support_email": config.get("support_email", ""),
        "http_timeout": 10,
        "content_type": config.get("content_type", "application/json"),
        "rate_limit": config.get("rate_limit", 0),
        "rate_limit_duration": config.get("rate_limit_duration", 0),
        "authentication": _authentication(config.get("authentication"), created=created),
        "failure_rate": 0,
        "period_failure_rate": None,
        "success_count": None,
        "failure_count": None,
        "retry_count": None,
        "created_at": stamp(value.created_at),
        "updated_at": stamp(value.updated_at),
        "deleted_at": stamp(value.deleted_at),
    }
    for optional in ("owner_id", "slack_webhook_url", "teams_webhook_url", "support_email"):
        if not wire[optional]:
            del wire[optional]
    return wire


def _secret(secret: Secret) -> dict[str, Any]:
    return {
        "uid": secret.id,
        "value": secret.value,
        "created_at": stamp(secret.created_at),
        "updated_at": stamp(secret.created_at),
        "expires_at": stamp(secret.expires_at),
        "deleted_at": stamp(secret.deleted_at),
    }


def _authentication(given: Mapping[str, Any] | None, *, created: bool) -> dict[str, Any] | None:
    """Credentials never come back; a read without any is an object without members."""
    if not given:
        return None if created else {}
    wire: dict[str, Any] = {"type": given.get("type", "")}
    if "api_key" in given:
        wire["api_key"] = {**given["api_key"], "header_value": "[REDACTED]"}
    if "basic_auth" in given:
        wire["basic_auth"] = {**given["basic_auth"], "password": "[REDACTED]"}
    return wire


def delivery(tenant: Project, value: Message, of: Endpoint | None, payload: bytes | None) -> dict[str, Any]:
    """One delivery of an event to one endpoint."""
    wire: dict[str, Any] = {
        "uid": value.id,
        "project_id": tenant.id,
        "event_id": value.event_id or "",
        "endpoint_id": value.endpoint_id,
        "device_id": "",
        "subscription_id": value.config.get("subscription_id", ""),
        "headers": {name: [text] for name, text in value.headers.items()},
        "target_url": of.url if of else "",
        "url_query_params": "",
        "idempotency_key": value.idempotency_key or "",
        "latency": "",
        "latency_seconds": _latency_seconds(value),
        "event_type": value.event_type,
        "delivery_mode": "at_least_once",
        "status": STATUS_OF[value.state],
        "description": _description(value),
        "metadata": _metadata(tenant, value, payload),
        "endpoint_metadata": _endpoint_metadata(tenant, of),
        "event_metadata": _event_metadata(value),
        "source_metadata": _source_metadata(),
        "device_metadata": _device_metadata(),
        "cli_metadata": None,
        "acknowledged_at": stamp(value.created_at),
        "created_at": stamp(value.created_at),
        "updated_at": stamp(value.updated_at),
        "deleted_at": stamp(value.deleted_at),
    }
    for optional in ("target_url", "description"):
        if not wire[optional]:
            del wire[optional]
    return wire


def _latency_seconds(value: Message) -> float:
    """From acceptance to success, set only when the first attempt succeeded."""
    if value.state is not State.DELIVERED or value.attempt_count != 1 or value.delivered_at is None:
        return 0
    return (value.delivered_at - value.created_at) / 1000


def _description(value: Message) -> str:
    if value.state is State.DELIVERED:
        return ""
    if value.state is State.DEAD:
        return "Retry limit exceeded"
    return value.last_error or ""


def _metadata(tenant: Project, value: Message, payload: bytes | None) -> dict[str, Any]:
    chosen = tenant.settings.profile
    text = (payload or b"").decode("utf-8", "replace")
    return {
        "data": _json_or_text(text),
        "raw": text,
        "strategy": reading(chosen, "strategy"),
        "next_send_time": stamp(value.next_attempt_at or value.created_at),
        "num_trials": value.attempt_count,
        "interval_seconds": int(reading(chosen, "interval_s")),
        "retry_limit": int(reading(chosen, "retry_count")),
        "max_retry_seconds": MAX_RETRY_S,
    }


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text or None


def _endpoint_metadata(tenant: Project, of: Endpoint | None) -> dict[str, Any] | None:
    """A few of the endpoint's fields; all others have their zero values."""
    if of is None:
        return None
    return {
        "uid": of.id,
        "project_id": tenant.id,
        "owner_id": of.config.get("owner_id", ""),
        "url": of.url,
        "name": of.name,
        "description": "",
        "status": _ENDPOINT_STATUS[of.status],
        "secrets": None,
        "advanced_signatures": False,
        "slack_webhook_url": "",
        "support_email": of.config.get("support_email", ""),
        "http_timeout": 0,
        "content_type": "",
        "rate_limit": 0,
        "rate_limit_duration": 0,
        "authentication": None,
        "failure_rate": 0,
        "created_at": ZERO_TIME,
        "updated_at": ZERO_TIME,
        "deleted_at": stamp(of.deleted_at),
    }


def _event_metadata(value: Message) -> dict[str, Any]:
    return {
        "uid": value.event_id or "",
        "event_type": value.event_type,
        "endpoints": None,
        "status": "",
        "created_at": stamp(value.created_at),
        "updated_at": ZERO_TIME,
        "deleted_at": None,
    }


def _source_metadata() -> dict[str, Any]:
    return {
        "uid": "",
        "name": "",
        "type": "",
        "created_at": ZERO_TIME,
        "updated_at": ZERO_TIME,
        "deleted_at": None,
    }


def _device_metadata() -> dict[str, Any]:
    return {
        "uid": "",
        "host_name": "",
        "status": "",
        "last_seen_at": ZERO_TIME,
        "created_at": ZERO_TIME,
        "updated_at": ZERO_TIME,
        "deleted_at": None,
    }


def attempt(tenant: Project, value: Attempt) -> dict[str, Any]:
    """One try of a delivery; `status` is left out when it is false."""
    wire: dict[str, Any] = {
        "uid": value.id,
        "msg_id": value.message_id,
        "url": value.url,
        "method": "POST",
        "endpoint_id": value.endpoint_id,
        "project_id": tenant.id,
        "api_version": SERVER_VERSION,
        "ip_address": value.resolved_ip,
        "request_http_header": dict(value.request_headers),
        "response_http_header": dict(value.response_headers),
        "http_status": _status_line(value.response_status),
        "response_data": _text(value.response_body),
        "error": value.error_text,
        "status": value.is_success,
        "requested_at": stamp(value.at),
        "responded_at": stamp(value.finished_at) if value.response_status is not None else None,
        "created_at": stamp(value.finished_at),
        "updated_at": stamp(value.finished_at),
        "deleted_at": None,
    }
    for optional in ("ip_address", "http_status", "response_data", "error", "status"):
        if not wire[optional]:
            del wire[optional]
    return wire


def _status_line(status: int | None) -> str:
    if status is None:
        return ""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} "


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()


def created_event(value: Event) -> dict[str, Any]:
    """What the newer server says of an event that it has taken in."""
    wire: dict[str, Any] = {"uid": value.id, "event_type": value.type}
    if value.idempotency_key:
        wire["idempotency_key"] = value.idempotency_key
    return wire

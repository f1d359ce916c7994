"""The vendor's refusals: status, code and text. Texts marked ours are in no source known to us.

source: docs/guides/product/error-handling, and the operation pages for the literal texts
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hooktop.mockserver.delivery.lifecycle import Reason, Refused
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.http.errors import ApiError

INVALID_REQUEST: Final = "INVALID_REQUEST"

UNAUTHORIZED: Final = (401, "UNAUTHORIZED", "Invalid or missing API key")

_REFUSALS: Final[Mapping[Reason, tuple[int, str, str]]] = {
    Reason.FAST_RETRY: (
        409,
        "RETRY_IN_PROGRESS",
        "Message is in active fast retry; wait for retries to complete or fail before replaying",
    ),
    Reason.RETENTION_EXPIRED: (
        410,
        "RETENTION_EXPIRED",
        "Message retention period has expired and payload is no longer available for replay",
    ),
    Reason.REPLAY_LIMIT: (
        429,
        "REPLAY_LIMIT_EXCEEDED",
        "Message has already been replayed the maximum number of times",
    ),
    Reason.IDEMPOTENCY_MISMATCH: (
        409,
        "IDEMPOTENCY_MISMATCH",
        "Idempotency key already used with different payload",
    ),
    Reason.ALREADY_PAUSED: (409, "ALREADY_PAUSED", "Endpoint is already paused"),
    Reason.NOT_PAUSED: (409, "NOT_PAUSED", "Endpoint is not paused"),
    Reason.NOT_DEAD: (400, INVALID_REQUEST, "message is not in DLQ (must have failed_permanent status)"),
    # The codes below are documented; no page gives their texts, which are ours.
    Reason.DELIVERY_IN_PROGRESS: (409, "DELIVERY_IN_PROGRESS", "Message is currently being delivered"),
    Reason.PAYLOAD_GONE: (
        410,
        "PAYLOAD_UNAVAILABLE",
        "Message payload is no longer available for replay",
    ),
    Reason.DELETED: (
        410,
        "MESSAGE_DELETED",
        "Message was deleted and payload is no longer available for replay",
    ),
    Reason.ENDPOINT_GONE: (404, "NOT_FOUND", "Endpoint not found"),
    Reason.ALREADY_DELIVERED: (409, "ALREADY_DELIVERED", "Message has already been delivered"),
}


def refusal(refused: Refused) -> ApiError | None:
    """What the vendor says where the engine refused; None for what no operation of this API can meet."""
    told = _REFUSALS.get(refused.reason)
    return ApiError(*told) if told else None


def invalid_status(word: str) -> ApiError:
    """retry-now and cancel work on pending retries only. source: docs/api/operations/cancelretry"""
    return ApiError(400, "INVALID_STATUS", f"Message is not in pending_retry status (current: {word})")


def not_found(profile: Mapping[str, str], kind: str) -> ApiError:
    """Nothing has this id, or it belongs to another project."""
    by_resource = reading(profile, "not_found_text") == "by_resource"
    name = "Endpoint" if by_resource and kind == "endpoint" else "Message"
    return ApiError(404, "NOT_FOUND", f"{name} not found")


def unknown_endpoint(profile: Mapping[str, str]) -> ApiError:
    """A send names an endpoint that does not exist. source: docs/api/operations/sendwebhook"""
    status = int(reading(profile, "unknown_endpoint_on_send"))
    return ApiError(status, "ENDPOINT_NOT_FOUND", "endpoint not found")


def invalid(message: str) -> ApiError:
    """A bad parameter or body."""
    return ApiError(400, INVALID_REQUEST, message)


def invalid_endpoint_id() -> ApiError:
    """source: docs/api/operations/pauseendpoint (example "Invalid endpoint ID format")"""
    return invalid("endpoint_id must be in format ep_xxx")


def invalid_payload() -> ApiError:
    """source: docs/api/operations/pauseendpoint (example "Invalid payload")"""
    return invalid("payload must be valid JSON")


def forbidden_header(name: str) -> ApiError:
    """source: docs/api/operations/pauseendpoint (example "Invalid headers")"""
    return ApiError(400, "INVALID_HEADERS", f"header '{name}' is forbidden and cannot be overridden")


def invalid_headers(message: str) -> ApiError:
    """Too many, too big or impossible headers; the texts are ours."""
    return ApiError(400, "INVALID_HEADERS", message)


def payload_too_large() -> ApiError:
    """source: docs/guides/product/error-handling (code, 1 MB); the text is ours"""
    return ApiError(400, "PAYLOAD_TOO_LARGE", "payload exceeds the maximum size of 1 MB")


def duplicate_url() -> ApiError:
    """source: docs/guides/product/error-handling (code); the text is ours"""
    return ApiError(409, "DUPLICATE_URL", "an endpoint with this URL already exists")

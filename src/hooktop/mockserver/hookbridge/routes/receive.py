"""The public door of inbound endpoints: no key, the secret token in the path and the endpoint's own checks.

No page documents the answers to a refused webhook. Inferred: 404 for an unknown or deleted endpoint, 503
while paused (as documented for pull endpoints), 413 for a too large body, 403 for a sender that is not on the
list, 401 for every other failed check. `error.details.reason_code` is the documented reason of a rejection.
source: docs/guides/inbound/rejections, docs/guides/inbound-webhooks-guide
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from typing import Final

from hooktop.mockserver.delivery.lifecycle import Reason, Refused
from hooktop.mockserver.delivery.model import Endpoint, Kind, Status
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.hookbridge.limits import PAYLOAD_MAX_BYTES
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.hookbridge.routes.common import data
from hooktop.mockserver.hookbridge.verification import Knock, Rejection, idempotency_key, verdict
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError
from hooktop.mockserver.http.wing import Wing

PATH: Final = "/v1/webhooks/receive/<endpoint_id>/<secret_token>"

NOT_FORWARDED: Final = frozenset(
    {
        "host",
        "content-length",
        "content-type",
        "connection",
        "transfer-encoding",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "upgrade",
        "accept-encoding",
    }
)
"""Headers that belong to one connection; the content type is kept in a field of its own."""


def add(wing: Wing) -> None:
    """Serve the operation."""

    def receive(call: Call) -> Answer:
        return receive_webhook(wing, call)

    wing.operation("receiveWebhook", "POST", PATH, public=True)(receive)


def receive_webhook(wing: Wing, call: Call) -> Answer:
    """Let a webhook in, once for each idempotency key, or refuse it."""
    project = wing.registry.find_endpoint(call.path["endpoint_id"])
    if project is None or project.api != wing.name:
        raise _no_endpoint()
    call.project = project
    endpoint = project.store.endpoint(call.path["endpoint_id"])
    if endpoint is None or endpoint.kind is not Kind.INBOUND:
        raise _no_endpoint()
    headers = {name.lower(): value for name, value in call.request.headers.items()}
    _check(call, project, endpoint, headers)
    message_id = _accept(call, project, endpoint, headers)
    return data(call, {"message_id": message_id}, endpoint.config["ingest_response_code"])


def _no_endpoint(reason_code: str = "endpoint_not_found") -> ApiError:
    return ApiError(404, "ENDPOINT_NOT_FOUND", "endpoint not found", {"reason_code": reason_code})


def _rejected(rejection: Rejection) -> ApiError:
    details = {"reason_code": rejection.code, "reason_detail": rejection.detail}
    if rejection.code == "ip_not_allowed":
        return ApiError(403, "FORBIDDEN", "Source address is not allowed", details)
    return ApiError(401, "UNAUTHORIZED", "Webhook verification failed", details)


def _check(call: Call, project: Project, endpoint: Endpoint, headers: Mapping[str, str]) -> None:
    """Existence and token first: whoever does not know the token learns nothing else."""
    config = endpoint.config
    if not compare_digest(call.path["secret_token"].encode(), config["secret_token"].encode()):
        raise _rejected(Rejection("invalid_secret", "secret token is wrong"))
    expires_at = config.get("expires_at")
    if endpoint.deleted_at is not None or (expires_at is not None and project.now() >= expires_at):
        raise _no_endpoint("endpoint_deleted")
    if endpoint.status is Status.PAUSED:
        raise _paused()
    if len(call.raw) > PAYLOAD_MAX_BYTES:
        raise _too_large()
    knock = Knock(
        headers=headers,
        query={name: values[0] for name, values in call.query.items()},
        body=call.raw,
        source_ip=call.request.remote_addr or "",
        now=project.now(),
    )
    signs_timestamp = reading(project.settings.profile, "inbound_hmac_content") == "timestamp.body"
    rejection = verdict(config, knock, signs_timestamp=signs_timestamp)
    if rejection is not None:
        raise _rejected(rejection)


def _paused() -> ApiError:
    return ApiError(503, "ENDPOINT_PAUSED", "Endpoint is paused")


def _too_large() -> ApiError:
    text = "payload exceeds the maximum size of 1 MB"
    return ApiError(413, "PAYLOAD_TOO_LARGE", text, {"reason_code": "payload_too_large"})


def _accept(call: Call, project: Project, endpoint: Endpoint, headers: Mapping[str, str]) -> str:
    """The id of the message, new or already here. A key that comes with another body is a duplicate too."""
    config = endpoint.config
    forwarded = {
        name: value for name, value in call.request.headers.items() if name.lower() not in NOT_FORWARDED
    }
    try:
        message, _ = project.desk.accept(
            endpoint.id,
            call.raw,
            headers=forwarded,
            idempotency_key=idempotency_key(config["idempotency_header_names"], headers) or None,
            content_type=headers.get("content-type", "application/octet-stream"),
            pushed=config["mode"] == "forward",
        )
    except Refused as refused:
        if refused.reason is Reason.IDEMPOTENCY_MISMATCH:
            return str(refused.facts["message_id"])
        if refused.reason is Reason.REJECTED_AT_THE_DOOR:
            raise _paused() from refused
        raise
    return message.id

"""The public door of inbound endpoints: no key, the secret token in the path and the endpoint's own checks.

No page documents the answers to a refused webhook. Inferred: 404 for an unknown or deleted endpoint, 405 for
another method, 503 while paused (as documented for pull endpoints), 413 for a too large body, 403 for a
sender that is not on the list, 401 for every other failed check. `error.details.reason_code` is the
documented reason of a rejection.
source: docs/guides/inbound/rejections, docs/guides/inbound-webhooks-guide
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from hooktop.mockserver.delivery.model import Endpoint, Kind, Status
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.hookbridge import inbound
from hooktop.mockserver.hookbridge.limits import PAYLOAD_MAX_BYTES
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.hookbridge.routes.common import data
from hooktop.mockserver.hookbridge.verification import Knock, Rejection, verdict
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError
from hooktop.mockserver.http.wing import Wing

PATH: Final = "/v1/webhooks/receive/<endpoint_id>/<secret_token>"


def add(wing: Wing) -> None:
    """Serve the operation, and refuse other methods in public: whoever knocks here has no key."""

    def receive(call: Call) -> Answer:
        return receive_webhook(wing, call)

    wing.operation("receiveWebhook", "POST", PATH, public=True)(receive)
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        wing.operation(f"receiveWebhook{method.title()}", method, PATH, public=True)(_wrong_method)


def _wrong_method(call: Call) -> Answer:
    details = {"reason_code": "invalid_method"}
    raise ApiError(405, "METHOD_NOT_ALLOWED", "webhooks are sent with POST", details, {"Allow": "POST"})


def receive_webhook(wing: Wing, call: Call) -> Answer:
    """Let a webhook in, once for each idempotency key, or refuse it."""
    project = wing.registry.find_endpoint(call.path["endpoint_id"])
    if project is None or project.api != wing.name:
        raise _no_endpoint()
    call.project = project
    body = call.raw  # read before the lock is taken: a slow sender must not hold up the project
    # Under the lock nobody pauses the endpoint between its check and the message's acceptance.
    with project.lock:
        endpoint = project.store.endpoint(call.path["endpoint_id"])
        if endpoint is None or endpoint.kind is not Kind.INBOUND:
            raise _no_endpoint()
        _check(call, project, endpoint, body)
        message_id = _accept(call, project, endpoint, body)
    return data(call, {"message_id": message_id}, endpoint.config["ingest_response_code"])


def _no_endpoint(reason_code: str = "endpoint_not_found") -> ApiError:
    return ApiError(404, "ENDPOINT_NOT_FOUND", "endpoint not found", {"reason_code": reason_code})


def _rejected(rejection: Rejection) -> ApiError:
    details = {"reason_code": rejection.code, "reason_detail": rejection.detail}
    if rejection.code == "ip_not_allowed":
        return ApiError(403, "FORBIDDEN", "Source address is not allowed", details)
    return ApiError(401, "UNAUTHORIZED", "Webhook verification failed", details)


def _check(call: Call, project: Project, endpoint: Endpoint, body: bytes) -> None:
    """Existence and token first: whoever does not know the token learns nothing else."""
    config = endpoint.config
    if not compare_digest(call.path["secret_token"].encode(), config["secret_token"].encode()):
        raise _rejected(Rejection("invalid_secret", "secret token is wrong"))
    expires_at = config.get("expires_at")
    if endpoint.deleted_at is not None or (expires_at is not None and project.now() >= expires_at):
        raise _no_endpoint("endpoint_deleted")
    if endpoint.status is Status.PAUSED:
        raise ApiError(503, "ENDPOINT_PAUSED", "Endpoint is paused")
    if len(body) > PAYLOAD_MAX_BYTES:
        raise _too_large()
    knock = Knock(
        headers={name.lower(): value for name, value in call.request.headers.items()},
        query={name: values[0] for name, values in call.query.items()},
        body=body,
        source_ip=call.request.remote_addr or "",
        now=project.now(),
    )
    signs_timestamp = reading(project.settings.profile, "inbound_hmac_content") == "timestamp.body"
    rejection = verdict(config, knock, signs_timestamp=signs_timestamp)
    if rejection is not None:
        raise _rejected(rejection)


def _too_large() -> ApiError:
    text = "payload exceeds the maximum size of 1 MB"
    return ApiError(413, "PAYLOAD_TOO_LARGE", text, {"reason_code": "payload_too_large"})


def _accept(call: Call, project: Project, endpoint: Endpoint, body: bytes) -> str:
    headers = dict(call.request.headers.items())
    content_type = call.request.headers.get("Content-Type", "application/octet-stream")
    return inbound.accept(project, endpoint, body, headers, content_type)

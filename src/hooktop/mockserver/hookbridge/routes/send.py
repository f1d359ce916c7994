"""Sending. source: docs/api/operations/sendwebhook"""

from __future__ import annotations

from hooktop.mockserver.delivery.model import Kind
from hooktop.mockserver.engine.desk import Missing
from hooktop.mockserver.hookbridge.errors import unknown_endpoint
from hooktop.mockserver.hookbridge.routes.common import data, profile
from hooktop.mockserver.hookbridge.rules import send_order
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.wing import Wing


def add(wing: Wing) -> None:
    """Serve the operation."""
    wing.operation("sendWebhook", "POST", "/v1/webhooks/send")(send_webhook)


def send_webhook(call: Call) -> Answer:
    """Store one message and answer at once; the same key with the same payload is the first message again.

    The status is always `queued`, even where a paused endpoint holds the message: the page allows no other.
    """
    project = call.tenant
    order = send_order(call, profile(call), project.settings.retention_ms)
    try:
        endpoint = project.desk.endpoint(order.endpoint_id, kind=Kind.OUTBOUND)
        message, _ = project.desk.accept(
            endpoint.id,
            order.payload,
            headers=order.headers,
            idempotency_key=order.idempotency_key,
            retention_ms=order.retention_ms,
        )
    except Missing as error:
        raise unknown_endpoint(profile(call)) from error
    return data(call, {"message_id": message.id, "status": "queued"}, 202)

"""Inbound messages.

source: docs/api/operations/getinboundmessage, getinboundmessageattempts, replayinboundmessage/
"""

from __future__ import annotations

from hooktop.mockserver.delivery.model import Kind
from hooktop.mockserver.hookbridge import wire
from hooktop.mockserver.hookbridge.routes.common import data, profile, said
from hooktop.mockserver.hookbridge.routes.messages import attempts_answer
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.wing import Wing


def add(wing: Wing) -> None:
    """Serve the operations of this resource."""
    wing.operation("getInboundMessage", "GET", "/v1/inbound-messages/<id>")(get_inbound_message)
    wing.operation("getInboundMessageAttempts", "GET", "/v1/inbound-messages/<id>/attempts")(
        get_inbound_message_attempts
    )
    wing.operation("replayInboundMessage", "POST", "/v1/inbound-messages/<id>/replay")(replay_inbound_message)


def get_inbound_message(call: Call) -> Answer:
    """One inbound message; a deleted one too."""
    project = call.tenant
    found = project.desk.message(call.path["id"], kind=Kind.INBOUND)
    return data(call, wire.inbound_message(found, project.id, profile(call)))


def get_inbound_message_attempts(call: Call) -> Answer:
    """Attempts to forward it, oldest first; none for an unknown message."""
    return attempts_answer(call, Kind.INBOUND)


def replay_inbound_message(call: Call) -> Answer:
    """Forward the webhook again."""
    done = call.tenant.desk.replay(call.path["id"], kind=Kind.INBOUND)
    return said(call, "Inbound message queued for replay", {"message_id": done.id, "status": "queued"})

"""Outbound messages.

source: docs/api/operations/getmessage, getmessageattempts, replaymessage, retrynow, cancelretry
"""

from __future__ import annotations

from typing import Any

from hooktop.mockserver.delivery.lifecycle import Reason, Refused
from hooktop.mockserver.delivery.model import Attempt, Kind, Message
from hooktop.mockserver.engine.desk import Missing
from hooktop.mockserver.hookbridge import wire
from hooktop.mockserver.hookbridge.errors import invalid_status, not_found
from hooktop.mockserver.hookbridge.limits import ATTEMPTS_MAX
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.hookbridge.routes.common import base_url, data, profile, said
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError
from hooktop.mockserver.http.wing import Wing


def add(wing: Wing) -> None:
    """Serve the operations of this resource."""
    wing.operation("getMessage", "GET", "/v1/messages/<id>")(get_message)
    wing.operation("getMessageAttempts", "GET", "/v1/messages/<id>/attempts")(get_message_attempts)
    wing.operation("replayMessage", "POST", "/v1/messages/<id>/replay")(replay_message)
    wing.operation("retryNow", "POST", "/v1/messages/<id>/retry-now")(retry_now)
    wing.operation("cancelRetry", "POST", "/v1/messages/<id>/cancel")(cancel_retry)
    # Ours: what response_body_url points to. The vendor's own address of stored bodies is not documented.
    wing.operation("readResponseBody", "GET", "/v1/messages/<id>/attempts/<attempt_id>/response-body")(
        read_response_body
    )


def get_message(call: Call) -> Answer:
    """One message; a deleted one too."""
    project = call.tenant
    found = project.desk.message(call.path["id"], kind=Kind.OUTBOUND)
    return data(call, wire.message(found, project.id, profile(call)))


def get_message_attempts(call: Call) -> Answer:
    """Attempts, oldest first; none for an unknown message."""
    return attempts_answer(call, Kind.OUTBOUND)


def replay_message(call: Call) -> Answer:
    """Send the message again with its original payload."""
    done = call.tenant.desk.replay(call.path["id"], kind=Kind.OUTBOUND)
    return said(call, "Message queued for replay", {"message_id": done.id, "status": "queued"})


def retry_now(call: Call) -> Answer:
    """Bring the planned retry to the scheduler's next run; the status stays pending_retry."""
    with call.tenant.lock:
        try:
            done = call.tenant.desk.retry_now(call.path["id"], kind=Kind.OUTBOUND)
        except Refused as refused:
            raise _not_retrying(call, refused) from refused
    return said(call, "Retry scheduled for immediate pickup", _retry_answer(call, done))


def cancel_retry(call: Call) -> Answer:
    """Give the planned retry up: failed_permanent."""
    with call.tenant.lock:
        try:
            done = call.tenant.desk.cancel(call.path["id"], kind=Kind.OUTBOUND)
        except Refused as refused:
            raise _not_retrying(call, refused) from refused
    return data(call, _retry_answer(call, done))


def read_response_body(call: Call) -> Answer:
    """What the receiver answered to one attempt, as it was kept."""
    found = _attempt(call)
    if found is None or not found.response_body:
        raise not_found(profile(call), "message")
    kind = next((text for name, text in found.response_headers.items() if name.lower() == "content-type"), "")
    return Answer(200, found.response_body, content_type=kind or "application/octet-stream")


def attempts_answer(call: Call, kind: Kind) -> Answer:
    """The attempts of a message of one kind; an unknown one has none, and no cursor goes past 200."""
    found = attempts(call, kind, ATTEMPTS_MAX + 1)
    prefix = f"{base_url(call)}/v1/messages/{call.path['id']}/attempts/"
    rows = [
        wire.attempt(row, body_url=f"{prefix}{row.id}/response-body", outbound=kind is Kind.OUTBOUND)
        for row in found[:ATTEMPTS_MAX]
    ]
    return data(call, rows, has_more=len(found) > ATTEMPTS_MAX)


def attempts(call: Call, kind: Kind, limit: int) -> list[Attempt]:
    """Attempts of the message that the path names, oldest first."""
    project = call.tenant
    try:
        message = project.desk.message(call.path["id"], kind=kind)
    except Missing:
        return []
    return list(project.store.attempts(message.id, limit=limit))


def _attempt(call: Call) -> Attempt | None:
    rows = call.tenant.store.attempts(call.path["id"], limit=ATTEMPTS_MAX + 1)
    return next((row for row in rows if row.id == call.path["attempt_id"]), None)


def _not_retrying(call: Call, refused: Refused) -> ApiError:
    """Both pages document 400 and 404 only, so a deleted message is not found."""
    if refused.reason is Reason.DELETED:
        return not_found(profile(call), "message")
    current = call.tenant.desk.message(call.path["id"])
    return invalid_status(wire.word(current.state, profile(call)))


def _retry_answer(call: Call, done: Message) -> dict[str, Any]:
    if reading(profile(call), "retry_answer") == "message":
        return wire.message(done, call.tenant.id, profile(call))
    return {"message_id": done.id, "status": wire.word(done.state, profile(call))}

"""What really happened: a message as the engine keeps it, and the sums over all of them."""

from __future__ import annotations

import base64
from typing import Any

from hooktop.mockserver.control.forms import invalid
from hooktop.mockserver.control.wing import ControlWing, data, moment
from hooktop.mockserver.delivery.model import Message, State
from hooktop.mockserver.engine.clock import ClockError, parse_iso
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.http.call import Answer, Call


def register(wing: ControlWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("getMessageTruth", "GET", "/_mock/v1/projects/<id>/messages/<message_id>")
    def get_message_truth(call: Call) -> Answer:
        project = wing.project(call)
        return _truth(wing, call, project, project.desk.message(call.path["message_id"]))

    @wing.operation("sweepPayload", "POST", "/_mock/v1/projects/<id>/messages/<message_id>/sweep")
    def sweep_payload(call: Call) -> Answer:
        project = wing.project(call)
        return _truth(wing, call, project, project.desk.sweep_payload(call.path["message_id"]))

    @wing.operation("getBooks", "GET", "/_mock/v1/projects/<id>/books")
    def get_books(call: Call) -> Answer:
        endpoint_id = call.argument("endpoint_id")
        since, until = _instant(call, "since"), _instant(call, "until")
        return data(call, books(wing.project(call), endpoint_id, since, until))


def _truth(wing: ControlWing, call: Call, project: Project, message: Message) -> Answer:
    return data(call, message_json(project, message, wing.wings[project.api].word(project, message)))


def message_json(project: Project, message: Message, word: str) -> dict[str, Any]:
    """A message in the engine's words, with its payload."""
    payload = project.store.payload(message.id)
    text, encoding = _readable(payload)
    return {
        "id": message.id,
        "state": message.state.value,
        "word": word,
        "cancelled": message.cancelled,
        "endpoint_id": message.endpoint_id,
        "event_id": message.event_id,
        "attempt_count": message.attempt_count,
        "replay_count": message.replay_count,
        "payload": text,
        "payload_encoding": encoding,
        "content_type": message.content_type,
        "headers": dict(message.headers),
        "created_at": moment(message.created_at),
        "delivered_at": moment(message.delivered_at),
        "due_at": moment(message.due_at),
        "next_attempt_at": moment(message.next_attempt_at),
        "payload_expires_at": moment(message.payload_expires_at),
        "payload_gone_at": moment(message.payload_gone_at),
        "deleted_at": moment(message.deleted_at),
        "answered_2xx": project.store.success_count(message.id),
    }


def _readable(payload: bytes | None) -> tuple[str | None, str | None]:
    if payload is None:
        return None, None
    try:
        return payload.decode(), "text"
    except UnicodeDecodeError:
        return base64.b64encode(payload).decode(), "base64"


def books(project: Project, endpoint_id: str | None, since: int | None, until: int | None) -> dict[str, Any]:
    """All messages accepted in the span, by state, and what the receivers answered 2xx."""
    store = project.store
    with project.lock:
        counts = store.counts(endpoint_id=endpoint_id, since=since, until=until)
        repeated = store.successes(endpoint_id=endpoint_id, since=since, until=until)
        successes = store.total_successes(endpoint_id=endpoint_id, since=since, until=until)
    more = [id for id, replays, answered in repeated if answered > 1 + replays]
    return {
        "accepted": sum(counts.values()),
        "by_state": {state.value: counts.get(state, 0) for state in State},
        "delivered_once": counts.get(State.DELIVERED, 0) - len(more),
        "delivered_more": more,
        "receiver_2xx": successes,
    }


def _instant(call: Call, name: str) -> int | None:
    text = call.argument(name)
    if text is None:
        return None
    try:
        return parse_iso(text.replace(" ", "+"))
    except ClockError as error:
        raise invalid(name, str(error)) from None

"""Rows to values and back. JSON columns hold what is never searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hooktop.mockserver.delivery.model import (
    AnswerError,
    Attempt,
    Endpoint,
    Event,
    Kind,
    Ladder,
    Message,
    Secret,
    State,
    Status,
)
from hooktop.mockserver.engine.store import Flight, Thing

Row = tuple[Any, ...]

_STATES = {state.value: state for state in State}
_KINDS = {kind.value: kind for kind in Kind}
_STATUSES = {status.value: status for status in Status}
_LADDERS: Mapping[str | None, Ladder | None] = {None: None} | {ladder.value: ladder for ladder in Ladder}
_ERRORS: Mapping[str | None, AnswerError | None] = {None: None} | {
    error.value: error for error in AnswerError
}
_decode = msgspec.json.decode
_decode_secrets = msgspec.json.Decoder(tuple[Secret, ...]).decode
_decode_flight = msgspec.json.Decoder(Flight).decode
_encode = msgspec.json.encode


def to_json(value: Any) -> str:
    """JSON text of a column; the empty mapping, by far the most frequent, costs nothing."""
    return _encode(value).decode() if value else "{}"


def from_json(text: str) -> Any:
    """The value of a JSON column."""
    return _decode(text) if text != "{}" else {}


def endpoint_row(endpoint: Endpoint) -> Row:
    """In the order of ENDPOINT_COLUMNS."""
    return (
        endpoint.id,
        endpoint.seq,
        endpoint.kind.value,
        endpoint.url,
        endpoint.name,
        endpoint.description,
        endpoint.status.value,
        endpoint.rate_per_s,
        endpoint.burst,
        to_json(endpoint.headers),
        _encode(endpoint.secrets).decode(),
        to_json(endpoint.config),
        endpoint.paused_at,
        endpoint.created_at,
        endpoint.updated_at,
        endpoint.deleted_at,
    )


def endpoint_of(row: Row) -> Endpoint:
    """From the order of ENDPOINT_COLUMNS."""
    return Endpoint(
        id=row[0],
        seq=row[1],
        kind=_KINDS[row[2]],
        url=row[3],
        name=row[4],
        description=row[5],
        status=_STATUSES[row[6]],
        rate_per_s=row[7],
        burst=row[8],
        headers=from_json(row[9]),
        secrets=_decode_secrets(row[10]),
        config=from_json(row[11]),
        paused_at=row[12],
        created_at=row[13],
        updated_at=row[14],
        deleted_at=row[15],
    )


def message_fixed(message: Message) -> Row:
    """In the order of MESSAGE_FIXED."""
    return (
        message.seq,
        message.id,
        message.endpoint_id,
        message.kind.value,
        message.event_id,
        message.idempotency_key,
        message.event_type,
        message.content_type,
        message.size_bytes,
        message.payload_sha256,
        to_json(message.headers),
        message.retention_ms,
        message.created_at,
    )


def message_moving(message: Message) -> Row:
    """In the order of MESSAGE_MOVING."""
    ladder = message.ladder
    return (
        message.state.value,
        int(message.cancelled),
        message.attempt_count,
        message.round_attempts,
        message.replay_count,
        None if ladder is None else ladder.value,
        message.ladder_step,
        message.due_at,
        message.next_attempt_at,
        message.slot_at,
        message.payload_expires_at,
        message.payload_gone_at,
        message.last_error,
        message.response_status,
        message.response_latency_ms,
        message.first_attempt_at,
        message.delivered_at,
        message.failed_at,
        message.updated_at,
        message.deleted_at,
        message.deleted_by,
        to_json(message.config),
    )


def message_of(row: Row) -> Message:
    """From the order of MESSAGE_FIXED followed by MESSAGE_MOVING."""
    return Message(
        seq=row[0],
        id=row[1],
        endpoint_id=row[2],
        kind=_KINDS[row[3]],
        event_id=row[4],
        idempotency_key=row[5],
        event_type=row[6],
        content_type=row[7],
        size_bytes=row[8],
        payload_sha256=row[9],
        headers=from_json(row[10]),
        retention_ms=row[11],
        created_at=row[12],
        state=_STATES[row[13]],
        cancelled=bool(row[14]),
        attempt_count=row[15],
        round_attempts=row[16],
        replay_count=row[17],
        ladder=_LADDERS[row[18]],
        ladder_step=row[19],
        due_at=row[20],
        next_attempt_at=row[21],
        slot_at=row[22],
        payload_expires_at=row[23],
        payload_gone_at=row[24],
        last_error=row[25],
        response_status=row[26],
        response_latency_ms=row[27],
        first_attempt_at=row[28],
        delivered_at=row[29],
        failed_at=row[30],
        updated_at=row[31],
        deleted_at=row[32],
        deleted_by=row[33],
        config=from_json(row[34]),
    )


def attempt_row(attempt: Attempt) -> Row:
    """In the order of ATTEMPT_COLUMNS."""
    return (
        attempt.seq,
        attempt.id,
        attempt.message_id,
        attempt.endpoint_id,
        attempt.number,
        attempt.at,
        attempt.finished_at,
        attempt.url,
        attempt.response_status,
        attempt.latency_ms,
        None if attempt.error is None else attempt.error.value,
        attempt.error_text,
        attempt.resolved_ip,
        int(attempt.conn_reused),
        None if attempt.ladder is None else attempt.ladder.value,
        attempt.retry_after_ms,
        attempt.replay,
        to_json(attempt.request_headers),
        to_json(attempt.response_headers),
        to_json(attempt.timings),
        attempt.response_body,
    )


def attempt_of(row: Row) -> Attempt:
    """From the order of ATTEMPT_COLUMNS."""
    return Attempt(
        seq=row[0],
        id=row[1],
        message_id=row[2],
        endpoint_id=row[3],
        number=row[4],
        at=row[5],
        finished_at=row[6],
        url=row[7],
        response_status=row[8],
        latency_ms=row[9],
        error=_ERRORS[row[10]],
        error_text=row[11],
        resolved_ip=row[12],
        conn_reused=bool(row[13]),
        ladder=_LADDERS[row[14]],
        retry_after_ms=row[15],
        replay=row[16],
        request_headers=from_json(row[17]),
        response_headers=from_json(row[18]),
        timings=from_json(row[19]),
        response_body=row[20],
    )


def event_row(event: Event) -> Row:
    """In the order of EVENT_COLUMNS."""
    return (
        event.seq,
        event.id,
        event.type,
        event.idempotency_key,
        event.payload,
        event.content_type,
        to_json(event.headers),
        event.source,
        event.status,
        to_json(event.config),
        event.created_at,
        event.updated_at,
    )


def event_of(row: Row) -> Event:
    """From the order of EVENT_COLUMNS."""
    return Event(
        seq=row[0],
        id=row[1],
        type=row[2],
        idempotency_key=row[3],
        payload=row[4],
        content_type=row[5],
        headers=from_json(row[6]),
        source=row[7],
        status=row[8],
        config=from_json(row[9]),
        created_at=row[10],
        updated_at=row[11],
    )


def thing_row(thing: Thing) -> Row:
    """In the order of THING_COLUMNS."""
    return thing.kind, thing.id, thing.lookup, to_json(thing.doc), thing.created_at, thing.seq


def thing_of(row: Row) -> Thing:
    """From the order of THING_COLUMNS."""
    return Thing(kind=row[0], id=row[1], lookup=row[2], doc=from_json(row[3]), created_at=row[4], seq=row[5])


def flight_blob(flight: Flight) -> bytes:
    """A running attempt, for keeping."""
    return _encode(flight)


def flight_of(blob: bytes) -> Flight:
    """A running attempt that was kept."""
    return _decode_flight(blob)

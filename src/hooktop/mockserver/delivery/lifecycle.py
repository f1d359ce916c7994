"""The life of a message: transitions from value to value at an instant `now`.

Each function returns the new value or raises Refused; none changes its arguments. Where several
reasons speak against a transition the first of this order is given: deleted, payload expired or
gone, endpoint, delivery in progress, fast retry running, limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hooktop.mockserver.delivery.model import (
    OPEN_STATES,
    Answer,
    AnswerError,
    Endpoint,
    Ladder,
    Message,
    PauseRule,
    State,
    Status,
)
from hooktop.mockserver.delivery.policy import Draw, Policy, Retry, plan_retry
from hooktop.mockserver.delivery.refusal import Reason, Refused

__all__ = [
    "ERROR_LINES", "Reason", "Refused", "abandon", "accept", "acknowledge", "begin", "cancel", "delete", "discard",
    "error_line", "finish", "hold", "put_off", "recover", "release", "replay", "retry_now", "stop_at_start", "sweep",
]  # fmt: skip


# --- into the queue ----------------------------------------------------------


def accept(draft: Message, endpoint: Endpoint, policy: Policy, now: int, *, pushed: bool = True) -> Message:
    """Take a new message in: waiting, held or discarded by the state of its endpoint.

    `pushed` False: it waits for its consumer to fetch it. Raises Refused when the endpoint is gone
    or paused at the door.
    """
    state = _entry_state(endpoint, policy)
    return replace(
        draft,
        state=state,
        due_at=now if pushed and state is State.WAITING else None,
        payload_expires_at=_first_expiry(draft.retention_ms, now),
        failed_at=now if state is State.DISCARDED else None,
        created_at=now,
        updated_at=now,
    )


def _entry_state(endpoint: Endpoint, policy: Policy) -> State:
    if endpoint.deleted_at is not None:
        raise Refused(Reason.ENDPOINT_GONE, endpoint_id=endpoint.id)
    if endpoint.status is Status.INACTIVE:
        return State.DISCARDED
    if endpoint.status is Status.ACTIVE:
        return State.WAITING
    rule = policy.pause_rule(endpoint.kind)
    if rule is PauseRule.REJECT:
        raise Refused(Reason.REJECTED_AT_THE_DOOR, endpoint_id=endpoint.id)
    return State.HELD if rule is PauseRule.HOLD else State.DISCARDED


def _first_expiry(retention_ms: int | None, now: int) -> int | None:
    """A retention of zero means "delete right after delivery", a negative one "keep for ever"."""
    return now + retention_ms if retention_ms and retention_ms > 0 else None


def hold(message: Message, now: int) -> Message:
    """Keep a message back because its endpoint is paused."""
    if message.state not in (State.WAITING, State.RETRYING):
        raise Refused(Reason.DELIVERY_IN_PROGRESS, state=message.state.value)
    return replace(message, state=State.HELD, due_at=None, next_attempt_at=None, slot_at=None, updated_at=now)


def release(message: Message, policy: Policy, now: int) -> Message:
    """Put a held message back into the queue; it starts when the scheduler polls next."""
    if message.state is not State.HELD:
        raise Refused(Reason.NOT_PAUSED, state=message.state.value)
    return replace(message, state=State.WAITING, due_at=policy.next_tick(now), updated_at=now)


def put_off(message: Message, slot_at: int, now: int) -> Message:
    """Keep a message back until the instant that the rate limit has set aside for it; no attempt is used."""
    return replace(message, due_at=slot_at, slot_at=slot_at, updated_at=now)


# --- attempts ----------------------------------------------------------------


def begin(message: Message, now: int, *, ends_at: int | None = None) -> Message:
    """Start an attempt. `ends_at`: when its answer is known beforehand to come in."""
    if message.state not in (State.WAITING, State.RETRYING):
        raise Refused(Reason.DELIVERY_IN_PROGRESS, state=message.state.value)
    return replace(
        message,
        state=State.SENDING,
        attempt_count=message.attempt_count + 1,
        round_attempts=message.round_attempts + 1,
        due_at=ends_at,
        next_attempt_at=None,
        slot_at=None,
        first_attempt_at=now if message.first_attempt_at is None else message.first_attempt_at,
        updated_at=now,
    )


def finish(
    message: Message, answer: Answer, policy: Policy, now: int, draw: Draw
) -> tuple[Message, Retry | None]:
    """Take in the answer of the running attempt; also says which retry was planned.

    A message whose endpoint was deleted meanwhile stays dead, and a deleted message is not retried.
    """
    told: dict[str, Any] = {
        "response_status": answer.status,
        "response_latency_ms": answer.latency_ms,
        "updated_at": now,
        "due_at": None,
        "next_attempt_at": None,
    }
    if message.state is not State.SENDING:
        return replace(message, **told), None
    if answer.is_success:
        return _delivered(message, told, now), None
    told["last_error"] = error_line(answer)
    retry = None if message.deleted_at is not None else plan_retry(policy, message, answer, now, draw)
    if retry is None:
        return replace(message, **told, state=State.DEAD, ladder=None, ladder_step=0, failed_at=now), None
    due_at = now + retry.delay_ms
    told |= {"due_at": due_at, "next_attempt_at": due_at}
    return replace(message, **told, state=State.RETRYING, ladder=retry.ladder, ladder_step=retry.step), retry


def _delivered(message: Message, told: Mapping[str, Any], now: int) -> Message:
    first = message.delivered_at is None
    expires_at = message.payload_expires_at
    if first and message.retention_ms is not None and message.retention_ms >= 0:
        expires_at = now + message.retention_ms
    return replace(
        message,
        **told,
        state=State.DELIVERED,
        last_error=None,
        ladder=None,
        ladder_step=0,
        delivered_at=now if first else message.delivered_at,
        failed_at=None,
        payload_expires_at=expires_at,
    )


def recover(message: Message, now: int) -> Message:
    """Put back a message whose attempt was cut off by the end of the process; it will be sent again."""
    return replace(message, state=State.WAITING, due_at=now, updated_at=now)


ERROR_LINES: Mapping[AnswerError, str] = {
    AnswerError.TIMEOUT: "connection timeout",
    AnswerError.REFUSED: "connection refused",
    AnswerError.RESET: "connection reset by peer",
    AnswerError.TLS: "TLS handshake failed",
    AnswerError.DNS: "host not found",
    AnswerError.BLOCKED: "address not allowed",
    AnswerError.TOO_LARGE: "response too large",
}


def error_line(answer: Answer) -> str:
    """One line that tells what went wrong."""
    if answer.error is not None:
        return answer.error_text or ERROR_LINES[answer.error]
    return f"HTTP {answer.status}"


# --- by hand -----------------------------------------------------------------


def retry_now(message: Message, policy: Policy, now: int) -> Message:
    """Bring the planned retry forward to the scheduler's next poll; the state stays."""
    _refuse_deleted(message)
    if message.state is not State.RETRYING:
        raise Refused(Reason.NOT_RETRYING, state=message.state.value)
    tick = policy.next_tick(now)
    return replace(message, due_at=tick, next_attempt_at=tick, slot_at=None, updated_at=now)


def cancel(message: Message, now: int) -> Message:
    """Give up the planned retry."""
    _refuse_deleted(message)
    if message.state is not State.RETRYING:
        raise Refused(Reason.NOT_RETRYING, state=message.state.value)
    return replace(_given_up(message, now), cancelled=True)


def replay(
    message: Message,
    endpoint: Endpoint | None,
    policy: Policy,
    now: int,
    *,
    from_dead_letters: bool = False,
    allowed: frozenset[State] | None = None,
) -> Message:
    """Send a finished message again; a paused endpoint that holds keeps it until it is resumed.

    `allowed` takes the place of the policy's replayable states. `from_dead_letters` knows no limit.
    """
    _check_replay(message, endpoint, policy, now, from_dead_letters, allowed)
    held = _is_stopped(endpoint, policy) and policy.pause_stops_scheduled
    return replace(
        message,
        state=State.HELD if held else State.WAITING,
        cancelled=False,
        replay_count=message.replay_count + 1,
        round_attempts=0 if policy.replay_resets_round else message.round_attempts,
        ladder=None,
        ladder_step=0,
        due_at=None if held else now + policy.replay_delay_ms,
        next_attempt_at=None,
        slot_at=None,
        failed_at=None,
        updated_at=now,
    )


def _check_replay(
    message: Message,
    endpoint: Endpoint | None,
    policy: Policy,
    now: int,
    from_dead_letters: bool,
    allowed: frozenset[State] | None,
) -> None:
    _refuse_deleted(message)
    _refuse_without_payload(message, now)
    if endpoint is None or endpoint.deleted_at is not None:
        raise Refused(Reason.ENDPOINT_GONE, endpoint_id=message.endpoint_id)
    if from_dead_letters and message.state is not State.DEAD:
        raise Refused(Reason.NOT_DEAD, state=message.state.value)
    _refuse_state(message, policy.replayable if allowed is None else allowed)
    if policy.replay_needs_active:
        _refuse_idle(endpoint)
    limit = None if from_dead_letters else policy.replay_limit
    if limit is not None and message.replay_count >= limit:
        raise Refused(Reason.REPLAY_LIMIT, limit=limit, replay_count=message.replay_count)


def _refuse_state(message: Message, allowed: frozenset[State]) -> None:
    if message.state not in allowed:
        if message.state is State.DELIVERED:
            raise Refused(Reason.ALREADY_DELIVERED, state=message.state.value)
        reason = Reason.DELIVERY_IN_PROGRESS if message.state in OPEN_STATES else Reason.NOT_FAILED
        raise Refused(reason, state=message.state.value)
    if message.state is State.RETRYING and message.ladder is Ladder.FAST:
        raise Refused(Reason.FAST_RETRY, next_attempt_at=message.next_attempt_at)


def _refuse_idle(endpoint: Endpoint) -> None:
    if endpoint.status is Status.PAUSED:
        raise Refused(Reason.ENDPOINT_PAUSED, endpoint_id=endpoint.id)
    if endpoint.status is Status.INACTIVE:
        raise Refused(Reason.ENDPOINT_INACTIVE, endpoint_id=endpoint.id)


def _refuse_deleted(message: Message) -> None:
    if message.deleted_at is not None:
        raise Refused(Reason.DELETED, deleted_at=message.deleted_at)


def _refuse_without_payload(message: Message, now: int) -> None:
    expires_at = message.payload_expires_at
    if expires_at is not None and now >= expires_at:
        raise Refused(Reason.RETENTION_EXPIRED, payload_expires_at=expires_at)
    if message.payload_gone_at is not None:
        raise Refused(Reason.PAYLOAD_GONE, payload_gone_at=message.payload_gone_at)


def acknowledge(message: Message, now: int) -> Message:
    """The consumer has taken a message that was waiting to be fetched."""
    _refuse_deleted(message)
    if message.state is State.DELIVERED:
        return message
    return _delivered(message, {"updated_at": now, "due_at": None}, now)


# --- the end -----------------------------------------------------------------


def abandon(message: Message, now: int) -> Message:
    """Give a message up because its endpoint was deleted; a running attempt may still end."""
    if message.state not in OPEN_STATES:
        return message
    return replace(_given_up(message, now), last_error="endpoint deleted")


def discard(message: Message, now: int, why: str) -> Message:
    """Throw a message aside without an attempt."""
    return replace(_given_up(message, now), state=State.DISCARDED, last_error=why)


def _given_up(message: Message, now: int) -> Message:
    return replace(
        message,
        state=State.DEAD,
        ladder=None,
        ladder_step=0,
        due_at=None,
        next_attempt_at=None,
        slot_at=None,
        failed_at=now,
        updated_at=now,
    )


def delete(message: Message, now: int, by: str | None = None) -> Message:
    """Take a message out of reach: no retry, no payload, its idempotency key free again; its state stays."""
    _refuse_deleted(message)
    return replace(
        message,
        deleted_at=now,
        deleted_by=by,
        payload_gone_at=now if message.payload_gone_at is None else message.payload_gone_at,
        due_at=message.due_at if message.state is State.SENDING else None,
        next_attempt_at=None,
        updated_at=now,
    )


def sweep(message: Message, now: int) -> Message:
    """Remove the payload; what was still owed can no longer be sent and is dead."""
    if message.payload_gone_at is not None:
        return message
    swept = replace(message, payload_gone_at=now, updated_at=now)
    if message.state in OPEN_STATES and message.state is not State.SENDING:
        return replace(_given_up(swept, now), last_error="payload retention expired")
    return swept


# --- endpoints that do not deliver -------------------------------------------


def _is_stopped(endpoint: Endpoint | None, policy: Policy) -> bool:
    return (
        endpoint is not None
        and endpoint.status is Status.PAUSED
        and policy.pause_rule(endpoint.kind) is PauseRule.HOLD
    )


def stop_at_start(message: Message, endpoint: Endpoint | None, policy: Policy, now: int) -> Message | None:
    """What becomes of a message that falls due while its endpoint does not deliver; None: let it start."""
    if endpoint is None or endpoint.deleted_at is not None:
        return abandon(message, now)
    if endpoint.status is Status.INACTIVE:
        return discard(message, now, "endpoint inactive")
    if _is_stopped(endpoint, policy) and policy.pause_stops_scheduled:
        return hold(message, now)
    return None

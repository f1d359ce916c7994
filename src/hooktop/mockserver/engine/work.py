"""What is due in one project, done one batch at a time, in (due_at, seq) order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from hooktop.mockserver.delivery import lifecycle
from hooktop.mockserver.delivery.model import Attempt, Endpoint, Message, State
from hooktop.mockserver.delivery.ratelimit import reserve
from hooktop.mockserver.engine.store import Due, Flight
from hooktop.mockserver.engine.transport import Delivery

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project

BATCH = 512
_NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Fired:
    """One attempt that has ended."""

    message_id: str
    endpoint_id: str
    attempt_no: int
    at: int
    outcome: State
    status: int | None
    error: str | None


@dataclass(slots=True)
class Batch:
    """What one batch changes, written at its end."""

    messages: list[Message] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    started: list[tuple[Message, Flight]] = field(default_factory=list)
    ended: list[Message] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)
    steps: int = 0
    soonest: tuple[int, int] = (_NEVER, 0)
    """(due_at, seq) of the first thing that this batch itself has made due."""


def next_due_at(project: Project) -> int | None:
    """When the project has something to do next; None: never, as things are."""
    if not project.has_data:
        return project.traffic.next_at()
    with project.lock:
        store = project.store
        instants = (store.next_due_at(), store.next_expiry_at(), project.traffic.next_at())
    return min((instant for instant in instants if instant is not None), default=None)


def run_batch(project: Project, until: int, limit: int = BATCH) -> Batch:
    """Do the first things due at or before `until`; a batch of no steps: there is nothing more.

    Only for simulated deliveries, whose answers are known at once. Moves a virtual clock along.
    """
    with project.lock, project.store.transaction():
        store = project.store
        sweep_at = store.next_expiry_at()
        traffic_at = project.traffic.next_at()
        wall = min(_NEVER if sweep_at is None else sweep_at, _NEVER if traffic_at is None else traffic_at)
        batch = Batch()
        _fire_all(project, store.due(min(until, wall - 1), limit), batch)
        if not batch.steps and wall <= until:
            _run_others(project, wall, batch, sweep_at == wall)
        _keep(project, batch)
        if batch.steps:
            project.changed.notify_all()
    return batch


def _fire_all(project: Project, due: list[Due], batch: Batch) -> None:
    for item in due:
        at = item.message.due_at or 0
        if batch.soonest < (at, item.message.seq):
            return
        _fire(project, item, project.move_to(at), batch)
        batch.steps += 1


def _run_others(project: Project, at: int, batch: Batch, is_sweep: bool) -> None:
    """Sweep payloads or let producers act at `at`."""
    now = project.move_to(at)
    if is_sweep:
        gone = [lifecycle.sweep(message, now) for message in project.store.expired(at, BATCH)]
        project.store.drop_payloads(gone)
        batch.messages += gone
        batch.steps += len(gone)
        return
    batch.steps += project.traffic.run(project, at)


def _keep(project: Project, batch: Batch) -> None:
    store = project.store
    if batch.messages:
        store.save_messages(batch.messages)
    if batch.attempts:
        store.add_attempts(batch.attempts)
    if batch.ended:
        store.drop_flights(batch.ended)
    if batch.started:
        store.keep_flights(batch.started)
    if project.traffic.changed and store.durable:
        store.put_note("traffic", msgspec.json.encode(project.traffic.state()))
    project.traffic.changed = False


# --- one message -------------------------------------------------------------


def _fire(project: Project, due: Due, now: int, batch: Batch) -> None:
    message = due.message
    endpoint = project.store.endpoint(message.endpoint_id)
    if message.state is State.SENDING:
        if due.flight is None:
            _change(lifecycle.recover(message, now), batch)
            return
        batch.ended.append(message)
        _finish(project, message, due.flight, now, batch)
        return
    stopped = stopped_or_put_off(project, message, endpoint, due.payload, now)
    if stopped is not None or endpoint is None or due.payload is None:
        if stopped is not None:
            _change(stopped, batch)
        return
    _start(project, message, endpoint, due.payload, now, batch)


def stopped_or_put_off(
    project: Project, message: Message, endpoint: Endpoint | None, payload: bytes | None, now: int
) -> Message | None:
    """What becomes of a due message that may not start now; None: it may."""
    stopped = lifecycle.stop_at_start(message, endpoint, project.policy, now)
    if stopped is not None or endpoint is None:
        return stopped
    if payload is None:
        return lifecycle.sweep(message, now)
    if endpoint.rate_per_s is None or message.slot_at == message.due_at:
        return None
    state = project.rate_slots.get(endpoint.id, 0)
    state, slot = reserve(state, now, endpoint.rate_per_s, endpoint.burst)
    project.rate_slots[endpoint.id] = state
    return lifecycle.put_off(message, slot, now) if slot > now else None


def _start(
    project: Project, message: Message, endpoint: Endpoint, payload: bytes, now: int, batch: Batch
) -> None:
    delivery = delivery_of(project, message, endpoint, payload, now)
    scripted = project.receivers.answer(delivery)
    flight = Flight(answer=scripted.answer, at=now, url=endpoint.url, request_headers=delivery.headers)
    if scripted.in_flight:
        begun = lifecycle.begin(message, now, ends_at=now + scripted.answer.latency_ms)
        batch.started.append((begun, flight))
        _change(begun, batch)
        return
    _finish(project, lifecycle.begin(message, now), flight, now, batch)


def _finish(project: Project, message: Message, flight: Flight, now: int, batch: Batch) -> None:
    finished, attempt = finish(project, message, flight, now, message.attempt_count)
    batch.attempts.append(attempt)
    batch.fired.append(fired_of(finished, attempt))
    _change(finished, batch)


def _change(message: Message, batch: Batch) -> None:
    batch.messages.append(message)
    if message.due_at is not None:
        batch.soonest = min(batch.soonest, (message.due_at, message.seq))
    if message.payload_expires_at is not None and message.payload_gone_at is None:
        batch.soonest = min(batch.soonest, (message.payload_expires_at, -1))


def delivery_of(project: Project, message: Message, endpoint: Endpoint, payload: bytes, now: int) -> Delivery:
    """The signed delivery of the message's next attempt."""
    headers = {"Content-Type": message.content_type, **endpoint.headers, **message.headers}
    headers.update(project.dialect.sign(endpoint, message, payload, now))
    return Delivery(
        endpoint=endpoint,
        message=message,
        payload=payload,
        headers=headers,
        at=now,
        number=message.attempt_count + 1,
    )


def finish(
    project: Project, message: Message, flight: Flight, now: int, number: int
) -> tuple[Message, Attempt]:
    """The message and its attempt after the answer has come in."""
    answer = flight.answer
    chance = project.chance

    def draw() -> float:
        return chance.at("backoff", message.id, number)

    finished, retry = lifecycle.finish(message, answer, project.policy, now, draw)
    attempt = Attempt(
        id=project.dialect.new_id("attempt", message.kind, chance, now),
        seq=project.store.next_seq(),
        message_id=message.id,
        endpoint_id=message.endpoint_id,
        number=number,
        at=flight.at,
        finished_at=max(flight.at + answer.latency_ms, flight.at),
        url=flight.url,
        response_status=answer.status,
        latency_ms=answer.latency_ms,
        error=answer.error,
        error_text="" if answer.is_success else lifecycle.error_line(answer),
        request_headers=flight.request_headers,
        response_headers=answer.headers,
        response_body=answer.body,
        resolved_ip=answer.resolved_ip,
        timings=answer.timings,
        conn_reused=answer.conn_reused,
        ladder=None if retry is None else retry.ladder,
        retry_after_ms=None if retry is None else retry.delay_ms,
        replay=message.replay_count,
    )
    return finished, attempt


def fired_of(message: Message, attempt: Attempt) -> Fired:
    """The attempt as an advance reports it."""
    return Fired(
        message_id=message.id,
        endpoint_id=message.endpoint_id,
        attempt_no=attempt.number,
        at=attempt.at,
        outcome=message.state,
        status=attempt.response_status,
        error=None if attempt.error is None else attempt.error.value,
    )

"""Deliveries that really go out: claimed in one transaction, carried outside the lock, finished in another."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING

from hooktop.mockserver.delivery import lifecycle
from hooktop.mockserver.delivery.model import Answer, AnswerError, Message, State
from hooktop.mockserver.engine.crew import Crew
from hooktop.mockserver.engine.message_desk import Missing
from hooktop.mockserver.engine.store import Due, Flight, StoreError
from hooktop.mockserver.engine.transport import Delivery, Transport
from hooktop.mockserver.engine.work import BATCH, Fired, delivery_of, finish, fired_of, stopped_or_put_off

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project


log = logging.getLogger("hooktop.mockserver.outbox")


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that has begun: the message is in state sending until its answer is in."""

    project: Project
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class _Answered:
    claim: Claim
    answer: Answer


class Sent(Enum):
    """How a round of sending ended."""

    NOTHING = "nothing was due"
    MORE = "something was sent or done, there may be more"
    FULL = "what is due waits for a worker"


class Outbox:
    """The workers that carry deliveries out, and the answers that wait to be taken in."""

    def __init__(self, transport: Transport | None, workers: int, wake: Callable[[], None]) -> None:
        self._transport = transport
        self._workers = workers
        self._most_of_one = max(1, workers // 2)
        """So that an endpoint that hangs leaves workers to the others."""
        self._wake = wake
        self._crew = Crew(workers)
        self._answers: deque[_Answered] = deque()
        self._busy: Counter[str] = Counter()
        self._running = 0
        self._lock = threading.Lock()

    # --- one after another, for a clock that is moved --------------------

    def run_some(self, project: Project, until: int, limit: int) -> tuple[Sequence[Fired], int]:
        """Do the first things due at or before `until` and wait for their answers."""
        claims, steps = self._claim(project, until, limit, skip=(), same_instant=True)
        return self._take_in(self._crew.map(self._carry, claims)), steps

    # --- side by side, for a clock that runs by itself -------------------

    def send_due(self, project: Project, until: int) -> Sent:
        """Hand what is due to free workers."""
        with self._lock:
            free = self._workers - self._running
            skip = tuple(id for id, busy in self._busy.items() if busy >= self._most_of_one)
        if free <= 0:
            return Sent.FULL
        claims, steps = self._claim(project, until, free, skip=skip, same_instant=False)
        with self._lock:
            self._running += len(claims)
            self._busy.update([claim.delivery.endpoint.id for claim in claims])
        for claim in claims:
            self._crew.submit(self._work, claim)
        if steps:
            return Sent.MORE
        return Sent.FULL if skip else Sent.NOTHING

    @property
    def has_answers(self) -> bool:
        """Whether answers wait to be taken in."""
        return bool(self._answers)

    def collect(self) -> None:
        """Take in all answers that have come, in one transaction for each project."""
        answers: list[_Answered] = []
        while self._answers:
            answers.append(self._answers.popleft())
        try:
            self._take_in(answers)
        finally:
            with self._lock:
                self._running -= len(answers)
                self._busy.subtract([item.claim.delivery.endpoint.id for item in answers])
                self._busy = +self._busy

    def stop(self, timeout: float) -> None:
        """Wait for running attempts, up to `timeout` seconds, and take their answers in.

        What has not ended by then stays in state sending and is sent again after the next start.
        """
        self._crew.wait(timeout)
        self.collect()
        self._crew.stop()

    # --- the three parts of a delivery -----------------------------------

    def _claim(
        self, project: Project, until: int, limit: int, *, skip: Sequence[str], same_instant: bool
    ) -> tuple[list[Claim], int]:
        with project.lock, project.store.transaction():
            store = project.store
            sweep_at, traffic_at = store.next_expiry_at(), project.traffic.next_at()
            due = store.due(until, limit, skip)
            first = due[0].message.due_at if due else None
            for other_at, is_sweep in ((sweep_at, True), (traffic_at, False)):
                if other_at is not None and other_at <= until and (first is None or other_at <= first):
                    return [], self._others(project, other_at, is_sweep)
            if same_instant:
                due = [item for item in due if item.message.due_at == first]
            else:
                due = self._fair_share(due)
            return self._begin(project, due), len(due)

    def _fair_share(self, due: list[Due]) -> list[Due]:
        """Without what would give one endpoint more than its share of the workers."""
        with self._lock:
            busy = Counter(self._busy)
        chosen = []
        for item in due:
            id = item.message.endpoint_id
            if busy[id] < self._most_of_one:
                busy[id] += 1
                chosen.append(item)
        return chosen

    def _others(self, project: Project, at: int, is_sweep: bool) -> int:
        now = project.move_to(at)
        if not is_sweep:
            return project.traffic.run(project, max(at, now))
        gone = [lifecycle.sweep(message, now) for message in project.store.expired(now, BATCH)]
        project.store.drop_payloads(gone)
        project.store.save_messages(gone)
        return len(gone)

    def _begin(self, project: Project, due: list[Due]) -> list[Claim]:
        claims: list[Claim] = []
        changed: list[Message] = []
        for item in due:
            now = project.move_to(item.message.due_at or 0)
            message = item.message
            if message.state is State.SENDING:
                changed.append(lifecycle.recover(message, now))
                continue
            endpoint = project.store.endpoint(message.endpoint_id)
            stopped = stopped_or_put_off(project, message, endpoint, item.payload, now)
            if stopped is not None:
                changed.append(stopped)
            elif endpoint is not None and item.payload is not None:
                claims.append(Claim(project, delivery_of(project, message, endpoint, item.payload, now)))
                changed.append(lifecycle.begin(message, now))
        project.store.save_messages(changed)
        if changed:
            project.changed.notify_all()
        return claims

    def _carry(self, claim: Claim) -> _Answered:
        if self._transport is None:
            blocked = Answer(error=AnswerError.BLOCKED, error_text="this server makes no real deliveries")
            return _Answered(claim, blocked)
        try:
            return _Answered(claim, self._transport.deliver(claim.delivery))
        except Exception:
            # A worker's outermost line: without an answer the message would be in flight for ever.
            log.exception("delivery of message %s failed", claim.delivery.message.id)
            return _Answered(claim, Answer(error=AnswerError.RESET, error_text="the delivery broke down"))

    def _work(self, claim: Claim) -> None:
        self._answers.append(self._carry(claim))
        self._wake()

    def _take_in(self, answers: list[_Answered]) -> list[Fired]:
        fired: list[Fired] = []
        by_project = sorted(answers, key=lambda item: item.claim.project.id)
        for id, group in groupby(by_project, key=lambda item: item.claim.project.id):
            try:
                fired += _take_in_of_one(list(group))
            except Missing:
                log.debug("project %s was dropped while deliveries were out", id)
            except StoreError:
                # Other projects' answers must not be lost with this one's.
                log.exception("project %s: answers of deliveries could not be kept", id)
        return fired


def _take_in_of_one(answers: list[_Answered]) -> list[Fired]:
    """Finish attempts of one project: each message as it is by now, whatever happened to it meanwhile."""
    project = answers[0].claim.project
    fired, messages, attempts = [], [], []
    with project.lock, project.store.transaction():
        for item in answers:
            delivery = item.claim.delivery
            message = project.store.message(delivery.message.id)
            if message is None:
                continue
            flight = Flight(
                answer=item.answer, at=delivery.at, url=delivery.url, request_headers=delivery.headers
            )
            finished, attempt = finish(project, message, flight, project.now(), delivery.number)
            messages.append(finished)
            attempts.append(attempt)
            fired.append(fired_of(finished, attempt))
        project.store.save_messages(messages)
        project.store.add_attempts(attempts)
        project.touched()
    return fired

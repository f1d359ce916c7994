"""Any sequence of verbs and answers keeps the promises of delivery."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from hooktop.mockserver.delivery import endpoints, lifecycle
from hooktop.mockserver.delivery.lifecycle import Refused
from hooktop.mockserver.delivery.model import (
    OPEN_STATES,
    Answer,
    AnswerError,
    Endpoint,
    Kind,
    Message,
    PauseRule,
    State,
    Status,
)
from hooktop.mockserver.delivery.policy import HOUR, MINUTE, Policy

POLICY = Policy(
    slow=(30 * MINUTE, 2 * HOUR, 6 * HOUR),
    fast=(30_000, 60_000),
    max_attempts=4,
    pause={Kind.OUTBOUND: PauseRule.HOLD},
    poll_ms=MINUTE,
    replay_limit=3,
)
ANSWERS = st.one_of(
    st.sampled_from([200, 204, 301, 401, 408, 429, 500, 503]).map(lambda status: Answer(status=status)),
    st.sampled_from(list(AnswerError)).map(lambda error: Answer(error=error)),
)


class Life(RuleBasedStateMachine):
    """Several messages of one endpoint; every refused verb must leave its message as it was."""

    ids = Bundle("ids")

    @initialize()
    def begin_of_time(self):
        self.now = 1_000_000_000
        self.endpoint = Endpoint(id="ep")
        self.messages: dict[str, Message] = {}
        self.attempts: dict[str, int] = {}
        self.successes: dict[str, int] = {}
        self.deleted = False

    def try_out(self, id, verb):
        before = self.messages[id]
        try:
            after = verb(before)
        except Refused:
            assert self.messages[id] == before
            return
        assert after.attempt_count >= before.attempt_count
        assert after.replay_count >= before.replay_count
        self.messages[id] = after

    @rule(target=ids, retention=st.sampled_from([None, 0, HOUR, 30 * 24 * HOUR]))
    def send(self, retention):
        id = f"m{len(self.messages)}"
        draft = Message(id=id, endpoint_id="ep", retention_ms=retention)
        try:
            self.messages[id] = lifecycle.accept(draft, self.endpoint, POLICY, self.now)
        except Refused:
            assert self.deleted
            self.messages[id] = lifecycle.abandon(draft, self.now)
        self.attempts[id] = self.successes[id] = 0
        return id

    @rule(seconds=st.integers(0, 100_000))
    def time_passes(self, seconds):
        self.now += seconds * 1_000

    @rule(id=ids, answer=ANSWERS)
    def falls_due(self, id, answer):
        message = self.messages[id]
        if message.due_at is None or message.due_at > self.now or message.state is State.SENDING:
            return
        stopped = lifecycle.stop_at_start(message, self.endpoint, POLICY, self.now)
        if stopped is not None:
            self.messages[id] = stopped
            return
        self.messages[id] = lifecycle.begin(message, self.now)
        self.attempts[id] += 1

    @rule(id=ids, answer=ANSWERS)
    def answer_comes(self, id, answer):
        message = self.messages[id]
        if message.state is not State.SENDING:
            return
        self.messages[id], retry = lifecycle.finish(message, answer, POLICY, self.now, lambda: 0.5)
        self.successes[id] += answer.is_success
        assert (retry is not None) == (self.messages[id].state is State.RETRYING)

    @rule(id=ids)
    def retry_now(self, id):
        self.try_out(id, lambda message: lifecycle.retry_now(message, POLICY, self.now))

    @rule(id=ids)
    def cancel(self, id):
        self.try_out(id, lambda message: lifecycle.cancel(message, self.now))

    @rule(id=ids, dead=st.booleans())
    def replay(self, id, dead):
        self.try_out(
            id, lambda m: lifecycle.replay(m, self.endpoint, POLICY, self.now, from_dead_letters=dead)
        )

    @rule(id=ids)
    def delete(self, id):
        self.try_out(id, lambda message: lifecycle.delete(message, self.now))

    @rule(id=ids)
    def sweep(self, id):
        self.try_out(id, lambda message: lifecycle.sweep(message, self.now))

    @rule()
    def pause(self):
        if self.deleted or self.endpoint.status is Status.PAUSED:
            return
        self.endpoint = endpoints.pause(self.endpoint, POLICY, self.now)
        for id, message in self.messages.items():
            if message.state is State.WAITING and message.deleted_at is None:
                self.messages[id] = lifecycle.hold(message, self.now)

    @rule()
    def resume(self):
        if self.endpoint.status is not Status.PAUSED:
            return
        self.endpoint = endpoints.resume(self.endpoint, self.now)
        for id, message in self.messages.items():
            if message.state is State.HELD and message.deleted_at is None:
                self.messages[id] = lifecycle.release(message, POLICY, self.now)

    @invariant()
    def no_message_is_lost(self):
        for message in getattr(self, "messages", {}).values():
            if message.deleted_at is None and message.state in (State.WAITING, State.RETRYING):
                assert message.due_at is not None, "owed, but nobody will ever send it"
            if message.state not in OPEN_STATES:
                assert message.due_at is None, "finished, but the scheduler would still act"

    @invariant()
    def attempts_are_counted_once_and_bounded(self):
        for id, message in getattr(self, "messages", {}).items():
            assert message.attempt_count == self.attempts[id]
            assert message.round_attempts <= POLICY.max_attempts
            assert message.replay_count <= POLICY.replay_limit or message.failed_at != 0

    @invariant()
    def delivered_means_that_a_receiver_said_so(self):
        for id, message in getattr(self, "messages", {}).items():
            if message.state is State.DELIVERED:
                assert self.successes[id] > 0
                assert message.delivered_at is not None
            if message.state is State.HELD and message.deleted_at is None:
                assert self.endpoint.status is Status.PAUSED


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)

"""The life of a message as tables: which transition is legal from which state, and what it does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooktop.mockserver.delivery import endpoints, lifecycle
from hooktop.mockserver.delivery.lifecycle import Reason, Refused
from hooktop.mockserver.delivery.model import (
    Answer,
    AnswerError,
    Endpoint,
    Kind,
    Ladder,
    Message,
    PauseRule,
    State,
    Status,
)
from hooktop.mockserver.delivery.policy import HOUR, MINUTE, Policy

NOW = 1_000_000_000
POLICY = Policy(
    slow=(30 * MINUTE, 2 * HOUR),
    fast=(30_000, 60_000),
    max_attempts=3,
    pause={Kind.OUTBOUND: PauseRule.HOLD, Kind.INBOUND: PauseRule.REJECT},
    poll_ms=MINUTE,
    replay_limit=2,
)
DISCARDING = replace(POLICY, pause={Kind.OUTBOUND: PauseRule.DISCARD}, pause_stops_scheduled=False)
ENDPOINT = Endpoint(id="ep")
PAUSED = Endpoint(id="ep", status=Status.PAUSED, paused_at=NOW - 5)


def message(state: State = State.WAITING, **fields: object) -> Message:
    base = Message(id="m", endpoint_id="ep", state=state, created_at=NOW - HOUR, attempt_count=1)
    return replace(base, **fields)


def no_draw() -> float:
    return 0.5


# --- taking in ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "policy", "state", "due_at"),
    [
        pytest.param(ENDPOINT, POLICY, State.WAITING, NOW, id="active"),
        pytest.param(PAUSED, POLICY, State.HELD, None, id="paused-holds"),
        pytest.param(PAUSED, DISCARDING, State.DISCARDED, None, id="paused-discards"),
        pytest.param(replace(ENDPOINT, status=Status.INACTIVE), POLICY, State.DISCARDED, None, id="off"),
    ],
)
def test_a_new_message_starts_by_the_state_of_its_endpoint(endpoint, policy, state, due_at):
    taken = lifecycle.accept(message(), endpoint, policy, NOW)
    assert (taken.state, taken.due_at, taken.created_at) == (state, due_at, NOW)


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        (Endpoint(id="ep", kind=Kind.INBOUND, status=Status.PAUSED), Reason.REJECTED_AT_THE_DOOR),
        (Endpoint(id="ep", deleted_at=1), Reason.ENDPOINT_GONE),
    ],
)
def test_a_new_message_may_be_refused(endpoint, reason):
    with pytest.raises(Refused) as refused:
        lifecycle.accept(message(), endpoint, POLICY, NOW)
    assert refused.value.reason is reason


@pytest.mark.parametrize(("retention", "expires"), [(None, None), (0, None), (HOUR, NOW + HOUR)])
def test_retention_counts_from_acceptance_until_delivery(retention, expires):
    taken = lifecycle.accept(message(retention_ms=retention), ENDPOINT, POLICY, NOW)
    assert taken.payload_expires_at == expires


# --- attempts ----------------------------------------------------------------

OK = Answer(status=204, latency_ms=40)


@pytest.mark.parametrize("state", [State.WAITING, State.RETRYING])
def test_an_attempt_begins_from_the_queue(state):
    begun = lifecycle.begin(message(state, due_at=NOW, next_attempt_at=NOW), NOW)
    assert (begun.state, begun.attempt_count, begun.round_attempts) == (State.SENDING, 2, 1)
    assert (begun.due_at, begun.next_attempt_at, begun.first_attempt_at) == (None, None, NOW)


@pytest.mark.parametrize("state", [s for s in State if s not in (State.WAITING, State.RETRYING)])
def test_an_attempt_begins_from_nowhere_else(state):
    with pytest.raises(Refused):
        lifecycle.begin(message(state), NOW)


def test_a_success_delivers_and_starts_the_retention_anew():
    sending = message(State.SENDING, retention_ms=HOUR, payload_expires_at=NOW + 1, last_error="x")
    done, retry = lifecycle.finish(sending, OK, POLICY, NOW, no_draw)
    assert (done.state, done.delivered_at, done.last_error, retry) == (State.DELIVERED, NOW, None, None)
    assert done.payload_expires_at == NOW + HOUR


def test_a_second_success_moves_neither_delivery_nor_retention():
    sending = message(State.SENDING, retention_ms=HOUR, delivered_at=NOW - 9, payload_expires_at=NOW + 1)
    done, _ = lifecycle.finish(sending, OK, POLICY, NOW, no_draw)
    assert (done.delivered_at, done.payload_expires_at) == (NOW - 9, NOW + 1)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(status=503), State.RETRYING),
        (Answer(status=500), State.RETRYING),
        (Answer(status=408), State.RETRYING),
        (Answer(status=429), State.RETRYING),
        (Answer(error=AnswerError.TIMEOUT), State.RETRYING),
        (Answer(error=AnswerError.DNS), State.RETRYING),
        (Answer(status=400), State.DEAD),
        (Answer(status=401), State.DEAD),
        (Answer(status=404), State.DEAD),
        (Answer(status=301), State.DEAD),
    ],
)
def test_a_failure_is_retried_only_when_waiting_may_help(answer, state):
    done, retry = lifecycle.finish(message(State.SENDING, round_attempts=1), answer, POLICY, NOW, no_draw)
    assert done.state is state
    assert (retry is not None) == (state is State.RETRYING)
    assert done.last_error


def test_the_last_attempt_of_a_round_ends_in_death():
    done, _ = lifecycle.finish(
        message(State.SENDING, round_attempts=3), Answer(status=503), POLICY, NOW, no_draw
    )
    assert (done.state, done.due_at, done.failed_at) == (State.DEAD, None, NOW)


def test_a_planned_retry_is_due_when_it_is_shown():
    done, retry = lifecycle.finish(
        message(State.SENDING, round_attempts=1), Answer(status=503), POLICY, NOW, no_draw
    )
    assert retry is not None
    assert retry.delay_ms == 30 * MINUTE
    assert done.due_at == done.next_attempt_at == NOW + 30 * MINUTE


def test_an_answer_after_the_endpoint_was_deleted_revives_nothing():
    dead = lifecycle.abandon(message(State.SENDING), NOW - 1)
    done, retry = lifecycle.finish(dead, Answer(status=503), POLICY, NOW, no_draw)
    assert (done.state, done.response_status, retry) == (State.DEAD, 503, None)


def test_a_message_deleted_in_flight_is_not_retried():
    gone = lifecycle.delete(message(State.SENDING, round_attempts=1), NOW - 1)
    done, retry = lifecycle.finish(gone, Answer(status=503), POLICY, NOW, no_draw)
    assert (done.state, done.due_at, retry) == (State.DEAD, None, None)


# --- by hand: the matrix of states and verbs ---------------------------------

LEGAL = {
    "retry_now": {State.RETRYING},
    "cancel": {State.RETRYING},
    "replay": {State.DELIVERED, State.DEAD, State.RETRYING},
    "hold": {State.WAITING, State.RETRYING},
    "release": {State.HELD},
}
VERBS = {
    "retry_now": lambda m: lifecycle.retry_now(m, POLICY, NOW),
    "cancel": lambda m: lifecycle.cancel(m, NOW),
    "replay": lambda m: lifecycle.replay(m, ENDPOINT, POLICY, NOW),
    "hold": lambda m: lifecycle.hold(m, NOW),
    "release": lambda m: lifecycle.release(m, POLICY, NOW),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", State)
def test_which_verb_is_legal_in_which_state(verb, state):
    subject = message(state)
    if state in LEGAL[verb]:
        assert VERBS[verb](subject) != subject
    else:
        with pytest.raises(Refused):
            VERBS[verb](subject)


@pytest.mark.parametrize("verb", ["retry_now", "cancel", "replay"])
def test_a_deleted_message_is_out_of_reach(verb):
    with pytest.raises(Refused) as refused:
        VERBS[verb](message(State.RETRYING, deleted_at=NOW - 1))
    assert refused.value.reason is Reason.DELETED


def test_retry_now_waits_for_the_next_poll_and_stays_retrying():
    brought = lifecycle.retry_now(message(State.RETRYING, due_at=NOW + HOUR), POLICY, NOW)
    tick = (NOW // MINUTE + 1) * MINUTE
    assert (brought.state, brought.due_at, brought.next_attempt_at) == (State.RETRYING, tick, tick)


def test_cancel_ends_in_death_by_hand():
    done = lifecycle.cancel(message(State.RETRYING, due_at=NOW + 5), NOW)
    assert (done.state, done.cancelled, done.due_at) == (State.DEAD, True, None)


def test_replay_starts_a_new_round():
    done = lifecycle.replay(message(State.DEAD, round_attempts=3, cancelled=True), ENDPOINT, POLICY, NOW)
    assert (done.state, done.due_at, done.replay_count) == (State.WAITING, NOW, 1)
    assert (done.round_attempts, done.attempt_count, done.cancelled) == (0, 1, False)


def test_replay_to_a_paused_endpoint_is_held():
    done = lifecycle.replay(message(State.DEAD), PAUSED, POLICY, NOW)
    assert (done.state, done.due_at) == (State.HELD, None)


@pytest.mark.parametrize(
    ("fields", "endpoint", "policy", "options", "reason"),
    [
        pytest.param({"payload_expires_at": NOW}, ENDPOINT, POLICY, {}, Reason.RETENTION_EXPIRED, id="expired"),
        pytest.param({"payload_gone_at": NOW}, ENDPOINT, POLICY, {}, Reason.PAYLOAD_GONE, id="swept"),
        pytest.param(
            {"payload_gone_at": NOW, "payload_expires_at": NOW},
            ENDPOINT, POLICY, {}, Reason.RETENTION_EXPIRED, id="expired-before-swept",
        ),
        pytest.param({}, None, POLICY, {}, Reason.ENDPOINT_GONE, id="no-endpoint"),
        pytest.param({"state": State.SENDING}, ENDPOINT, POLICY, {}, Reason.DELIVERY_IN_PROGRESS, id="sending"),
        pytest.param({"state": State.HELD}, ENDPOINT, POLICY, {}, Reason.DELIVERY_IN_PROGRESS, id="held"),
        pytest.param(
            {"state": State.RETRYING, "ladder": Ladder.FAST}, ENDPOINT, POLICY, {}, Reason.FAST_RETRY, id="fast"
        ),
        pytest.param({"replay_count": 2}, ENDPOINT, POLICY, {}, Reason.REPLAY_LIMIT, id="limit"),
        pytest.param(
            {"state": State.DELIVERED}, ENDPOINT, POLICY, {"from_dead_letters": True}, Reason.NOT_DEAD, id="not-dead"
        ),
        pytest.param(
            {"state": State.DELIVERED}, ENDPOINT, POLICY, {"allowed": frozenset({State.DEAD})},
            Reason.ALREADY_DELIVERED, id="delivered",
        ),
        pytest.param({"state": State.DISCARDED}, ENDPOINT, POLICY, {}, Reason.NOT_FAILED, id="discarded"),
        pytest.param(
            {}, PAUSED, replace(POLICY, replay_needs_active=True), {}, Reason.ENDPOINT_PAUSED, id="paused"
        ),
    ],
)  # fmt: skip
def test_why_a_replay_is_refused(fields, endpoint, policy, options, reason):
    subject = replace(message(State.DEAD), **fields)
    with pytest.raises(Refused) as refused:
        lifecycle.replay(subject, endpoint, policy, NOW, **options)
    assert refused.value.reason is reason


def test_dead_letters_know_no_replay_limit():
    done = lifecycle.replay(
        message(State.DEAD, replay_count=9), ENDPOINT, POLICY, NOW, from_dead_letters=True
    )
    assert done.replay_count == 10


# --- the end -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (State.WAITING, State.DEAD),
        (State.SENDING, State.DEAD),
        (State.RETRYING, State.DEAD),
        (State.HELD, State.DEAD),
        (State.DELIVERED, State.DELIVERED),
        (State.DISCARDED, State.DISCARDED),
    ],
)
def test_deleting_the_endpoint_kills_what_is_owed(state, after):
    assert lifecycle.abandon(message(state), NOW).state is after


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (State.RETRYING, State.DEAD),
        (State.HELD, State.DEAD),
        (State.DELIVERED, State.DELIVERED),
        (State.SENDING, State.SENDING),
    ],
)
def test_a_sweep_takes_the_payload_and_what_cannot_be_sent_any_more(state, after):
    swept = lifecycle.sweep(message(state), NOW)
    assert (swept.state, swept.payload_gone_at) == (after, NOW)
    assert lifecycle.sweep(swept, NOW + 9) == swept


def test_deletion_keeps_the_state_and_stops_the_retry():
    gone = lifecycle.delete(message(State.RETRYING, due_at=NOW + 5, next_attempt_at=NOW + 5), NOW, "key_1")
    assert (gone.state, gone.due_at, gone.deleted_at, gone.deleted_by) == (State.RETRYING, None, NOW, "key_1")


# --- endpoints ---------------------------------------------------------------


def test_pause_and_resume_are_each_refused_twice():
    paused = endpoints.pause(ENDPOINT, POLICY, NOW)
    assert (paused.status, paused.paused_at) == (Status.PAUSED, NOW)
    with pytest.raises(Refused, match="already_paused"):
        endpoints.pause(paused, POLICY, NOW)
    active = endpoints.resume(paused, NOW)
    assert (active.status, active.paused_at) == (Status.ACTIVE, None)
    with pytest.raises(Refused, match="not_paused"):
        endpoints.resume(active, NOW)


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        (Endpoint(id="ep", status=Status.INACTIVE), Reason.ENDPOINT_INACTIVE),
        (Endpoint(id="ep", kind=Kind.PULL), Reason.NOT_PAUSABLE),
    ],
)
def test_some_endpoints_cannot_be_paused(endpoint, reason):
    with pytest.raises(Refused) as refused:
        endpoints.pause(endpoint, POLICY, NOW)
    assert refused.value.reason is reason


def test_activate_brings_back_both_paused_and_switched_off():
    assert endpoints.activate(PAUSED, NOW).status is Status.ACTIVE
    assert endpoints.activate(Endpoint(id="ep", status=Status.INACTIVE), NOW).status is Status.ACTIVE
    with pytest.raises(Refused, match="endpoint_active"):
        endpoints.activate(ENDPOINT, NOW)


@pytest.mark.parametrize(
    ("endpoint", "policy", "state"),
    [
        pytest.param(None, POLICY, State.DEAD, id="gone"),
        pytest.param(replace(ENDPOINT, deleted_at=1), POLICY, State.DEAD, id="deleted"),
        pytest.param(replace(ENDPOINT, status=Status.INACTIVE), POLICY, State.DISCARDED, id="off"),
        pytest.param(PAUSED, POLICY, State.HELD, id="paused-holds"),
        pytest.param(PAUSED, DISCARDING, None, id="paused-lets-scheduled-go"),
        pytest.param(replace(PAUSED, kind=Kind.INBOUND), POLICY, None, id="rejecting-lets-accepted-go"),
        pytest.param(ENDPOINT, POLICY, None, id="active"),
    ],
)
def test_what_stops_a_message_that_falls_due(endpoint, policy, state):
    stopped = lifecycle.stop_at_start(message(State.RETRYING), endpoint, policy, NOW)
    assert (None if stopped is None else stopped.state) is state
    if stopped is not None:
        assert stopped.attempt_count == 1


def test_a_pulled_message_is_delivered_by_being_acknowledged():
    waiting = lifecycle.accept(message(), replace(ENDPOINT, kind=Kind.PULL), POLICY, NOW, pushed=False)
    assert waiting.due_at is None
    taken = lifecycle.acknowledge(waiting, NOW + 1)
    assert (taken.state, taken.delivered_at) == (State.DELIVERED, NOW + 1)
    assert lifecycle.acknowledge(taken, NOW + 2) == taken


def test_a_refusal_tells_its_reason_and_facts():
    assert str(Refused(Reason.REPLAY_LIMIT, limit=10)) == "replay_limit (limit=10)"
    assert str(Refused(Reason.DELETED)) == "deleted"

"""Moving a virtual clock does everything due, in order, and returns when all is quiet."""

from __future__ import annotations

import pytest

from hooktop.mockserver.delivery.lifecycle import Refused
from hooktop.mockserver.delivery.model import Kind, State, Status
from hooktop.mockserver.engine.clock import ClockError, RealClock, ScaledClock
from hooktop.mockserver.engine.desk import Missing
from hooktop.mockserver.engine.scheduler import Runaway
from hooktop.mockserver.engine.store import MessageQuery
from hooktop.mockserver.engine.work import next_due_at

MINUTE, HOUR = 60_000, 3_600_000
START = 1_767_225_600_000


def endpoint(project, host="ok", **fields):
    return project.desk.create_endpoint(url=f"https://{host}.receiver.test/hook", name=host, **fields)


def send(project, to, payload=b"{}", **fields):
    return project.desk.accept(to, payload, **fields)[0]


def test_nothing_happens_before_time_is_moved_or_drained(project, scheduler):
    message = send(project, endpoint(project))
    assert project.desk.message(message).state is State.WAITING
    done = scheduler.drain(project)
    assert [fired.outcome for fired in done.fired] == [State.DELIVERED]
    assert (done.now, done.next_due_at) == (START, message.payload_expires_at)


def test_the_whole_ladder_of_a_failing_message(project, scheduler):
    message = send(project, endpoint(project, "status-503"))
    done = scheduler.advance(project, by=60 * 24 * HOUR)
    attempts = project.store.attempts(message.id)
    delays = [(attempt.at - START) // MINUTE for attempt in attempts]
    assert delays == [0, 30, 150, 510, 1230, 2670, 5550, 9870]
    assert [attempt.retry_after_ms for attempt in attempts][-2:] == [4320 * MINUTE, None]
    assert [fired.attempt_no for fired in done.fired] == list(range(1, 9))
    assert project.desk.message(message).state is State.DEAD


def test_429_climbs_the_fast_ladder_and_a_wait_asked_for_is_kept(project, scheduler):
    fast = send(project, endpoint(project, "status-429"))
    asked = send(project, endpoint(project, "retry-after-90"))
    scheduler.advance(project, by=5 * MINUTE)
    assert [(a.at - START) // 1000 for a in project.store.attempts(fast.id)] == [0, 30, 90, 210]
    assert [(a.at - START) // 1000 for a in project.store.attempts(asked.id)] == [0, 90, 180, 300]


def test_work_happens_in_order_of_time_and_then_of_acceptance(project, scheduler):
    flaky, ok = endpoint(project, "retry-after-30"), endpoint(project)
    first, second = send(project, flaky), send(project, ok)
    scheduler.advance(project, by=10_000)
    third = send(project, ok)
    done = scheduler.advance(project, by=90_000)
    assert [fired.message_id for fired in done.fired] == [third.id, first.id, first.id]
    assert project.desk.message(second).attempt_count == 1


def test_advance_to_next_moves_to_the_next_thing_due(project, scheduler):
    send(project, endpoint(project, "status-503"))
    scheduler.drain(project)
    done = scheduler.advance_to_next(project)
    assert (done.now, done.fired_count) == (START + 30 * MINUTE, 1)


@pytest.mark.parametrize("clock", [RealClock(), ScaledClock(10)])
def test_only_a_virtual_clock_can_be_advanced(project, scheduler, clock):
    project.set_clock(clock)
    with pytest.raises(ClockError, match="moves by itself"):
        scheduler.advance(project, by=1)


def test_a_clock_cannot_be_moved_back(project, scheduler):
    with pytest.raises(ClockError, match="forward only"):
        scheduler.advance(project, to=START - 1)


def test_a_runaway_stops_and_names_the_endpoint(project, scheduler):
    loop = endpoint(project, "status-503")
    for _ in range(10):
        send(project, loop)
    with pytest.raises(Runaway, match=rf"{loop.id} \(status-503\)") as error:
        scheduler.advance(project, by=60 * 24 * HOUR, max_steps=25)
    assert error.value.steps == 26
    assert START < project.now() < START + 60 * 24 * HOUR


def test_pausing_holds_what_waits_and_resuming_sends_it_at_the_next_poll(project, scheduler):
    to = endpoint(project)
    waiting = send(project, to)
    project.desk.pause(to)
    held = send(project, to)
    assert project.desk.message(waiting).state is State.HELD
    assert held.state is State.HELD
    assert scheduler.advance(project, by=10 * HOUR + 1).fired_count == 0
    _, count = project.desk.resume(to)
    assert count == 2
    assert next_due_at(project) == START + 10 * HOUR + MINUTE
    assert scheduler.advance(project, by=MINUTE).fired_count == 2


def test_a_retry_that_falls_due_while_paused_is_held_without_an_attempt(project, scheduler):
    to = endpoint(project, "status-503")
    message = send(project, to)
    scheduler.drain(project)
    project.desk.pause(to)
    assert project.desk.message(message).state is State.RETRYING
    scheduler.advance(project, by=HOUR)
    held = project.desk.message(message)
    assert (held.state, held.attempt_count) == (State.HELD, 1)


def test_retry_now_comes_at_the_next_poll(project, scheduler):
    message = send(project, endpoint(project, "flaky-1"))
    scheduler.drain(project)
    project.desk.retry_now(message)
    done = scheduler.advance(project, by=MINUTE)
    assert [(fired.at, fired.outcome) for fired in done.fired] == [(START + MINUTE, State.DELIVERED)]


def test_a_rate_limit_puts_deliveries_off_without_using_attempts(project, scheduler):
    to = endpoint(project, rate_per_s=2)
    messages = [send(project, to) for _ in range(4)]
    done = scheduler.advance(project, by=10_000)
    assert [fired.at - START for fired in done.fired] == [0, 500, 1000, 1500]
    assert [project.desk.message(message).attempt_count for message in messages] == [1] * 4


# --- while an attempt is running --------------------------------------------


@pytest.fixture
def in_flight(project, scheduler):
    """A message whose attempt takes four seconds, two of which have gone by."""
    to = endpoint(project, "slow")
    project.receivers.set("slow", [{"status": 503, "latency_ms": 4_000}])
    message = send(project, to)
    scheduler.advance(project, by=2_000)
    assert project.desk.message(message).state is State.SENDING
    return to, message


def test_an_answer_with_a_latency_keeps_the_message_in_flight(project, scheduler, in_flight):
    _, message = in_flight
    for refused in (project.desk.replay, project.desk.retry_now, project.desk.cancel):
        with pytest.raises(Refused):
            refused(message)
    scheduler.advance(project, by=2_000)
    (attempt,) = project.store.attempts(message.id)
    assert (attempt.at, attempt.finished_at, attempt.latency_ms) == (START, START + 4_000, 4_000)
    assert project.desk.message(message).due_at == START + 4_000 + 30 * MINUTE


def test_pausing_in_flight_lets_the_attempt_end_and_holds_the_retry(project, scheduler, in_flight):
    to, message = in_flight
    project.desk.pause(to)
    scheduler.advance(project, by=10_000)
    assert project.desk.message(message).state is State.RETRYING
    scheduler.advance(project, by=HOUR)
    held = project.desk.message(message)
    assert (held.state, held.attempt_count) == (State.HELD, 1)


def test_deleting_the_endpoint_in_flight_keeps_the_message_dead(project, scheduler, in_flight):
    to, message = in_flight
    project.desk.delete_endpoint(to)
    scheduler.advance(project, by=HOUR)
    assert project.desk.message(message).state is State.DEAD
    assert next_due_at(project) in (None, message.payload_expires_at)


def test_deleting_the_message_in_flight_stops_its_retries(project, scheduler, in_flight):
    _, message = in_flight
    project.desk.delete_message(message, by="me")
    scheduler.advance(project, by=24 * HOUR)
    gone = project.desk.message(message)
    assert (gone.state, gone.attempt_count, gone.deleted_by) == (State.DEAD, 1, "me")
    assert project.store.payload(message.id) is None


def test_a_timeout_takes_as_long_as_a_timeout(project, scheduler):
    message = send(project, endpoint(project, "timeout"))
    scheduler.advance(project, by=29_999)
    assert project.desk.message(message).state is State.SENDING
    scheduler.advance(project, by=1)
    failed = project.desk.message(message)
    assert (failed.state, failed.last_error) == (State.RETRYING, "connection timeout")


# --- retention ---------------------------------------------------------------


def test_a_payload_expires_and_takes_an_undelivered_message_along(project, scheduler):
    message = send(project, endpoint(project, "status-503"), retention_ms=HOUR)
    scheduler.advance(project, by=HOUR)
    dead = project.desk.message(message)
    assert (dead.state, dead.attempt_count, dead.payload_gone_at) == (State.DEAD, 2, START + HOUR)
    with pytest.raises(Refused, match="retention_expired"):
        project.desk.replay(message)


def test_no_retention_means_gone_right_after_delivery(project, scheduler):
    message = send(project, endpoint(project), retention_ms=0)
    scheduler.drain(project)
    done = project.desk.message(message)
    assert (done.state, project.store.payload(message.id)) == (State.DELIVERED, None)


def test_a_payload_swept_early_is_gone(project, scheduler):
    message = send(project, endpoint(project))
    scheduler.drain(project)
    project.desk.sweep_payload(message)
    with pytest.raises(Refused, match="payload_gone"):
        project.desk.replay(message)


# --- the desk's own rules ----------------------------------------------------


def test_an_idempotency_key_gives_the_first_message_again(project):
    to = endpoint(project)
    first, created = project.desk.accept(to, b"1", idempotency_key="k")
    again, made = project.desk.accept(to, b"1", idempotency_key="k")
    assert (created, made, again) == (True, False, first)
    with pytest.raises(Refused, match="idempotency_mismatch"):
        project.desk.accept(to, b"2", idempotency_key="k")
    project.desk.delete_message(first)
    assert project.desk.accept(to, b"2", idempotency_key="k")[1]


def test_an_inbound_endpoint_refuses_at_the_door_while_what_is_in_goes_on(project, scheduler):
    to = endpoint(project, kind=Kind.INBOUND)
    taken = send(project, to)
    project.desk.pause(to)
    with pytest.raises(Refused, match="rejected_at_the_door"):
        send(project, to)
    scheduler.drain(project)
    assert project.desk.message(taken).state is State.DELIVERED


def test_replaying_many_tells_each_result(project, scheduler):
    to = endpoint(project, "status-401")
    dead = send(project, to)
    scheduler.drain(project)
    waiting = send(project, to)
    results = dict(project.desk.replay_many([dead.id, waiting.id, "nobody"]))
    assert results[dead.id].state is State.WAITING
    assert isinstance(results[waiting.id], Refused)
    assert isinstance(results["nobody"], Missing)


def test_deleting_an_endpoint_leaves_nothing_owed(project, scheduler):
    to = endpoint(project, "status-503")
    messages = [send(project, to) for _ in range(3)]
    scheduler.drain(project)
    project.desk.pause(to)
    messages.append(send(project, to))
    project.desk.delete_endpoint(to)
    assert {project.desk.message(message).state for message in messages} == {State.DEAD}
    with pytest.raises(Missing, match="endpoint"):
        project.desk.endpoint(to)
    assert project.desk.endpoint(to, deleted=True).deleted_at == START


def test_a_switched_off_endpoint_discards_and_activation_lets_it_deliver(project, scheduler):
    to = endpoint(project)
    project.desk.switch_off(to)
    assert send(project, to).state is State.DISCARDED
    active, released = project.desk.activate(to)
    assert (active.status, released) == (Status.ACTIVE, 0)


def test_toggling_pauses_and_resumes(project):
    to = endpoint(project)
    assert project.desk.toggle_pause(to).status is Status.PAUSED
    assert project.desk.toggle_pause(to).status is Status.ACTIVE


def test_the_same_seed_and_the_same_requests_give_the_same_world(registry):
    def live(project):
        to = endpoint(project, "flaky-2")
        for number in range(5):
            send(project, to, b"%d" % number)
        registry.scheduler.advance(project, by=3 * HOUR)
        rows = [project.desk.message(row.id) for row in project.store.messages(all_messages())]
        return rows, [project.store.attempts(row.id) for row in rows], project.receivers.received(limit=99)

    first, second = registry.create("plain", seed=5), registry.create("plain", seed=5)
    other = registry.create("plain", seed=6)
    assert live(first) == live(second)
    assert live(other) != live(registry.create("plain", seed=5))
    assert first.api_key != second.api_key


def all_messages():
    return MessageQuery(limit=1_000)


def test_ten_thousand_due_at_once_are_all_done(project, scheduler):
    to = endpoint(project)
    with project.store.transaction():
        for _ in range(10_000):
            send(project, to)
    done = scheduler.advance(project, by=1)
    assert (done.fired_count, len(done.fired)) == (10_000, 1_000)
    assert project.store.counts() == {State.DELIVERED: 10_000}

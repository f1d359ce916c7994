"""Deliveries that really go out: nothing lost, nothing doubled, whatever happens while they are out."""

from __future__ import annotations

import threading

import pytest

from hooktop.mockserver.delivery.lifecycle import Refused
from hooktop.mockserver.delivery.model import Answer, State
from hooktop.mockserver.engine.clock import RealClock, VirtualClock
from hooktop.mockserver.engine.http_transport import HttpTransport
from hooktop.mockserver.engine.registry import Registry
from hooktop.mockserver.engine.scheduler import Scheduler
from hooktop.mockserver.engine.store import MessageQuery
from hooktop.mockserver.engine.transport import DeferredTransport
from unit.engine.dialect import PlainDialect
from unit.engine.loopback import Receiver


class Gate:
    """A transport whose answers come when the test lets them."""

    def __init__(self):
        self.out = threading.Semaphore(0)
        self.open = threading.Event()
        self.answer = Answer(status=503)
        self.delivered = []

    def deliver(self, delivery):
        self.delivered.append(delivery)
        self.out.release()
        assert self.open.wait(10), "the test never opened the gate"
        return self.answer


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def running(gate):
    registry = Registry({"plain": PlainDialect()}, seed=1, scheduler=Scheduler(gate, workers=4))
    registry.scheduler.start()
    project = registry.create("plain", clock=RealClock(), deliver="http")
    project.registry = registry
    yield project
    gate.open.set()
    registry.close()


def wait_for(project, check, seconds=10):
    with project.lock:
        assert project.changed.wait_for(check, seconds), "it did not happen"


def start(project, gate):
    to = project.desk.create_endpoint(url="http://127.0.0.1:1/", name="out")
    message, _ = project.desk.accept(to, b"{}")
    assert gate.out.acquire(timeout=10)
    assert project.desk.message(message).state is State.SENDING
    return to, message


def finished(project, message):
    return lambda: bool(project.store.attempts(message.id))


def test_the_lock_is_free_while_a_delivery_is_out(running, gate):
    _, message = start(running, gate)
    for verb in (running.desk.replay, running.desk.retry_now, running.desk.cancel):
        with pytest.raises(Refused):
            verb(message)
    gate.open.set()
    wait_for(running, finished(running, message))
    assert running.desk.message(message).state is State.RETRYING


def test_pausing_while_out(running, gate):
    to, message = start(running, gate)
    running.desk.pause(to)
    gate.answer = Answer(status=200)
    gate.open.set()
    wait_for(running, finished(running, message))
    assert running.desk.message(message).state is State.DELIVERED


def test_deleting_the_endpoint_while_out(running, gate):
    to, message = start(running, gate)
    running.desk.delete_endpoint(to)
    gate.open.set()
    wait_for(running, finished(running, message))
    dead = running.desk.message(message)
    assert (dead.state, dead.due_at, dead.response_status) == (State.DEAD, None, 503)


def test_deleting_the_message_while_out(running, gate):
    _, message = start(running, gate)
    running.desk.delete_message(message)
    gate.open.set()
    wait_for(running, finished(running, message))
    assert (running.desk.message(message).due_at, running.desk.message(message).attempt_count) == (None, 1)


def test_an_endpoint_that_hangs_leaves_workers_to_others(running, gate):
    slow = running.desk.create_endpoint(url="http://127.0.0.1:1/", name="slow")
    for _ in range(8):
        running.desk.accept(slow, b"{}")
    quick = running.desk.create_endpoint(url="http://127.0.0.1:2/", name="quick")
    message, _ = running.desk.accept(quick, b"{}")
    wait_for(running, lambda: running.desk.message(message).state is State.SENDING)
    assert running.store.count(MessageQuery(endpoint_ids=(slow.id,), states=(State.SENDING,))) == 2


def test_stopping_takes_in_what_is_out(gate):
    registry = Registry({"plain": PlainDialect()}, seed=1, scheduler=Scheduler(gate, workers=2))
    project = registry.create("plain", clock=RealClock(), deliver="http")
    registry.scheduler.start()
    _, message = start(project, gate)
    threading.Timer(0.05, gate.open.set).start()
    registry.scheduler.stop()
    assert project.desk.message(message).attempt_count == len(project.store.attempts(message.id)) == 1
    registry.close()


def test_a_project_dropped_while_a_delivery_is_out(running, gate, caplog):
    """Its answer is for nobody; those of other projects are taken in all the same."""
    start(running, gate)
    registry = running.registry
    other = registry.create("plain", clock=RealClock(), deliver="http")
    _, message = start(other, gate)
    registry.drop(running.id)
    gate.open.set()
    wait_for(other, finished(other, message))
    assert not running.has_data
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_delivery_that_breaks_down_is_an_attempt_all_the_same(caplog):
    class Broken:
        def deliver(self, delivery):
            raise RuntimeError("unforeseen")

    registry = Registry({"plain": PlainDialect()}, seed=1, scheduler=Scheduler(Broken()))
    project = registry.create("plain", clock=VirtualClock(), deliver="http")
    message, _ = project.desk.accept(project.desk.create_endpoint(url="http://127.0.0.1:1/"), b"{}")
    registry.scheduler.drain(project)
    assert project.desk.message(message).state is State.RETRYING
    assert "unforeseen" in caplog.text
    registry.close()


def test_a_deferred_transport_is_made_for_the_first_delivery(gate):
    made = []
    gate.open.set()
    transport = DeferredTransport(lambda: made.append(gate) or gate)
    transport.close()
    assert made == []
    for _ in range(2):
        assert transport.deliver(None) is gate.answer
    assert made == [gate]


def test_without_a_transport_nothing_goes_out():
    registry = Registry({"plain": PlainDialect()}, seed=1)
    project = registry.create("plain", clock=VirtualClock(), deliver="http")
    to = project.desk.create_endpoint(url="http://127.0.0.1:1/")
    message, _ = project.desk.accept(to, b"{}")
    registry.scheduler.drain(project)
    assert project.desk.message(message).last_error == "this server makes no real deliveries"
    registry.close()


def test_a_storm_and_its_end_over_real_http():
    """200 messages to a receiver that fails at first: every one arrives exactly once in the end."""
    down = threading.Event()
    down.set()
    seen = []
    lock = threading.Lock()

    def answer(got):
        if down.is_set():
            return 503, {}, b"down"
        with lock:
            seen.append(got.headers["X-Id"])
        return 200, {}, b"ok"

    receiver = Receiver(answer)
    transport = HttpTransport()
    registry = Registry({"plain": PlainDialect()}, seed=1, scheduler=Scheduler(transport, workers=8))
    project = registry.create("plain", clock=VirtualClock(), deliver="http")
    to = project.desk.create_endpoint(url=receiver.url())
    ids = [project.desk.accept(to, b"%d" % number)[0].id for number in range(200)]
    assert registry.scheduler.drain(project).fired_count == 200
    project.desk.pause(to)
    registry.scheduler.advance(project, by=3_600_000)
    assert project.store.counts() == {State.HELD: 200}
    down.clear()
    assert project.desk.resume(to)[1] == 200
    done = registry.scheduler.advance(project, by=60_000)
    assert [fired.message_id for fired in done.fired] == ids
    assert sorted(seen) == sorted(ids)
    assert project.store.counts() == {State.DELIVERED: 200}
    registry.close()
    transport.close()
    receiver.close()

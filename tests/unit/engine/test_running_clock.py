"""Projects on clocks that run by themselves are served by the scheduler's thread."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hooktop.mockserver.delivery.model import State
from hooktop.mockserver.engine import work
from hooktop.mockserver.engine.clock import RealClock, ScaledClock, VirtualClock, wall_now
from hooktop.mockserver.engine.registry import Registry
from unit.engine.dialect import PlainDialect


@pytest.fixture
def registry():
    registry = Registry({"plain": PlainDialect()}, seed=1)
    registry.scheduler.start()
    yield registry
    registry.close()


def wait_for(project, id, state, seconds=10):
    with project.lock:
        return project.changed.wait_for(lambda: project.desk.message(id).state is state, seconds)


def test_a_real_clock_delivers_at_once(registry):
    project = registry.create("plain", clock=RealClock())
    to = project.desk.create_endpoint(url="https://ok.receiver.test/")
    message, _ = project.desk.accept(to, b"{}")
    assert wait_for(project, message.id, State.DELIVERED)


def test_a_scaled_clock_climbs_hours_in_a_moment(registry):
    project = registry.create("plain", clock=ScaledClock(1_000_000))
    to = project.desk.create_endpoint(url="https://flaky-3.receiver.test/")
    message, _ = project.desk.accept(to, b"{}")
    assert wait_for(project, message.id, State.DELIVERED)
    attempts = project.store.attempts(message.id)
    assert [attempt.response_status for attempt in attempts] == [503, 503, 503, 200]
    waits = [later.at - earlier.finished_at for earlier, later in pairwise(attempts)]
    assert all(abs(wait - delay) < 60_000 for wait, delay in zip(waits, (1.8e6, 7.2e6, 21.6e6), strict=True))


def test_what_goes_wrong_in_one_project_does_not_stop_another(registry, monkeypatch, caplog):
    bad, good = (registry.create("plain", clock=RealClock()) for _ in range(2))

    def broken(_delivery):
        raise ZeroDivisionError

    monkeypatch.setattr(bad.receivers, "answer", broken)
    to = bad.desk.create_endpoint(url="https://ok.receiver.test/")
    bad.desk.accept(to, b"{}")
    to = good.desk.create_endpoint(url="https://ok.receiver.test/")
    message, _ = good.desk.accept(to, b"{}")
    assert wait_for(good, message.id, State.DELIVERED)
    assert registry.scheduler.is_running


def test_a_virtual_project_is_left_alone(registry):
    project = registry.create("plain", clock=VirtualClock())
    other = registry.create("plain", clock=RealClock())
    to = project.desk.create_endpoint(url="https://ok.receiver.test/")
    message, _ = project.desk.accept(to, b"{}")
    to = other.desk.create_endpoint(url="https://ok.receiver.test/")
    seen, _ = other.desk.accept(to, b"{}")
    assert wait_for(other, seen.id, State.DELIVERED)
    assert project.desk.message(message).state is State.WAITING
    assert work.next_due_at(project) == message.due_at


def test_a_clock_set_running_takes_up_what_waits(registry):
    project = registry.create("plain", clock=VirtualClock(wall_now() - 5_000))
    to = project.desk.create_endpoint(url="https://ok.receiver.test/")
    message, _ = project.desk.accept(to, b"{}")
    project.set_clock(RealClock())
    assert wait_for(project, message.id, State.DELIVERED)

"""Projects: apart from each other, found again, reset, kept as snapshots, and back after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from hooktop.mockserver.delivery.model import State
from hooktop.mockserver.engine.clock import RealClock, VirtualClock
from hooktop.mockserver.engine.desk import Missing
from hooktop.mockserver.engine.faults import FaultError
from hooktop.mockserver.engine.registry import Registry, UnknownApi
from hooktop.mockserver.engine.store import MessageQuery, StoreError
from unit.engine.dialect import PlainDialect

START = 1_767_225_600_000
HOUR = 3_600_000
TESTS = Path(__file__).parents[2]


def open_registry(path=None, seed=1):
    return Registry(
        {"plain": PlainDialect()},
        seed=seed,
        store_path=None if path is None else str(path),
        make_clock=lambda: VirtualClock(START),
    )


def busy(project, host="status-503"):
    """An endpoint with three messages; gives both."""
    to = project.desk.create_endpoint(url=f"https://{host}.receiver.test/", name=host)
    return to, [project.desk.accept(to, b"%d" % number)[0] for number in range(3)]


def test_projects_know_nothing_of_each_other(registry, scheduler):
    one, two = registry.create("plain", seed=1), registry.create("plain", seed=2)
    _, messages = busy(one)
    scheduler.advance(one, by=HOUR)
    assert two.now() == START
    assert two.store.message(messages[0].id) is None
    assert registry.by_key(one.api_key) is one
    assert registry.by_key(two.api_key) is two
    assert registry.by_key("nobody") is None


def test_an_unknown_api_and_a_wrong_fault_make_no_project(registry):
    with pytest.raises(UnknownApi, match="give one of plain"):
        registry.create("fancy")
    with pytest.raises(FaultError):
        registry.create("plain", faults=[{"colour": 1}])
    assert registry.all() == []


def test_an_untouched_project_opens_no_store(registry):
    project = registry.create("plain")
    registry.scheduler.drain(project)
    assert not project.has_data


def test_endpoints_and_keys_lead_to_their_project(registry):
    project = registry.create("plain")
    to, _ = busy(project)
    registry.add_key(project, "second")
    assert registry.find_endpoint(to.id) is project
    assert registry.by_key("second") is project
    registry.drop_key("second")
    assert registry.by_key("second") is None
    registry.drop(project.id)
    assert registry.find_endpoint(to.id) is None
    assert registry.by_key(project.api_key) is None
    with pytest.raises(Missing, match="project"):
        registry.get(project.id)


def test_of_two_projects_with_one_seed_the_newest_gets_what_comes_in(registry):
    older, newer = registry.create("plain", seed=3), registry.create("plain", seed=3)
    to, _ = busy(older)
    assert busy(newer)[0].id == to.id
    assert registry.find_endpoint(to.id) is newer
    registry.drop(newer.id)
    assert registry.find_endpoint(to.id) is older


def test_a_snapshot_brings_everything_back(registry, scheduler):
    project = registry.create("plain", seed=3)
    _, messages = busy(project)
    project.receivers.set("x", [{"status": 500, "times": 1}])
    project.faults.put([{"status": 500}])
    scheduler.advance(project, by=HOUR)
    registry.snapshot(project, "before")

    def go_on():
        scheduler.advance(project, by=10 * HOUR)
        made, _ = project.desk.accept(project.desk.message(messages[0]).endpoint_id, b"new")
        return made.id, project.store.attempts(messages[0].id)

    first = go_on()
    project.receivers.drop("x")
    project.faults.clear()
    registry.restore(project, "before")
    assert project.now() == START + HOUR
    assert project.receivers.get("x") is not None
    assert bool(project.faults)
    assert go_on() == first
    with pytest.raises(Missing, match="snapshot"):
        registry.restore(project, "after")


def test_an_export_is_the_same_after_an_import(registry, scheduler):
    project = registry.create("plain", seed=3)
    _, messages = busy(project)
    scheduler.advance(project, by=HOUR)
    image = registry.export(project)
    other = registry.create("plain", seed=9)
    registry.import_(other, image)
    assert registry.export(other) == registry.export(other)
    assert other.desk.message(messages[0]) == project.desk.message(messages[0])
    scheduler.advance(other, by=2 * HOUR)
    assert other.desk.message(messages[0]).attempt_count == 3
    with pytest.raises(StoreError):
        registry.import_(other, b"nonsense")


def test_reset_brings_back_the_beginning(registry, scheduler):
    project = registry.create("plain", seed=3)
    first = busy(project)[0]
    project.faults.put([{"status": 500}])
    project.receivers.set("x", [{"status": 500}])
    project.journal.record(at=0, operation="o", method="GET", path="/", status=200)
    scheduler.advance(project, by=HOUR)
    registry.reset(project)
    assert (project.now(), project.store.counts(), len(project.journal)) == (START, {}, 0)
    assert not project.faults
    assert project.receivers.scripts() == []
    assert busy(project)[0].id == first.id


@pytest.mark.parametrize("part", ["data", "clock", "faults", "journal", "receivers"])
def test_reset_of_a_part_leaves_the_others(registry, scheduler, part):
    project = registry.create("plain", seed=3)
    busy(project)
    project.faults.put([{"status": 500}])
    project.receivers.set("x", [{"status": 500}])
    project.journal.record(at=0, operation="o", method="GET", path="/", status=200)
    scheduler.advance(project, by=HOUR)
    registry.reset(project, part)
    seen = {
        "data": project.store.counts() == {},
        "clock": project.now() == START,
        "faults": not project.faults,
        "journal": len(project.journal) == 0,
        "receivers": project.receivers.scripts() == [],
    }
    assert [name for name, was_reset in seen.items() if was_reset] == [part]


def test_an_unknown_part_cannot_be_reset(registry):
    with pytest.raises(ValueError, match="give all or one of"):
        registry.reset(registry.create("plain"), "sun")


# --- files -------------------------------------------------------------------


def test_a_file_store_goes_on_where_it_was(tmp_path):
    path = tmp_path / "hooks.db"
    registry = open_registry(path)
    project = registry.create("plain", seed=3)
    to, messages = busy(project)
    registry.add_key(project, "second")
    project.receivers.set("x", [{"status": 418}])
    registry.scheduler.advance(project, by=HOUR)
    registry.close()

    registry = open_registry(path)
    (again,) = registry.all()
    assert (again.id, again.api_key, again.seed, again.now()) == (
        project.id,
        project.api_key,
        3,
        START + HOUR,
    )
    assert registry.by_key("second") is again
    assert registry.find_endpoint(to.id) is again
    assert again.receivers.get("x") is not None
    registry.scheduler.advance(again, by=2 * HOUR)
    assert again.desk.message(messages[0]).attempt_count == 3
    made, _ = again.desk.accept(to.id, b"new")
    assert made.id not in {message.id for message in messages}
    registry.reset(again)
    assert again.store.counts() == {}
    registry.drop(again.id)
    registry.close()
    assert list(Path(f"{path}.d").iterdir()) == []


def test_a_scenario_goes_on_after_a_restart(tmp_path):
    path, world = tmp_path / "hooks.db", tmp_path / "w.yaml"
    world.write_text(
        textwrap.dedent("""
        projects:
          - api: plain
            history: 2h
            endpoints:
              - {name: shop, per_hour: 30, events: [{type: order, payload: {n: "{number}"}}]}
        """)
    )
    registry = open_registry(path)
    (project,) = registry.load(str(world))
    before = sum(project.store.counts().values())
    registry.scheduler.advance(project, by=HOUR)
    registry.close()
    registry = open_registry(path)
    (again,) = registry.all()
    registry.scheduler.advance(again, by=10 * HOUR)
    payloads = [again.store.payload(row.id) for row in again.store.messages(MessageQuery(limit=9_999))]
    assert len(payloads) == len(set(payloads)) > before + 200
    registry.reset(again)
    assert sum(again.store.counts().values()) == before
    registry.close()


def test_a_file_that_is_something_else_is_named(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("shopping list " * 500)
    with pytest.raises(StoreError, match=r"notes\.txt"):
        open_registry(path)


CRASH = """
import sys
sys.path[:0] = [{tests!r}]
from unit.engine.dialect import PlainDialect
from hooktop.mockserver.delivery.model import Answer
from hooktop.mockserver.engine.clock import RealClock
from hooktop.mockserver.engine.registry import Registry
from hooktop.mockserver.engine.scheduler import Scheduler

class Some:
    count = 0
    def deliver(self, delivery):
        Some.count += 1
        return Answer(status=503 if Some.count % 3 == 0 else 200)

registry = Registry({{"plain": PlainDialect()}}, seed=1, scheduler=Scheduler(Some(), workers=4), store_path={path!r})
project = registry.create("plain", clock=RealClock(), deliver="http", seed=3)
registry.scheduler.start()
to = project.desk.create_endpoint(url="http://127.0.0.1:1/")
for number in range(100_000):
    message, _ = project.desk.accept(to, b"%d" % number)
    print(message.id, flush=True)
"""


def test_nothing_accepted_is_lost_by_a_crash(tmp_path):
    path = tmp_path / "hooks.db"
    code = CRASH.format(tests=str(TESTS), path=str(path))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    accepted = [child.stdout.readline().strip() for _ in range(300)]
    os.kill(child.pid, signal.SIGKILL)
    accepted += [
        line.strip() for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")
    ]
    child.stdout.close()
    child.wait()

    registry = open_registry(path)
    (project,) = registry.all()
    rows = {row.id: row for row in project.store.messages(MessageQuery(limit=1_000_000))}
    assert set(accepted) <= set(rows), "a message that was answered is not there"
    for row in rows.values():
        assert row.state is not State.SENDING, "an attempt that was cut off must be queued again"
        if row.state in (State.WAITING, State.RETRYING):
            assert row.due_at is not None
        assert row.attempt_count <= len(project.store.attempts(row.id)) + 1
    assert isinstance(project.clock, RealClock)
    registry.close()

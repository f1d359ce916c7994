"""A project's whole state as one image: data, clock, chance, scripts, faults and traffic together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hooktop.mockserver.engine.clock import clock_from
from hooktop.mockserver.engine.store import StoreError

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project

_NOTE = "world"
PARTS = ("data", "clock", "faults", "journal", "receivers")
"""What `reset` can put back by itself."""


def state_of(project: Project) -> dict[str, Any]:
    """All that is not in the store, JSON-able."""
    return {
        "clock": project.clock.state(),
        "chance": project.chance.counters(),
        "receivers": project.receivers.state(),
        "faults": project.faults.state(),
        "traffic": project.traffic.state(),
        "rate_slots": dict(project.rate_slots),
        "settings": msgspec.to_builtins(project.settings),
    }


def keep_state(project: Project) -> None:
    """Write all that is not in the store into it."""
    with project.lock, project.store.transaction():
        project.store.put_note(_NOTE, msgspec.json.encode(state_of(project), order="sorted"))


def image_of(project: Project) -> bytes:
    """Everything, as bytes that `restore` takes, in this process or another."""
    with project.lock:
        keep_state(project)
        return project.store.dump()


def restore(project: Project, image: bytes, *, keep_clock: bool = False) -> None:
    """Go back to an image. Raises StoreError when it is none; then nothing has changed."""
    with project.lock:
        project.store.load(image)
        raw = project.store.note(_NOTE)
        if raw is None:
            raise StoreError("the image is not a whole project: it has no state note")
        take_state(project, msgspec.json.decode(raw), keep_clock=keep_clock)
        project.touched()


def take_state(project: Project, state: dict[str, Any], *, keep_clock: bool = False) -> None:
    """Go on from what `state_of` gave."""
    if not keep_clock:
        project.clock = clock_from(state["clock"])
    project.chance.go_on_from(state["chance"])
    project.receivers.go_on_from(state["receivers"])
    project.faults.go_on_from(state["faults"])
    project.traffic.go_on_from(state["traffic"])
    project.rate_slots = dict(state["rate_slots"])
    project.configure(**state["settings"])


def load_state(project: Project) -> bool:
    """After opening a file: go on from the state kept in it; False when there is none."""
    raw = project.store.note(_NOTE)
    if raw is None:
        return False
    state = msgspec.json.decode(raw)
    traffic = project.store.note("traffic")
    if traffic is not None:
        state["traffic"] = msgspec.json.decode(traffic)
    clock = project.store.note("clock")
    if clock is not None:
        state["clock"] = msgspec.json.decode(clock)
    take_state(project, state)
    return True

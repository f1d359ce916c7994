"""A project's whole state as one image: data, clock, chance, scripts, faults and traffic together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hooktop.mockserver.engine.clock import clock_from
from hooktop.mockserver.engine.sqlite_core import empty_image
from hooktop.mockserver.engine.sqlite_store import SqliteStore
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


def base_state_of(project: Project) -> dict[str, Any]:
    """The state that belongs to the project's baseline, or its present one when there is none."""
    if project.baseline is None:
        return state_of(project)
    reader = SqliteStore()
    try:
        reader.load(project.baseline)
        raw = reader.note(_NOTE)
    finally:
        reader.close()
    return state_of(project) if raw is None else dict(msgspec.json.decode(raw))


def reset(project: Project, what: str = "all") -> None:
    """Put a part of the project, or all of it, back to how it was when it was made. Raises ValueError."""
    if what != "all" and what not in PARTS:
        raise ValueError(f"reset: unknown part {what!r}; give all or one of {', '.join(PARTS)}")
    parts = PARTS if what == "all" else (what,)
    with project.lock:
        base = project.base_state
        if "data" in parts:
            _reset_data(project, base)
        if "clock" in parts:
            project.clock = clock_from(base["clock"])
            project.remember_clock()
        if "faults" in parts:
            project.faults.go_on_from(base["faults"])
        if "receivers" in parts:
            project.receivers.go_on_from(base["receivers"])
        if "journal" in parts:
            project.journal.clear()
        project.touched()


def _reset_data(project: Project, base: dict[str, Any]) -> None:
    if project.has_data or project.baseline is not None:
        project.store.load(project.baseline or empty_image())
    project.chance.go_on_from(base["chance"])
    project.traffic.go_on_from(base["traffic"])
    project.rate_slots = {}
    project.receivers.forget_received()
    project.configure(**base["settings"])

"""A project's clock: show it, change it, move it, and do what is due."""

from __future__ import annotations

from typing import Any

from hooktop.mockserver.control.forms import AdvanceForm, ClockForm, duration_ms, invalid, read
from hooktop.mockserver.control.wing import ControlWing, data, moment
from hooktop.mockserver.engine.clock import Clock, ClockError, make_clock, parse_iso
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.engine.scheduler import MAX_STEPS, Advance
from hooktop.mockserver.engine.work import Fired, next_due_at
from hooktop.mockserver.http.call import Answer, Call


def register(wing: ControlWing) -> None:
    """Add the operations to the wing."""
    scheduler = wing.registry.scheduler

    @wing.operation("getClock", "GET", "/_mock/v1/projects/<id>/clock")
    def get_clock(call: Call) -> Answer:
        return data(call, clock_json(wing.project(call)))

    @wing.operation("setClock", "PUT", "/_mock/v1/projects/<id>/clock")
    def set_clock(call: Call) -> Answer:
        project, form = wing.project(call), read(call, ClockForm)
        with project.advancing, project.lock:
            project.clock = made_clock(form, "", project.now())
            project.remember_clock()
        scheduler.poke(project)
        return data(call, clock_json(project))

    @wing.operation("advanceClock", "POST", "/_mock/v1/projects/<id>/clock/advance")
    def advance_clock(call: Call) -> Answer:
        project, form = wing.project(call), read(call, AdvanceForm)
        by, to = _span(form)
        done = scheduler.advance(project, by=by, to=to, max_steps=form.max_steps or MAX_STEPS)
        return data(call, advance_json(done))

    @wing.operation("advanceClockToNext", "POST", "/_mock/v1/projects/<id>/clock/advance-to-next")
    def advance_clock_to_next(call: Call) -> Answer:
        return data(call, advance_json(scheduler.advance_to_next(wing.project(call))))

    @wing.operation("drain", "POST", "/_mock/v1/projects/<id>/drain")
    def drain(call: Call) -> Answer:
        return data(call, advance_json(scheduler.drain(wing.project(call))))


def _span(form: AdvanceForm) -> tuple[int | None, int | None]:
    if (form.by is None) == (form.to is None):
        raise invalid("by", "give either by or to")
    if form.max_steps is not None and form.max_steps < 1:
        raise invalid("max_steps", "give 1 or more")
    if form.by is not None:
        return duration_ms(form.by, "by"), None
    return None, _instant(str(form.to), "to")


def _instant(text: str, field: str) -> int:
    try:
        return parse_iso(text)
    except ClockError as error:
        raise invalid(field, str(error)) from None


def made_clock(form: ClockForm, prefix: str, now: int | None = None) -> Clock:
    """The clock that the form asks for; one that says no time goes on from `now`. Raises ApiError."""
    at = now if form.now is None else _instant(form.now, f"{prefix}now")
    if form.mode == "real" and form.now is None:
        at = None
    try:
        return make_clock(form.mode, now=at, speed=form.speed)
    except ClockError as error:
        raise invalid(f"{prefix}mode", str(error)) from None


def clock_json(project: Project) -> dict[str, Any]:
    """The clock as it stands."""
    clock = project.clock
    return {
        "mode": clock.mode,
        "now": moment(clock.now()),
        "speed": clock.speed if clock.mode == "scaled" else None,
        "next_due_at": moment(next_due_at(project)),
    }


def advance_json(done: Advance) -> dict[str, Any]:
    """What happened while the clock was moved."""
    return {
        "now": moment(done.now),
        "fired": [_fired_json(each) for each in done.fired],
        "fired_count": done.fired_count,
        "next_due_at": moment(done.next_due_at),
    }


def _fired_json(fired: Fired) -> dict[str, Any]:
    return {
        "message_id": fired.message_id,
        "attempt_no": fired.attempt_no,
        "at": moment(fired.at),
        "outcome": fired.outcome.value,
        "status": fired.status,
    }

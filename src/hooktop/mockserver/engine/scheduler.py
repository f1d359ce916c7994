"""Moving projects on: virtual ones when told, real and scaled ones by a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from hooktop.mockserver.engine.clock import ClockError, VirtualClock, in_range, iso
from hooktop.mockserver.engine.message_desk import Missing
from hooktop.mockserver.engine.outbox import Outbox, Sent
from hooktop.mockserver.engine.work import BATCH, Fired, next_due_at, run_batch

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project
    from hooktop.mockserver.engine.transport import Transport

log = logging.getLogger("hooktop.mockserver.scheduler")

MAX_STEPS = 100_000
FIRED_SHOWN = 1_000
_LONGEST_SLEEP_S = 60.0
_FULL_SLEEP_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What happened while a clock was moved."""

    now: int
    fired: Sequence[Fired]
    """The first thousand attempts, in order."""
    fired_count: int
    next_due_at: int | None


class Runaway(Exception):
    """The work did not end within the steps allowed; the clock stands where it stopped."""

    def __init__(self, project: Project, steps: int, endpoint_id: str | None) -> None:
        endpoint = project.store.endpoint(endpoint_id) if endpoint_id else None
        named = (
            f"endpoint {endpoint_id} ({endpoint.name or endpoint.url})" if endpoint else "no single endpoint"
        )
        self.endpoint_id = endpoint_id
        self.steps = steps
        self.now = project.now()
        super().__init__(
            f"stopped after {steps} steps at {iso(self.now)}: {named} keeps making work; "
            "advance by less, or raise max_steps"
        )


@dataclass(slots=True)
class _Tally:
    fired: list[Fired] = field(default_factory=list)
    count: int = 0
    steps: int = 0
    by_endpoint: Counter[str] = field(default_factory=Counter)

    def add(self, fired: Sequence[Fired], steps: int) -> None:
        self.steps += steps
        self.count += len(fired)
        self.fired += fired[: max(0, FIRED_SHOWN - len(self.fired))]
        self.by_endpoint.update([item.endpoint_id for item in fired])


class Scheduler:
    """Runs what is due. Without `start` it only moves projects that are told to move."""

    def __init__(self, http: Transport | None = None, workers: int = 64) -> None:
        self._outbox = Outbox(http, workers, self._wake)
        self._wakeup = threading.Condition()
        self._projects: dict[str, Project] = {}
        self._dirty: set[str] = set()
        self._deadlines: dict[str, float] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False

    # --- moving when told ------------------------------------------------

    def advance(
        self, project: Project, *, by: int | None = None, to: int | None = None, max_steps: int = MAX_STEPS
    ) -> Advance:
        """Move a virtual clock, and do everything due on the way, in order; returns when all is quiet.

        Raises ClockError for a clock that runs by itself or a move back, Runaway beyond `max_steps`.
        """
        clock = project.clock
        if not isinstance(clock, VirtualClock):
            raise ClockError(f"a {clock.mode} clock moves by itself; only a virtual one can be advanced")
        with project.advancing:
            target = in_range(clock.now() + (by or 0) if to is None else to)
            if target < clock.now():
                raise ClockError(f"a clock moves forward only: {iso(target)} is before {iso(clock.now())}")
            tally = self._run(project, target, max_steps)
            with project.lock:
                if target > clock.now():
                    clock.move_to(target)
                project.remember_clock()
            return _advance(project, tally)

    def advance_to_next(self, project: Project, *, max_steps: int = MAX_STEPS) -> Advance:
        """Move a virtual clock to the next instant at which something is due; nowhere when nothing is."""
        due_at = next_due_at(project)
        now = project.now()
        return self.advance(project, to=now if due_at is None else max(now, due_at), max_steps=max_steps)

    def drain(self, project: Project, *, max_steps: int = MAX_STEPS) -> Advance:
        """Do what is due now, without moving time."""
        with project.advancing:
            return _advance(project, self._run(project, project.now(), max_steps))

    def _run(self, project: Project, until: int, max_steps: int) -> _Tally:
        tally = _Tally()
        while True:
            fired, steps = self._some(project, until, min(BATCH, max_steps - tally.steps + 1))
            if not steps:
                return tally
            tally.add(fired, steps)
            if tally.steps > max_steps:
                busiest = tally.by_endpoint.most_common(1)
                raise Runaway(project, tally.steps, busiest[0][0] if busiest else None)

    def _some(self, project: Project, until: int, limit: int) -> tuple[Sequence[Fired], int]:
        if not project.has_data and not project.traffic:
            return (), 0
        if project.settings.deliver == "http":
            return self._outbox.run_some(project, until, limit)
        batch = run_batch(project, until, limit)
        return batch.fired, batch.steps

    # --- moving by itself ------------------------------------------------

    def watch(self, project: Project) -> None:
        """Take a project in; the thread serves it whenever its clock runs by itself."""
        with self._wakeup:
            self._projects[project.id] = project
        project.poke = self.poke
        self.poke(project)

    def unwatch(self, project: Project) -> None:
        """Leave a project alone from now on."""
        with self._wakeup:
            self._projects.pop(project.id, None)
            self._deadlines.pop(project.id, None)
            self._dirty.discard(project.id)

    def poke(self, project: Project) -> None:
        """Look at the project again: it may have something to do earlier than was thought."""
        if project.clock.speed == 0 or project.id in self._dirty:
            return
        with self._wakeup:
            self._dirty.add(project.id)
            self._wakeup.notify()

    def start(self) -> None:
        """Begin to serve real and scaled projects."""
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._serve, name="hooktop-scheduler", daemon=True)
            self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread serves."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self, timeout: float = 5.0) -> None:
        """Let running attempts end, up to `timeout` seconds, and stop."""
        with self._wakeup:
            self._stopping = True
            self._wakeup.notify()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None
        self._outbox.stop(timeout)

    def _wake(self) -> None:
        with self._wakeup:
            self._wakeup.notify()

    def _serve(self) -> None:
        while True:
            with self._wakeup:
                self._wait()
                if self._stopping:
                    return
                ready = self._ready()
            self._collect()
            for project in ready:
                self._turn(project)

    def _wait(self) -> None:
        """Sleep until something is due, changed or answered."""
        if self._stopping or self._dirty or self._outbox.has_answers:
            return
        earliest = min(self._deadlines.values(), default=None)
        seconds = _LONGEST_SLEEP_S if earliest is None else earliest - monotonic()
        if seconds > 0:
            self._wakeup.wait(min(seconds, _LONGEST_SLEEP_S))

    def _ready(self) -> list[Project]:
        now = monotonic()
        ids = self._dirty | {id for id, at in self._deadlines.items() if at <= now}
        self._dirty = set()
        return [self._projects[id] for id in sorted(ids) if id in self._projects]

    def _collect(self) -> None:
        try:
            self._outbox.collect()
        except Exception:
            log.exception("answers of deliveries could not be taken in")

    def _turn(self, project: Project) -> None:
        """One turn of a project; what goes wrong there must not stop the others."""
        try:
            self._move(project)
        except Missing:
            log.debug("project %s was dropped in the middle of a turn", project.id)
        except Exception:
            log.exception("project %s: a scheduler turn failed", project.id)
            self._deadlines[project.id] = monotonic() + 1.0

    def _move(self, project: Project) -> None:
        if project.clock.speed == 0:
            self._deadlines.pop(project.id, None)
            return
        if project.settings.deliver == "http":
            sent = self._outbox.send_due(project, project.now())
        else:
            sent = self._simulate(project)
        self._set_deadline(project, sent)

    def _simulate(self, project: Project) -> Sent:
        due_at = next_due_at(project)
        if due_at is None or due_at > project.now():
            return Sent.NOTHING
        run_batch(project, project.now())
        return Sent.MORE

    def _set_deadline(self, project: Project, sent: Sent) -> None:
        due_at = next_due_at(project)
        seconds = None if due_at is None else project.clock.wall_seconds_until(due_at)
        if sent is Sent.FULL:
            # An answer, which frees a worker, wakes the thread earlier.
            seconds = max(seconds or 0.0, _FULL_SLEEP_S)
        with self._wakeup:
            if seconds is None or project.id not in self._projects:
                self._deadlines.pop(project.id, None)
            else:
                self._deadlines[project.id] = monotonic() + seconds


def _advance(project: Project, tally: _Tally) -> Advance:
    return Advance(
        now=project.now(),
        fired=tuple(tally.fired),
        fired_count=tally.count,
        next_due_at=next_due_at(project),
    )

"""What the console knows and does, for every screen: the open context, jobs, plans, reasons. No Textual."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hooktop.console.model import Connection, Endpoint, EndpointState, Message, Result, Verb
from hooktop.console.operations import reconcile
from hooktop.console.operations.actions import Breaker, Plan, Progress, Target, make_plan, run
from hooktop.console.operations.journal import Journal, JournalError
from hooktop.console.operations.reconcile import Books
from hooktop.console.operations.sinks import Change
from hooktop.console.providers.base import ProviderError
from hooktop.console.screens.coaching import Coach
from hooktop.console.screens.job import UNDO, Job
from hooktop.console.screens.session import Connect, OpenLab, Session, Spawn
from hooktop.console.settings import Context, Safety, Settings
from hooktop.console.widgets.header import Truth

_WHY_OFF = {
    Connection.CONNECTING: "no answer from the API yet",
    Connection.STALE: "the data is old: wait for the API to answer, or press r",
    Connection.OFFLINE: "the API cannot be reached",
    Connection.AUTH_FAILED: "the API refused the key",
    Connection.BAD_ANSWER: "the server does not answer like this API",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """How the desk reaches the world."""

    connect: Connect
    open_lab: OpenLab
    journal_folder: Path | None = None
    """Where changes are recorded; ``None`` keeps them in memory (tests, demo)."""
    coached: bool | None = None
    """Lead through the outage drill; ``None``: in the demo, whose key only this process knows."""


class Desk:
    """One per console; the open session changes with the context."""

    def __init__(self, settings: Settings, ports: Ports, *, context: Context) -> None:
        self.settings = settings
        self.ports = ports
        self.jobs: list[Job] = []
        self.on_change: Callable[[Change], None] = lambda change: None
        self.spawn: Spawn = lambda work: work.close()
        self.session = self._open(context)

    def _open(self, context: Context) -> Session:
        self.journal = Journal(self.ports.journal_folder, context=context.name)
        session = Session(context, self.ports.connect, self.ports.open_lab, self._changed)
        coached = context.key.memory is not None if self.ports.coached is None else self.ports.coached
        self.coach = Coach(session, self.journal) if coached and session.lab else None
        return session

    def _changed(self, change: Change) -> None:
        self.on_change(change)

    async def use(self, context: Context) -> None:
        """Close the open context and open another; works without a connection, too."""
        before = self.session
        self.session = self._open(context)
        await before.close()

    # --- what is so ------------------------------------------------------------------------------------

    @property
    def mode(self) -> str:
        """``READ-ONLY``, ``PRODUCTION``, ``MOCK`` or ``LIVE API``."""
        context = self.session.context
        if context.is_read_only:
            return "READ-ONLY"
        if context.safety is Safety.PRODUCTION:
            return "PRODUCTION"
        return "MOCK" if context.lab is not None else "LIVE API"

    @property
    def is_stale(self) -> bool:
        """Whether what is shown may no longer be so."""
        return not self.session.is_live

    def truth(self) -> Truth:
        """The first line."""
        session = self.session
        view = session.monitor.view()
        return Truth(
            context=session.context.name,
            host=session.context.host,
            mode=self.mode,
            connection=view.state,
            since_s=view.since_s,
            age_s=view.age_s,
            latency_ms=view.latency_ms,
            retry_in_s=view.retry_in_s,
            attempt=view.attempt,
            now=session.provider.server_time,
        )

    def counts(self) -> dict[str, int | None]:
        """How much there is in each place."""
        session = self.session
        return {
            "triage": len(session.failures),
            "endpoints": len(session.endpoints),
            "messages": session.messages.total,
            "jobs": len(self.jobs) or None,
            "contexts": len(self.settings.contexts),
        }

    # --- why not ---------------------------------------------------------------------------------------

    def why_not_change(self) -> str:
        """Why nothing can be changed now; empty when it can."""
        if self.session.context.is_read_only:
            return "this context is read-only"
        why = _WHY_OFF.get(self.session.monitor.view().state, "")
        if why:
            return why
        return "a job is running: wait for it, or X cancels it" if self.running_job else ""

    def why_not_repair(self) -> str:
        """Why receivers cannot be mended from here."""
        return "" if self.session.lab else "receivers can only be repaired in the lab (hooktop mock)"

    def why_not_undo(self) -> str:
        """Why there is nothing to take back."""
        return self.why_not_change() or ("" if self.undoable() else "no pause or resume to take back")

    # --- changes ---------------------------------------------------------------------------------------

    def plan(self, verb: Verb, targets: Sequence[Target], filter_text: str) -> Plan:
        """Freeze what a verb would do."""
        session = self.session
        return make_plan(
            verb,
            targets,
            session.provider,
            session.now(),
            endpoints=session.endpoints.by_id,
            safety=session.context.safety,
            thresholds=self.settings.thresholds,
            context=session.context.name,
            filter_text=filter_text,
        )

    def start(self, plan: Plan) -> Job:
        """Carry out a plan in the background."""
        job = Job(number=len(self.jobs) + 1, plan=plan, context=self.session.context.name)
        self.jobs.append(job)
        self.spawn(self._carry_out(job, self.session))
        return job

    async def _carry_out(self, job: Job, session: Session) -> None:
        limits = self.settings.thresholds
        try:
            outcome = await run(
                job.plan,
                session.provider,
                rate=limits.rate_per_s,
                concurrency=limits.concurrency,
                breaker=Breaker(
                    percent=limits.breaker_percent,
                    window=limits.breaker_window,
                    in_a_row=limits.breaker_in_a_row,
                ),
                on_progress=lambda progress: self._progressed(job, progress),
                cancel=job.cancel,
                journal=self.journal,
            )
        except JournalError as error:
            job.failed = str(error)
        else:
            job.ended(outcome)
            session.watch.expect(item for item in job.plan.items if isinstance(item, Message))
            if self.coach is not None:
                self.coach.job_ended(outcome)
        session.watch.refresh_now()
        self._changed(Change())

    def _progressed(self, job: Job, progress: Progress) -> None:
        job.took(progress)
        self._changed(Change())

    @property
    def running_job(self) -> Job | None:
        """The job that is sending now."""
        return next((job for job in reversed(self.jobs) if job.running), None)

    @property
    def shown_job(self) -> Job | None:
        """The job that the screens show: the running one, else the last until it is put away."""
        if not self.jobs:
            return None
        return self.running_job or (None if self.jobs[-1].seen else self.jobs[-1])

    def cancel_job(self) -> None:
        """Send nothing more; what was not sent ends as cancelled."""
        if self.running_job is not None:
            self.running_job.cancel.set()

    def put_job_away(self) -> bool:
        """Hide the result of the last job; false when there is none to hide."""
        job = self.shown_job
        if job is None or job.running:
            return False
        job.seen = True
        return True

    def undoable(self) -> tuple[Verb, tuple[Endpoint, ...]] | None:
        """The verb and the endpoints that take back the last pause or resume, if anything does."""
        for job in reversed(self.jobs):
            if job.plan.verb not in UNDO or job.outcome is None or job.context != self.session.context.name:
                continue
            done = {result.id for result in job.results if result.result is Result.ACCEPTED}
            verb = UNDO[job.plan.verb]
            wanted = EndpointState.PAUSED if verb is Verb.RESUME else EndpointState.ACTIVE
            found = (self.session.endpoint(id_) for id_ in sorted(done))
            endpoints = tuple(e for e in found if e is not None and e.state is wanted)
            return (verb, endpoints) if endpoints else None
        return None

    async def repair(self, endpoint: Endpoint) -> str:
        """Mend the receiver behind an endpoint, in the lab; says what came of it."""
        lab = self.session.lab
        if lab is None:
            return self.why_not_repair()
        try:
            await lab.repair(endpoint.url)
        except ProviderError as error:
            return f"the receiver could not be repaired: {error.message}"
        if self.coach is not None:
            self.coach.repaired(endpoint)
        self.session.watch.refresh_now()
        return f"the receiver of {endpoint.name} answers 200 from now on"

    # --- books -----------------------------------------------------------------------------------------

    async def books(self, endpoint: Endpoint | None) -> tuple[Books, ...]:
        """Every message of an endpoint, or of each, in exactly one class. Raises ``ProviderError``."""
        session = self.session
        endpoints = session.endpoints.all() if endpoint is None else (endpoint,)
        return tuple([await self._books_of(each, session) for each in endpoints])

    async def _books_of(self, endpoint: Endpoint, session: Session) -> Books:
        now = session.now()
        if session.lab is not None:
            return await reconcile.books(session.provider, session.lab, endpoint, now, now=now)
        rows = [message for message in session.messages.all() if message.endpoint_id == endpoint.id]
        return reconcile.count(endpoint, rows, until=now, now=now)

    def refresh_now(self) -> None:
        """Ask the API at once."""
        self.session.watch.refresh_now()

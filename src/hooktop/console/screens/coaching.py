"""The coach: leads through the outage drill, notices what is done, and can do a step itself. No Textual."""

from __future__ import annotations

import time

from hooktop.console.model import Endpoint, Verb
from hooktop.console.operations.actions import Outcome
from hooktop.console.operations.drill import Drill, DrillError, Scorecard
from hooktop.console.operations.journal import Journal
from hooktop.console.providers.base import ProviderError
from hooktop.console.screens.session import Session
from hooktop.console.widgets.coach import Lesson

LOOK_EVERY_S = 0.5
"""Looking reads every message in the store, so it is not done for every change."""


class Coach:
    """One drill on one session."""

    def __init__(self, session: Session, journal: Journal) -> None:
        assert session.lab is not None, "a drill needs a lab"
        self.session = session
        self.drill = Drill(session.provider, session.lab, journal=journal)
        self.hidden = False
        self.busy = ""
        """What the coach is doing itself, for the line."""
        self.trouble = ""
        self.shown = False
        """The proof card has been opened once."""
        self._looked_at = 0.0

    @property
    def scorecard(self) -> Scorecard | None:
        """How the drill ended, once it has."""
        return self.drill.scorecard

    @property
    def at_the_end(self) -> bool:
        """Only the proof is left."""
        return self.drill.step is not None and self.drill.step.key == "prove"

    def look(self) -> None:
        """Notice what was done since, at most twice a second."""
        now = time.monotonic()
        if self.drill.finished or now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        self.drill.observe(self.session.endpoints.all(), self.session.messages.all())

    def lesson(self) -> Lesson | None:
        """What to say now."""
        step = self.drill.step
        if self.hidden or step is None:
            return None
        before = self.drill.steps[self.drill.index - 1].key if self.drill.index else ""
        return Lesson(
            number=self.drill.index + 1,
            total=len(self.drill.steps),
            title=step.title,
            why=self.trouble or self.busy or step.why,
            keys=step.hint,
            last_fact=self.drill.facts.get(before, ""),
        )

    def hide(self) -> bool:
        """Be quiet; false when already so."""
        was = self.hidden or self.drill.finished
        self.hidden = True
        return not was

    def repaired(self, endpoint: Endpoint) -> None:
        """A receiver was mended."""
        self.drill.repaired(endpoint.id)

    def job_ended(self, outcome: Outcome) -> None:
        """A bulk action ended: refused replays explain what is left over."""
        if outcome.plan.verb is Verb.REPLAY:
            self.drill.replay_ended(outcome)

    async def act(self) -> str:
        """Do the step; says what was done, or why it could not be."""
        step = self.drill.step
        if step is None or self.busy:
            return ""
        self.busy, self.trouble = f"doing it: {step.title.lower()} …", ""
        try:
            return await self.drill.act()
        except (DrillError, ProviderError) as error:
            self.trouble = str(error)
            return self.trouble
        finally:
            self.busy = ""
            self.session.watch.refresh_now()

"""The coach: leads through the outage drill, notices what is done, and can do a step itself. No Textual."""

from __future__ import annotations

import time
from collections.abc import Callable

from hooktop.console.model import Endpoint, EndpointKind, Message, MessageState, PauseMeaning, Verb
from hooktop.console.operations.actions import Outcome
from hooktop.console.operations.drill import SWEEP_AGAIN_S, SWEEPING, Drill, DrillError, Scorecard
from hooktop.console.operations.journal import Journal
from hooktop.console.operations.steps import Step
from hooktop.console.providers.base import ProviderError
from hooktop.console.screens.session import Session
from hooktop.console.widgets.coach import Lesson
from hooktop.console.widgets.text import plural

LOOK_EVERY_S = 0.5
"""Looking reads every message in the store, so it is not done for every change."""


LATE_S = 2 * SWEEP_AGAIN_S
"""So long after an act the stores have read what became of it."""
_SWEPT = frozenset({MessageState.RETRYING, MessageState.DEAD, MessageState.DISCARDED})


class Coach:
    """One drill on one session."""

    def __init__(
        self, session: Session, journal: Journal, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        assert session.lab is not None, "a drill needs a lab"
        self.session = session
        self.drill = Drill(session.provider, session.lab, journal=journal)
        self.hidden = False
        self.busy = ""
        """What the coach is doing itself, for the line."""
        self.trouble = ""
        self.shown = False
        """The proof card has been opened once."""
        self._looked_at = float("-inf")
        self._swept: tuple[str, float] = ("", 0.0)
        """The step whose messages were last acted on, and when that ended."""
        self._left = 0

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
        now = self._monotonic()
        if self.drill.finished or now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        self.drill.observe(self.session.endpoints.all(), self.session.messages.all())
        self._left = self._left_behind(now)

    def _left_behind(self, now: float) -> int:
        """What was in flight while the step acted, and failed since: it would wait for hours."""
        step, (swept, at) = self.drill.step, self._swept
        if step is None or step.key != swept or now - at < LATE_S:
            return 0
        return self.drill.left(self.session.messages.all())

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
            why=self.trouble or self.busy or self._again(step) or step.why,
            keys=self.drill.hint,
            last_fact=self.drill.facts.get(before, ""),
        )

    def _again(self, step: Step) -> str:
        if not self._left:
            return ""
        told = plural(self._left, "message")
        key = "T or Y" if step.key == "replay" else "Y" if self._discards else "T"
        return f"{told} failed after that, still against the old receiver: {key} once more, or D."

    @property
    def _discards(self) -> bool:
        return self.session.provider.capabilities(EndpointKind.OUTBOUND).pause is PauseMeaning.DISCARD

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint that the present step is about; places put the cursor on it when they are gone to."""
        return None if self.hidden else self.drill.endpoint

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
        if outcome.plan.verb in {Verb.REPLAY, Verb.RETRY_NOW}:
            self._note_sweep()

    def _acted_on(self) -> list[Message]:
        ids = self.drill.endpoint_ids
        rows = (row for row in self.session.messages.all() if row.endpoint_id in ids)
        return [row for row in rows if row.state in _SWEPT]

    def _note_sweep(self) -> None:
        step = self.drill.step
        if step is not None and step.key in SWEEPING:
            self._swept, self._left = (step.key, self._monotonic()), 0

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
            self._note_sweep()
            self.session.watch.expect(self._acted_on())

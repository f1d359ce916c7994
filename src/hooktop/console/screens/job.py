"""One bulk action while it runs and after: what was planned, how far it is, what became of every item."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from hooktop.console.model import ItemResult, Verb
from hooktop.console.operations.actions import Outcome, Plan, Progress


@dataclass(slots=True)
class Job:
    """A plan on its way. Only its worker writes to it."""

    number: int
    plan: Plan
    context: str
    cancel: asyncio.Event = field(default_factory=asyncio.Event)
    progress: Progress | None = None
    outcome: Outcome | None = None
    failed: str = ""
    """Why nothing was sent at all (the journal cannot be written)."""
    results: list[ItemResult] = field(default_factory=list)
    seen: bool = False
    """The operator has put the result away."""
    started_at: float = field(default_factory=time.monotonic)

    @property
    def running(self) -> bool:
        """Whether calls may still be sent."""
        return self.outcome is None and not self.failed

    @property
    def elapsed_s(self) -> float:
        """Since it started, or as long as it took."""
        return self.outcome.elapsed_s if self.outcome else time.monotonic() - self.started_at

    def took(self, progress: Progress) -> None:
        """One item has its result."""
        self.progress = progress
        if progress.last is not None:
            self.results.append(progress.last)

    def ended(self, outcome: Outcome) -> None:
        """All items have theirs."""
        self.outcome, self.results = outcome, list(outcome.results)


UNDO = {Verb.PAUSE: Verb.RESUME, Verb.RESUME: Verb.PAUSE}
"""What takes a verb back, for those that can be."""

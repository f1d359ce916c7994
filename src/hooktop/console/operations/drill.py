"""The outage drill: from alarm to proof in nine steps, the same on the screen and without one.

On the screen the operator does a step with the ordinary keys, and ``Drill.observe`` notices; or asks the drill to
do it (``await drill.act()``). Without a screen ``run_headless`` does every step and waits for its effect.

The test message comes before the flood, and how is decided by what is true of the provider: one that *holds*
delivers nothing at all while paused, so the tap is opened to one message a second, the first of them is the test,
and only when it arrived is the limit lifted; if it fails the endpoint is paused again at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the drill."""

    key: str
    """``find pause held repair test drain replay prove`` ..."""
    title: str
    """What to do, short."""
    why: str
    """Why now, and what this provider does."""
    hint: str
    """Which keys do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """The end of a drill: does everything that was accepted have an explained end?"""

    balanced: bool
    accepted: int
    delivered: int
    lost: int
    duplicated: int
    refused: tuple[tuple[str, int], ...]
    """Reason and number, for what cannot be delivered any more."""
    unresolved: int
    elapsed_s: float
    """On the wall clock."""
    project_elapsed_s: float
    """On the project's clock."""
    steps: tuple[tuple[str, str], ...]
    """Title and result of every step, in order."""

    def as_document(self) -> dict[str, Any]:
        """Plain data, for ``-o json``."""


class Drill:
    """State of one drill: ``steps``, ``index`` (the current one), ``facts`` (text per finished step).

    ``observe(endpoints, messages, now)`` looks at the stores and moves on when a step is done; True if it moved.
    ``await act()`` does the current step and returns a line about it. ``finished`` and ``scorecard`` at the end.
    """

    steps: tuple[Step, ...]
    index: int
    facts: dict[str, str]
    scorecard: Scorecard | None


Say = Callable[[str], None]
Act = Callable[[], Awaitable[str]]

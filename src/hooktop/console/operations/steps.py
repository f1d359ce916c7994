"""The steps of the drill, worded for what pause means on the provider."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hooktop.console.model import Capabilities, PauseMeaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the drill."""

    key: str
    """``find pause held repair test drain mend replay prove``."""
    title: str
    """What to do, short."""
    why: str
    """Why now, and what this provider does."""
    hint: str
    """Which keys do it; ``{failing}`` and ``{rejecting}`` stand for the names of the two endpoints."""


STEPS = (
    Step(
        key="find",
        title="Find what fails",
        why="Triage puts the worst first: which endpoint, what it answers, since when, how much waits.",
        hint="1 triage: the worst is on top, enter shows it",
    ),
    Step(
        key="pause",
        title="Pause the failing endpoint",
        why="Every attempt now is wasted: a message has only so many. The plan says what pause means here.",
        hint="P on {failing}, then enter",
    ),
    Step(
        key="held",
        title="See the backlog held",
        why="New messages are accepted and kept; retries that fall due are kept too and use up no attempt.",
        hint="3 messages, / status:held, then enter",
    ),
    Step(
        key="repair",
        title="Repair the receiver",
        why="In real life somebody else does this. Here the lab does.",
        hint="2 endpoints, {failing}: R, then enter",
    ),
    Step(
        key="test",
        title="Send one as a test",
        why=(
            "A paused endpoint delivers nothing here, not even a test. D opens the tap to one message a second: "
            "the first is the test, a failure pauses it again."
        ),
        hint="U, enter: all at once; D: one first",
    ),
    Step(
        key="drain",
        title="Drain the backlog",
        why="The limit is lifted. What waits for its next retry can be brought forward instead of waiting hours.",
        hint="2 endpoints, {failing}: T, type the number",
    ),
    Step(
        key="mend",
        title="Mend the wrong secret",
        why="401 is not retried: the calmest endpoint in the list is the one that lost the most.",
        hint="2 endpoints, {rejecting}: R, then enter",
    ),
    Step(
        key="replay",
        title="Replay the dead letters",
        why="Five go first as a canary; the rest follows only when they arrived.",
        hint="2 endpoints, {rejecting}: Y, type the number",
    ),
    Step(
        key="prove",
        title="Prove that nothing was lost",
        why="Every accepted message in exactly one class, against the receiver's own count.",
        hint="b counts, and shows the proof",
    ),
)

_DISCARDING = {
    "held": (
        "See what is set aside",
        "New messages are accepted but discarded until somebody replays them; retries still go out.",
        "3 messages, / status:discarded, then enter",
    ),
    "test": (
        "Resume and send one as a test",
        "A paused endpoint refuses a replay here. Resuming releases nothing by itself, so one replay is the test.",
        "U on {failing}, then Y on one discarded message",
    ),
    "drain": (
        "Replay what was set aside",
        "Nothing comes back by itself: the discarded messages are replayed, a canary first.",
        "2 endpoints, {failing}: Y, type the number",
    ),
}


def steps_for(capabilities: Capabilities) -> tuple[Step, ...]:
    """The steps in the words that are true for this kind of pause."""
    if capabilities.pause is not PauseMeaning.DISCARD:
        return STEPS
    return tuple(
        replace(step, title=words[0], why=words[1], hint=words[2])
        if (words := _DISCARDING.get(step.key))
        else step
        for step in STEPS
    )

"""The coach: one step of the drill at a time, told in two lines above the keys; pure."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap

from hooktop.console.widgets.bars import Part
from hooktop.console.widgets.text import cut, inert

WHY_LINES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What the coach says now."""

    number: int
    """Of the present step, from 1."""
    total: int
    title: str
    why: str
    keys: str
    last_fact: str = ""
    """What the step before found out."""


def coach_lines(lesson: Lesson | None, width: int) -> list[list[Part]]:
    """Two or three lines, none when there is nothing to teach."""
    if lesson is None:
        return []
    done = "■" * (lesson.number - 1) + "▣" + "□" * (lesson.total - lesson.number)
    head = [
        Part("DRILL ", "accent"),
        Part(done, "accent"),
        Part(f"  {lesson.number}. {lesson.title}  ", "bright"),
    ]
    room = max(20, width - 2)
    told = wrap(inert(lesson.why), room)[:WHY_LINES]
    keys = [Part(cut(inert(lesson.keys), room - 26), "key"), Part(" · ", "muted")]
    keys += [Part("D", "key", "screen.drill"), Part(" do it for me · ", "muted")]
    keys += [Part("esc", "key"), Part(" hide", "muted")]
    lines = [head, *([Part(line, "text")] for line in told), keys]
    if lesson.last_fact:
        lines.insert(0, [Part("✓ ", "good"), Part(cut(inert(lesson.last_fact), room - 2), "good")])
    return lines

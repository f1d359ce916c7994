"""The coach: one step of the drill at a time, told in two lines above the keys; pure."""

from __future__ import annotations

from dataclasses import dataclass

from hooktop.console.widgets.bars import Part
from hooktop.console.widgets.text import cut, inert


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
    second = [Part(cut(inert(lesson.why), room), "text")]
    third = [Part("press ", "muted"), Part(lesson.keys, "key"), Part("     esc hides this", "muted")]
    lines = [head, second, third]
    if lesson.last_fact:
        lines.insert(0, [Part("✓ ", "good"), Part(cut(inert(lesson.last_fact), room - 2), "good")])
    return lines

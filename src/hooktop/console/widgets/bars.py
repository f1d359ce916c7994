"""One-line widgets made of toned pieces, some of which can be clicked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip

from hooktop.console.widgets.look import Toned
from hooktop.console.widgets.text import inert


class Part(NamedTuple):
    """A piece of a line: harmless once drawn, whatever its text."""

    text: str
    tone: str = ""
    action: str = ""
    """What a click on it does."""


class Lines(Toned):
    """Shows a few fixed lines of parts; repaints only what differs."""

    DEFAULT_CSS = "Lines { height: auto; }"

    def __init__(
        self, lines: Sequence[Sequence[Part]] = (), *, id: str | None = None, classes: str = ""
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[tuple[Part, ...], ...] = tuple(map(tuple, lines))

    def show(self, *lines: Iterable[Part]) -> None:
        """Show other lines."""
        fresh, before = tuple(map(tuple, lines)), self._lines
        if fresh == before:
            return
        self._lines = fresh
        if len(fresh) != len(before) and self.styles.is_auto_height:
            self.refresh(layout=True)
            return
        top = self.styles.gutter.top
        for y, (new, old) in enumerate(zip_longest(fresh, before)):
            if new != old:
                self.refresh(Region(0, y + top, self.outer_size.width, 1))

    @property
    def plain(self) -> str:
        """What it says, without colours."""
        return "\n".join("".join(inert(part.text) for part in line) for line in self._lines)

    def get_content_height(self, *_: object) -> int:
        """One cell for each line."""
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        base = self.rich_style
        parts = self._lines[y] if y < len(self._lines) else ()
        segments = [Segment(inert(part.text), base + self.tone(part.tone)) for part in parts]
        return Strip(Segment.simplify(segments)).adjust_cell_length(self.size.width, base)

    async def on_click(self, event: events.Click) -> None:
        """Run the action of the part that was clicked."""
        offset = event.get_content_offset(self)
        if offset is None or not 0 <= offset.y < len(self._lines):
            return
        left = 0
        for part in self._lines[offset.y]:
            left += Segment(inert(part.text)).cell_length
            if offset.x < left:
                if part.action:
                    await self.run_action(part.action)
                return


def width_of(parts: Iterable[Part]) -> int:
    """Cells the parts take together."""
    return sum(Segment(inert(part.text)).cell_length for part in parts)


def spread(left: Sequence[Part], right: Sequence[Part], width: int) -> list[Part]:
    """Put one group at each end of the line; what the left has no room for is cut off it, whole parts first."""
    kept = list(left)
    while kept and width_of(kept) + width_of(right) + 1 > width:
        kept.pop()
    return [*kept, Part(" " * max(1, width - width_of(kept) - width_of(right))), *right]

"""Shows a payload line by line: scrolls both ways, searches, and draws only what is on screen."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hooktop.console.widgets.document import Document, Hits, open_document
from hooktop.console.widgets.look import Toned
from hooktop.console.widgets.text import cut, inert

_SIDE_STEP = 12
_OFF_LOOP_BYTES = 200_000
"""Bodies above this are opened in a thread, so that no key waits for them."""


class Viewer(Toned, ScrollView, can_focus=True):
    """A window over the lines of a document."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"viewer--hit", "viewer--hit-at"}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "line(1)", "Down", show=False, id="viewer.down"),
        Binding("k,up", "line(-1)", "Up", show=False, id="viewer.up"),
        Binding("g,home", "edge(0)", "Start", show=False, id="viewer.first"),
        Binding("G,end", "edge(1)", "End", show=False, id="viewer.last"),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False, id="viewer.half-down"),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False, id="viewer.half-up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="viewer.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="viewer.page-up"),
        Binding("h,left", "side(-1)", "Scroll left", show=False, id="viewer.left"),
        Binding("l,right", "side(1)", "Scroll right", show=False, id="viewer.right"),
        Binding("0", "side(0)", "Start of line", show=False, id="viewer.line-start"),
    ]

    class Changed(Message):
        """Another document, or another search result."""

        def __init__(self, viewer: Viewer) -> None:
            super().__init__()
            self.viewer = viewer

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.document = Document("empty", "", ())
        self.body = b""
        self.hits = Hits(0, ())
        self.needle = ""
        self.left = 0
        self._hit_at = 0

    async def open(self, body: bytes, content_type: str = "") -> None:
        """Show another body from its start."""
        if len(body) > _OFF_LOOP_BYTES:
            document = await asyncio.to_thread(open_document, body, content_type)
        else:
            document = open_document(body, content_type)
        self.body = body
        self.show(document)

    def show(self, document: Document) -> None:
        """Show a document that is already lines."""
        self.document, self.hits, self.needle, self.left = document, Hits(0, ()), "", 0
        self.virtual_size = Size(max(1, self.size.width), len(document))
        self.scroll_to(0, 0, animate=False)
        self.refresh()
        self.post_message(self.Changed(self))

    @property
    def status(self) -> str:
        """One line about the document and the search in it."""
        if not self.needle:
            return self.document.note
        if not self.hits.total:
            return f"{self.document.note} · no match for “{self.needle}”"
        where = f"line {self._hit_at + 1} of {len(self.hits.lines)}"
        return f"{self.document.note} · {self.hits.total:,} matches for “{self.needle}”, {where}"

    # --- search ----------------------------------------------------------------------------------------

    async def search(self, text: str) -> None:
        """Find a text, go to its first hit at or below the top of the window."""
        hits = await asyncio.to_thread(self.document.find, text)
        self.needle, self.hits, self._hit_at = text, hits, 0
        below = (at for at, line in enumerate(hits.lines) if line >= self.scroll_offset.y)
        self._go_to_hit(next(below, 0))

    def step_hit(self, by: int) -> bool:
        """Go to the next or previous line with a hit; false when nothing is searched for."""
        if not self.hits.lines:
            return False
        self._go_to_hit((self._hit_at + by) % len(self.hits.lines))
        return True

    def _go_to_hit(self, at: int) -> None:
        self._hit_at = at
        if self.hits.lines:
            line = self.hits.lines[at]
            self._show_column(self.document.lines[line].lower().find(self.needle.lower()))
            if not self.scroll_offset.y <= line < self.scroll_offset.y + self.size.height:
                self.scroll_to(y=max(0, line - self.size.height // 3), animate=False)
        self.refresh()
        self.post_message(self.Changed(self))

    def _show_column(self, column: int) -> None:
        if not self.left <= column < self.left + self.size.width - 12:
            self.left = max(0, column - 20)

    def end_search(self) -> bool:
        """Forget the search; false when there was none."""
        had = bool(self.needle)
        self.needle, self.hits = "", Hits(0, ())
        self.refresh()
        self.post_message(self.Changed(self))
        return had

    # --- drawing ---------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window."""
        index = self.scroll_offset.y + y
        base = self.rich_style
        if index >= len(self.document):
            return Strip.blank(self.size.width, base)
        digits = len(str(len(self.document)))
        gutter = Segment(f"{index + 1:>{digits}}  ", base + self.tone("rule"))
        parts = [gutter, *self._pieces(index, self.size.width - digits - 2, base)]
        return Strip(Segment.simplify(parts)).adjust_cell_length(self.size.width, base)

    def _pieces(self, index: int, width: int, base: Style) -> list[Segment]:
        line = self.document.lines[index]
        window = (self.left, self.left + max(1, width))
        styles = self._styles(index, line, window, base)
        pieces: list[Segment] = []
        used = 0
        for start, end, style in styles:
            text = cut(inert(line[start:end]), width - used)
            piece = Segment(text, style)
            used += piece.cell_length
            pieces.append(piece)
            if used >= width:
                break
        return pieces

    def _styles(
        self, index: int, line: str, window: tuple[int, int], base: Style
    ) -> list[tuple[int, int, Style]]:
        """The window of a line cut where the style changes."""
        low, high = window[0], min(window[1], len(line))
        runs: list[tuple[int, int, Style]] = []
        for start, end, tone in self.document.spans(index):
            runs.append((start, end, base + self.tone(tone)))
        over = self._hit_runs(index, line)
        edges = {low, high}
        for start, end, _ in (*runs, *over):
            edges.update(edge for edge in (start, end) if low < edge < high)
        ordered = sorted(edges)
        return [(a, b, _style_at(a, over) or _style_at(a, runs) or base) for a, b in pairwise(ordered)]

    def _hit_runs(self, index: int, line: str) -> list[tuple[int, int, Style]]:
        lowered, wanted = line.lower(), self.needle.lower()
        # Where lowering changes the length, positions would be wrong: such a line shows no mark.
        if not wanted or len(lowered) != len(line):
            return []
        current = bool(self.hits.lines) and index == self.hits.lines[self._hit_at]
        style = self.get_component_rich_style("viewer--hit-at" if current else "viewer--hit")
        runs: list[tuple[int, int, Style]] = []
        at = lowered.find(wanted)
        while at >= 0 and len(runs) < 200:
            runs.append((at, at + len(wanted), style))
            at = lowered.find(wanted, at + len(wanted))
        return runs

    # --- moving ----------------------------------------------------------------------------------------

    def action_line(self, by: int) -> None:
        """Scroll by lines."""
        self.scroll_to(y=self.scroll_offset.y + by, animate=False)

    def action_page(self, pages: float) -> None:
        """Scroll by pages."""
        self.scroll_to(y=self.scroll_offset.y + round(pages * self.size.height), animate=False)

    def action_edge(self, end: int) -> None:
        """Scroll to the first or the last line."""
        self.scroll_to(y=len(self.document) if end else 0, animate=False)

    def action_side(self, by: int) -> None:
        """Scroll sideways; 0 goes back to the start of the lines."""
        self.left = max(0, self.left + by * _SIDE_STEP) if by else 0
        self.refresh()

    def on_resize(self) -> None:
        """The window has another width."""
        self.virtual_size = Size(max(1, self.size.width), len(self.document))


def _style_at(position: int, runs: list[tuple[int, int, Style]]) -> Style | None:
    return next((style for start, end, style in runs if start <= position < end), None)

"""The filter of a list: the line that asks for it, the verdict while typing, and what it marks."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from hooktop.console.screens.base import ConsoleScreen
from hooktop.console.stores.filter import Candidate, FilterError, Subject, complete, parse
from hooktop.console.widgets.bars import Part
from hooktop.console.widgets.filterbar import FilterBar, Verdict
from hooktop.console.widgets.table import Table

PLACEHOLDER = "status:failed code:>=500 endpoint:billing-* age:<2h  or any text"


class FilteredScreen(ConsoleScreen):
    """A place whose ``table`` is filtered."""

    can_filter: ClassVar[bool] = True

    subject: ClassVar[Subject] = Subject.MESSAGES

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("asterisk", "mark_matching", "Mark all that match", show=False, id="look.mark-matching"),
    ]

    filter_text: str = ""
    """The filter in force."""
    marked_all: bool = False
    """Whether the marks are everything that the filter matches."""
    _before: str = ""

    @property
    def table(self) -> Table:
        """The filtered list."""
        return self.query_one(Table)

    def set_filter(self, text: str) -> None:
        """Filter by another text; one that cannot be read changes nothing."""
        try:
            parse(text, self.subject)
        except FilterError:
            return
        if text.strip() != self.filter_text:
            self.filter_text = text.strip()
            self.marked_all = False
            self.table.clear_marks()
            self.filter_changed()
            self.draw()

    def filter_changed(self) -> None:
        """The filter is another one now."""

    def action_filter(self) -> None:
        """Open the filter line."""
        bar = self.query_one(FilterBar)
        self._before = self.filter_text
        bar.judge, bar.suggest = self._judge, self._suggest
        bar.open(self.filter_text, PLACEHOLDER)

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        """Filter while typing."""
        self.set_filter(event.text)
        if event.done:
            self.table.focus()
        event.bar.tell(event.text)

    def on_filter_bar_closed(self) -> None:
        """Back to the filter that was in force before."""
        self.set_filter(self._before)
        self.table.focus()

    def _judge(self, text: str) -> Verdict:
        try:
            parse(text, self.subject)
        except FilterError as error:
            return Verdict(ok=False, position=error.position, message=error.message)
        hints = "  ".join(candidate.text for candidate in self._candidates(text)[:6])
        return Verdict(ok=True, note=f"{self.match_count()}   {hints}")

    def match_count(self) -> str:
        """How many pass the filter."""
        return f"{len(self.table.rows):,} match"

    def _suggest(self, text: str) -> str:
        found = self._candidates(text)
        if not found or not text.strip():
            return ""
        return text[: found[0].start] + found[0].text

    def _candidates(self, text: str) -> tuple[Candidate, ...]:
        session = self.desk.session
        names = sorted({endpoint.name for endpoint in session.endpoints.all()})
        return complete(text, endpoints=names)

    def action_mark_matching(self) -> None:
        """Mark everything that the filter matches."""
        self.table.clear_marks()
        self.table.action_mark_loaded()
        self.marked_all = bool(self.table.marks)
        self.draw()

    def on_table_marked(self, event: Table.Marked) -> None:
        """Marks were changed by hand."""
        if len(self.table.marks) != len(self.table.rows):
            self.marked_all = False
        self.draw_heading()

    def draw_heading(self) -> None:
        """Show how many are marked."""
        self.draw()

    def put_away(self) -> bool:
        """Marks go first, then the filter."""
        if super().put_away():
            return True
        if self.filter_text:
            self.set_filter("")
            return True
        return False

    def filter_parts(self) -> list[Part]:
        """The filter in force, for the heading."""
        parts: list[Part] = []
        if self.table.marks:
            told = "all that match" if self.marked_all else f"{len(self.table.marks):,}"
            parts += [Part("   "), Part(f"* {told} marked", "accent")]
        if self.table.in_range:
            parts += [Part("   "), Part("v range", "accent")]
        if self.filter_text:
            parts += [
                Part("   "),
                Part("/ ", "key", "screen.filter"),
                Part(self.filter_text, "bright", "screen.filter"),
            ]
            parts += [Part("   esc", "key"), Part(" clears", "muted")]
        return parts

"""The filter line: an input, and under it where the mistake is, or what could come next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from hooktop.console.widgets.bars import Lines, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a filter's reader says about the text so far."""

    ok: bool
    position: int = 0
    message: str = ""
    note: str = ""
    """Which terms the server evaluates, how many rows match."""


class FilterBar(Vertical):
    """Asks for a filter (or a text to search for); says at once what is wrong with it and where."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Back", id="filter.close"),
        Binding("tab", "complete", "Complete", priority=True, id="filter.complete"),
    ]

    class Changed(Message):
        """The text changed, or was confirmed with enter."""

        def __init__(self, bar: FilterBar, text: str, *, done: bool) -> None:
            super().__init__()
            self.bar = bar
            self.text = text
            self.done = done

    class Closed(Message):
        """The bar was left with esc."""

    def __init__(self) -> None:
        super().__init__(id="filter")
        self.judge: Callable[[str], Verdict] = lambda text: Verdict(ok=True)
        self.suggest: Callable[[str], str] = lambda text: ""

    def compose(self) -> ComposeResult:
        """An input and its note."""
        yield Input(id="filter-input", suggester=_Ask(self), select_on_focus=False)
        yield Lines(id="filter-note")

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return self.has_class("-open")

    def open(self, text: str, placeholder: str) -> None:
        """Show the line with a text and take the keys."""
        self.add_class("-open")
        entry = self.query_one(Input)
        entry.placeholder = placeholder
        entry.value = text
        entry.cursor_position = len(text)
        # At once and not by a queued call: keys typed right after "/" belong to the line, never to the table.
        self.screen.set_focus(entry)
        self.tell(text)

    def close(self) -> None:
        """Hide the line."""
        self.remove_class("-open")

    def tell_again(self) -> None:
        """Show the verdict on what stands there: how many match may have changed."""
        if self.is_open:
            self.tell(self.query_one(Input).value)

    def tell(self, text: str) -> None:
        """Show the verdict on a text."""
        verdict = self.judge(text)
        if verdict.ok:
            self.query_one("#filter-note", Lines).show([Part(" " + verdict.note, "muted")])
            return
        arrow = " " * (verdict.position + 1) + "^ "
        self.query_one("#filter-note", Lines).show([Part(arrow, "bad"), Part(verdict.message, "bad")])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judge while typing."""
        event.stop()
        if self.is_open:
            self.tell(event.value)
            self.post_message(self.Changed(self, event.value, done=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter confirms, unless the text is wrong."""
        event.stop()
        if self.judge(event.value).ok:
            self.close()
            self.post_message(self.Changed(self, event.value, done=True))

    def action_close(self) -> None:
        """Leave the line as it was."""
        self.close()
        self.post_message(self.Closed())

    def action_complete(self) -> None:
        """Take the suggestion."""
        self.query_one(Input).action_cursor_right()


class _Ask(Suggester):
    """Completes what is being typed with what the filter's reader proposes."""

    def __init__(self, bar: FilterBar) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._bar = bar

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line with the proposal at its end."""
        return self._bar.suggest(value) or None

"""Small menus: a list of things to choose, each with its key, and the reason where it cannot be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.columns import Cell, Column
from hooktop.console.widgets.rows import ListRows
from hooktop.console.widgets.table import Table
from hooktop.console.widgets.text import inert


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a menu."""

    id: str
    key: str
    label: str
    hint: str = ""
    reason: str = ""
    """Why it cannot be chosen now; empty when it can."""


class Menu(ModalScreen[str | None]):
    """Gives the id of the chosen item, ``None`` when nothing was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Close", id="menu.leave"),
        Binding("slash", "search", "Find", id="menu.search"),
    ]

    def __init__(
        self, title: str, items: Sequence[Item], *, searchable: bool = False, note: str = "", told: str = ""
    ) -> None:
        super().__init__()
        self.items = tuple(items)
        self._title = title
        self._note = note
        self._told = told
        self._searchable = searchable
        keys = max((len(item.key) for item in items), default=1)
        labels = max((len(item.label) for item in items), default=10)
        self._columns = [
            Column(key="key", title="KEY", width=max(3, keys), right=True),
            Column(key="label", title="DOES", width=min(44, labels)),
            Column(key="hint", title="", width=10, flex=1, rank=1),
        ]

    def compose(self) -> ComposeResult:
        """A box with the list, and a line to search in it."""
        with Vertical(classes="box") as box:
            box.border_title = Content(inert(self._title, 70))
            box.border_subtitle = self._note or "enter choose · esc close"
            if self._told:
                width = min(84, int(self.app.size.width * 0.96)) - 8
                yield Lines([[], *([Part(line)] for line in wrap(inert(self._told), width)), []])
            if self._searchable:
                yield Input(placeholder="type to find", id="menu-input")
            yield Table(self._columns, markable=False)

    def on_mount(self) -> None:
        """Show all items."""
        table = self.query_one(Table)
        table.empty = (Cell("nothing matches", "muted"),)
        self._show(self.items)
        table.focus()

    def _show(self, items: Sequence[Item]) -> None:
        table = self.query_one(Table)
        table.styles.height = min(max(3, len(items) + 1), max(4, self.app.size.height - 8))
        table.show(ListRows(items, lambda item: item.id, _cell))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep the lines that hold what was typed."""
        wanted = event.value.lower()
        self._show([i for i in self.items if wanted in f"{i.key} {i.label} {i.hint}".lower()])

    def on_input_submitted(self) -> None:
        """Enter in the search line chooses the row under the cursor."""
        self.query_one(Table).action_open()

    def on_key(self, event: events.Key) -> None:
        """The item's own key chooses it; typing searches where there is a search line."""
        entry = self.query(Input)
        if entry and isinstance(self.focused, Input):
            if event.key in {"down", "up"}:
                self.query_one(Table).focus()
            return
        chosen = next((item for item in self.items if event.character and item.key == event.character), None)
        if chosen is not None:
            event.stop()
            self._choose(chosen)

    def on_table_opened(self, event: Table.Opened) -> None:
        """Enter or a double click."""
        self._choose(next((item for item in self.items if item.id == event.key), None))

    def _choose(self, item: Item | None) -> None:
        if item is None:
            return
        if item.reason:
            self.app.notify(f"{item.label}: {item.reason}", severity="warning", markup=False)
            return
        self.dismiss(item.id)

    def action_search(self) -> None:
        """Go to the search line."""
        if entry := self.query(Input):
            entry.first().focus()

    def action_leave(self) -> None:
        """Close, or go back from the search line to the list."""
        self.dismiss(None)


def _cell(item: Item, column: str) -> Cell:
    blocked = bool(item.reason)
    if column == "key":
        return Cell(item.key, "rule" if blocked else "key")
    if column == "label":
        return Cell(item.label, "muted" if blocked else "text")
    return Cell(item.reason or item.hint, "warn" if blocked else "muted")

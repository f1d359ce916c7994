"""The named connections; enter opens another one, also while the present one is unreachable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.message import Message as EventMessage
from textual.widget import Widget

from hooktop.console.screens.base import ConsoleScreen
from hooktop.console.settings import Context
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.columns import Cell, Column
from hooktop.console.widgets.rows import ListRows
from hooktop.console.widgets.table import Table

CONTEXT_COLUMNS = (
    Column(key="here", title="", width=1),
    Column(key="name", title="CONTEXT", width=14, flex=1),
    Column(key="provider", title="PROVIDER", width=11),
    Column(key="safety", title="SAFETY", width=10),
    Column(key="url", title="URL", width=20, flex=3),
    Column(key="key", title="KEY FROM", width=18, flex=1, rank=1),
)


class UseContext(EventMessage):
    """Somebody chose another context."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context


class ContextsScreen(ConsoleScreen):
    """Contexts."""

    place: ClassVar[str] = "contexts"

    def body(self) -> Iterable[Widget]:
        """Heading and list."""
        yield Lines([[Part("")]], id="heading")
        yield Table(CONTEXT_COLUMNS, id="contexts", markable=False)

    def draw(self) -> None:
        """Show the contexts of the configuration."""
        here = self.desk.session.context.name
        contexts = self.desk.settings.contexts
        table = self.query_one("#contexts", Table)
        table.rows = ListRows(
            contexts, lambda context: context.name, lambda context, column: _cell(context, column, here)
        )
        table.empty = (Cell("No context yet: hooktop context add", "bright"),)
        table.reload()
        path = self.desk.settings.path
        where = f"   {path}" if path else ""
        self.query_one("#heading", Lines).show([Part("  "), Part("Contexts", "title"), Part(where, "muted")])

    def on_table_opened(self, event: Table.Opened) -> None:
        """Open the context under the cursor."""
        chosen = next((context for context in self.desk.settings.contexts if context.name == event.key), None)
        if chosen is None or chosen.name == self.desk.session.context.name:
            return
        if self.desk.running_job is not None:
            self.app.notify(
                "a job is running: wait for it, or X cancels it", severity="warning", markup=False
            )
            return
        self.post_message(UseContext(chosen))


def _cell(context: Context, column: str, here: str) -> Cell:
    match column:
        case "here":
            return Cell("●" if context.name == here else "", "accent")
        case "name":
            return Cell(context.name, "bright")
        case "provider":
            return Cell(context.provider)
        case "safety":
            told = "read-only" if context.is_read_only else context.safety.value
            return Cell(told, "warn" if told != "normal" else "muted")
        case "url":
            return Cell(context.url)
        case _:
            return Cell(context.key.describe(), "muted")

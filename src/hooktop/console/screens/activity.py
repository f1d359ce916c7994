"""What this console changed: the journal, across sessions and contexts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import work
from textual.widget import Widget

from hooktop.console.operations.journal import Entry, JournalError
from hooktop.console.screens.base import ConsoleScreen
from hooktop.console.screens.cells import ENTRY_COLUMNS, entry_cell
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.columns import Cell
from hooktop.console.widgets.rows import ListRows
from hooktop.console.widgets.table import Table


class ActivityScreen(ConsoleScreen):
    """Activity."""

    place: ClassVar[str] = "activity"

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[Entry, ...] = ()
        self._read_for: object = None
        self._trouble = ""

    def body(self) -> Iterable[Widget]:
        """Heading and list."""
        yield Lines([[Part("")]], id="heading")
        yield Table(ENTRY_COLUMNS, id="entries", markable=False)

    def draw(self) -> None:
        """Show the entries; read them again when a job began or ended."""
        jobs = self.desk.jobs
        state = (len(jobs), sum(job.running for job in jobs), id(self.desk.journal))
        if state != self._read_for:
            self._read_for = state
            self.read()
        self._show()

    @work(thread=True, exclusive=True, group="journal", exit_on_error=True)
    def read(self) -> None:
        """Read the journal aside: it may be long."""
        try:
            found, trouble = self.desk.journal.entries(), ""
        except JournalError as error:
            found, trouble = (), str(error)
        self.app.call_from_thread(self._took, found, trouble)

    def _took(self, entries: tuple[Entry, ...], trouble: str) -> None:
        self._entries, self._trouble = entries, trouble
        self._show()

    def _show(self) -> None:
        table = self.query_one("#entries", Table)
        table.rows = ListRows(self._entries, lambda entry: entry.id, entry_cell)
        table.empty = (
            Cell(self._trouble or "Nothing was changed from here yet.", "bad" if self._trouble else "bright"),
            Cell("Every pause, resume, retry and replay is recorded here before it is sent.", "muted"),
        )
        table.reload()
        path = self.desk.journal.path
        where = f"   {path}" if path else "   kept in memory only"
        told = f"{len(self._entries):,} changes" if len(self._entries) != 1 else "1 change"
        self.query_one("#heading", Lines).show([Part("  "), Part(told, "title"), Part(where, "muted")])

    def copies(self) -> Sequence[tuple[str, str, str]]:
        """What can be copied of an entry."""
        rows = self.query_one("#entries", Table).rows
        entry = rows.get(self.query_one("#entries", Table).current) if isinstance(rows, ListRows) else None
        if entry is None:
            return ()
        return [
            ("c", "as command", entry.command),
            ("i", "ids", "\n".join(entry.ids)),
            ("r", "request ids", "\n".join(entry.request_ids)),
        ]

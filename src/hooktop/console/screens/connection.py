"""The way to the API: its state and why, what was asked and answered, what the console spends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from hooktop.console.providers.base import Exchange
from hooktop.console.screens.base import ConsoleScreen
from hooktop.console.screens.cells import EXCHANGE_COLUMNS, exchange_cell
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.columns import Cell
from hooktop.console.widgets.look import CONNECTION_WORDS
from hooktop.console.widgets.rows import ListRows
from hooktop.console.widgets.table import Table
from hooktop.console.widgets.text import milliseconds, span


class ConnectionScreen(ConsoleScreen):
    """Connection."""

    place: ClassVar[str] = "connection"

    def body(self) -> Iterable[Widget]:
        """State and request log."""
        yield Lines([[Part("")]], id="heading")
        yield Table(EXCHANGE_COLUMNS, id="exchanges", markable=False)

    def draw(self) -> None:
        """Show state and log, newest first."""
        session = self.desk.session
        log = tuple(reversed(session.exchanges))
        table = self.query_one("#exchanges", Table)
        table.rows = ListRows(log, _key, exchange_cell)
        table.empty = (Cell("Nothing was asked yet.", "bright"),)
        table.reload()
        self.query_one("#heading", Lines).show(self._state(), self._figures(log))

    def _state(self) -> list[Part]:
        session = self.desk.session
        view = session.monitor.view()
        word = CONNECTION_WORDS[view.state]
        parts = [Part("  "), Part(word.text, word.tone), Part(f"  for {span(view.since_s)}   ", "muted")]
        parts.append(Part(session.context.url, "text"))
        who = session.watch.identity
        if who:
            parts.append(Part(f"   as {who}", "muted"))
        return [*parts, Part(f"   {view.detail}", "bad")] if view.detail else parts

    def _figures(self, log: Sequence[Exchange]) -> list[Part]:
        took = sorted(exchange.latency_ms for exchange in log if exchange.status is not None)
        if not took:
            return [Part("  no answers yet", "muted")]
        half, most = took[len(took) // 2], took[min(len(took) - 1, len(took) * 95 // 100)]
        newest = log[0].at
        minute = sum((newest - exchange.at).total_seconds() <= 60 for exchange in log)
        budget = self.desk.session.context.budget_per_minute
        return [
            Part(
                f"  last {len(took)} answers: half within {milliseconds(half)}, 95 % within {milliseconds(most)}",
                "text",
            ),
            Part(f"   {minute} requests in the last minute, budget {budget}", "muted"),
        ]

    def copies(self) -> Sequence[tuple[str, str, str]]:
        """What can be copied of a request."""
        table = self.query_one("#exchanges", Table)
        exchange = table.rows.get(table.current) if isinstance(table.rows, ListRows) else None
        if exchange is None:
            return ()
        return [("i", "request id", exchange.request_id), ("p", "call", f"{exchange.method} {exchange.path}")]


def _key(exchange: Exchange) -> str:
    return f"{exchange.at.isoformat()}{exchange.request_id}{exchange.path}"

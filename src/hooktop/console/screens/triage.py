"""Home: what is failing now, worst first, and what can be done about the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from hooktop.console.model import Endpoint, EndpointState, Verb
from hooktop.console.screens.advice import advice_lines, headline
from hooktop.console.screens.base import ConsoleScreen, ShowMessages
from hooktop.console.screens.cells import FAILURE_COLUMNS, failure_cell
from hooktop.console.screens.changes import Targets
from hooktop.console.stores.filter import parse
from hooktop.console.stores.triage import Failure
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.columns import Cell
from hooktop.console.widgets.rows import ListRows
from hooktop.console.widgets.table import Table


class TriageScreen(ConsoleScreen):
    """Groups of failing messages."""

    place: ClassVar[str] = "triage"
    can_change: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._rows: ListRows[Failure] = ListRows((), _key, lambda failure, column: Cell(""))

    def body(self) -> Iterable[Widget]:
        """The list, and under it the one under the cursor in words."""
        yield Lines([[Part("")]], id="heading")
        yield Table(FAILURE_COLUMNS, id="failures", markable=False)
        yield Lines(id="advice")

    def draw(self) -> None:
        """Group again and show the groups."""
        session = self.desk.session
        session.regroup(self.desk.spawn)
        table = self.query_one("#failures", Table)
        if table.rows is not self._rows:
            table.show(self._rows)
        self._rows = ListRows(session.failures, _key, failure_cell(session.now))
        table.rows = self._rows
        table.empty = self._empty()
        table.reload()
        self.query_one("#heading", Lines).show(
            headline(session.failures, session.watch.complete, len(session.endpoints))
        )
        self._draw_advice()

    def arrive(self) -> None:
        """The cursor goes to the first group of the endpoint that the coach speaks of."""
        coach = self.desk.coach
        if coach is None or coach.endpoint is None:
            return
        self.draw()
        mine = (f for f in self._rows.items if coach.endpoint and f.endpoint_id == coach.endpoint.id)
        if (first := next(mine, None)) is not None:
            self.query_one("#failures", Table).go_to(_key(first))

    def _empty(self) -> Sequence[Cell]:
        session = self.desk.session
        if session.monitor.view().age_s is None:
            why = session.monitor.view().detail
            return (
                Cell("No answer from the API yet.", "bright"),
                Cell(why or f"asking {session.context.host} …", "muted"),
                Cell("r asks again · 7 other contexts · 6 what was asked", "muted"),
            )
        if not session.watch.complete:
            return (Cell("Nothing failing in what was read so far; still reading older messages …", "muted"),)
        return (
            Cell("✓ Nothing is failing and nothing is paused.", "good"),
            Cell("3 all messages · 2 endpoints · b the books", "muted"),
        )

    def _draw_advice(self) -> None:
        failure = self.current
        width = self.size.width
        endpoint = self.endpoint_here()
        lines = [] if failure is None else advice_lines(failure, endpoint, self.desk.session.now(), width)
        self.query_one("#advice", Lines).show(*lines)

    def on_table_moved(self) -> None:
        """Another group is under the cursor."""
        self._draw_advice()

    def on_table_opened(self) -> None:
        """Show the messages of the group."""
        if self.current is not None:
            self.post_message(ShowMessages(self.current.filter_text))

    @property
    def current(self) -> Failure | None:
        """The group under the cursor."""
        return self._rows.get(self.query_one("#failures", Table).current)

    def endpoint_here(self) -> Endpoint | None:
        """The endpoint of the group."""
        return self.desk.session.endpoint(self.current.endpoint_id) if self.current else None

    def targets(self, verb: Verb) -> Targets:
        """The endpoint for pause and resume, the messages of the group for the rest."""
        failure, endpoint = self.current, self.endpoint_here()
        if failure is None:
            return Targets(items=(), nothing="nothing is failing")
        if verb.acts_on_endpoints:
            return Targets(
                items=(endpoint,) if endpoint else (), nothing="its endpoint is not known (any more)"
            )
        session = self.desk.session
        now, passes = session.now(), parse(failure.filter_text)
        found = [
            m
            for m in session.messages.all()
            if m.endpoint_id == failure.endpoint_id and passes.matches(m, now)
        ]
        return Targets(items=found, filter_text=failure.filter_text, nothing="no messages in this group")

    def why_not(self, verb: Verb) -> str:
        """Pausing what is paused, or resuming what is not, is no use."""
        endpoint = self.endpoint_here()
        if endpoint is None or not verb.acts_on_endpoints:
            return ""
        if verb is Verb.PAUSE and endpoint.state is EndpointState.PAUSED:
            return f"{endpoint.name} is already paused"
        return (
            f"{endpoint.name} is not paused"
            if verb is Verb.RESUME and endpoint.state is EndpointState.ACTIVE
            else ""
        )

    def copies(self) -> Sequence[tuple[str, str, str]]:
        """What can be copied of a group."""
        failure, endpoint = self.current, self.endpoint_here()
        if failure is None:
            return ()
        found = [("f", "filter", failure.filter_text), ("n", "endpoint name", failure.endpoint_name)]
        found.append(("i", "endpoint id", failure.endpoint_id))
        if endpoint is not None:
            found.append(("u", "url", endpoint.url))
        command = f"hooktop messages list --filter '{failure.filter_text}' --context {self.desk.session.context.name}"
        return [*found, ("c", "as command", command)]


def _key(failure: Failure) -> str:
    return f"{failure.endpoint_id}|{failure.code}|{failure.signature}|{failure.trouble}"

"""All endpoints with what waits, is held or died behind each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from hooktop.console.model import Endpoint, EndpointState, Verb
from hooktop.console.screens.base import ShowMessages
from hooktop.console.screens.cells import ENDPOINT_COLUMNS, endpoint_cell
from hooktop.console.screens.changes import Targets
from hooktop.console.screens.filtering import FilteredScreen
from hooktop.console.stores.filter import Subject, parse
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.columns import Cell
from hooktop.console.widgets.rows import ListRows
from hooktop.console.widgets.table import Table
from hooktop.console.widgets.text import plural


class EndpointsScreen(FilteredScreen):
    """Endpoints."""

    place: ClassVar[str] = "endpoints"
    can_change: ClassVar[bool] = True
    subject: ClassVar[Subject] = Subject.ENDPOINTS

    def body(self) -> Iterable[Widget]:
        """Heading and list."""
        yield Lines([[Part("")]], id="heading")
        yield Table(ENDPOINT_COLUMNS, id="endpoints")

    def draw(self) -> None:
        """Show the endpoints that the filter keeps."""
        session = self.desk.session
        session.endpoints.set_filter(parse(self.filter_text, Subject.ENDPOINTS))
        table, count = self.table, session.messages.count
        table.rows = ListRows(
            session.endpoints.view(), lambda e: e.id, lambda e, column: endpoint_cell(e, column, count)
        )
        table.empty = self._empty()
        table.reload()
        self._draw_heading()

    def arrive(self) -> None:
        """The cursor goes to the endpoint that the coach speaks of."""
        coach = self.desk.coach
        if coach is not None and coach.endpoint is not None:
            self.draw()
            self.table.go_to(coach.endpoint.id)

    def _empty(self) -> Sequence[Cell]:
        if self.filter_text:
            return (
                Cell(f"No endpoint matches “{self.filter_text}”.", "bright"),
                Cell("esc clears the filter", "muted"),
            )
        if self.desk.session.monitor.view().age_s is None:
            return (Cell("No answer from the API yet.", "bright"), Cell("r asks again", "muted"))
        return (Cell("This project has no endpoints.", "bright"),)

    def _draw_heading(self) -> None:
        session = self.desk.session
        paused = len(session.endpoints.paused())
        parts = [Part("  "), Part(plural(len(session.endpoints), "endpoint"), "title")]
        if paused:
            parts += [Part("   "), Part(f"{paused} paused", "held")]
        self.query_one("#heading", Lines).show([*parts, *self.filter_parts()])

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one("#endpoints", Table)

    def endpoint_here(self) -> Endpoint | None:
        """The endpoint under the cursor."""
        return self.desk.session.endpoint(self.table.current) if self.table.current else None

    def on_table_opened(self, event: Table.Opened) -> None:
        """Show the endpoint's messages."""
        endpoint = self.endpoint_here()
        if endpoint is not None:
            self.post_message(ShowMessages(endpoint_filter(endpoint)))

    def targets(self, verb: Verb) -> Targets:
        """Marked endpoints, or the one under the cursor; for message verbs, the messages behind them."""
        session = self.desk.session
        found = [e for e in map(session.endpoint, self.table.picked) if e is not None]
        if verb.acts_on_endpoints:
            text = self.filter_text if self.marked_all else ""
            return Targets(items=found, filter_text=text, nothing="there is no endpoint here")
        ids, names = {endpoint.id for endpoint in found}, ",".join(endpoint.name for endpoint in found)
        wanted = "retrying" if verb in {Verb.RETRY_NOW, Verb.CANCEL} else "dead,discarded"
        states = set(wanted.split(","))
        messages = [m for m in session.messages.all() if m.endpoint_id in ids and m.state.value in states]
        text = f"endpoint:{names} status:{wanted}"
        return Targets(
            items=messages, filter_text=text, nothing=f"no {wanted.replace(',', ' or ')} messages behind it"
        )

    def why_not(self, verb: Verb) -> str:
        """Pausing what is paused, or resuming what is not, is no use."""
        endpoint = self.endpoint_here()
        if self.table.marks or endpoint is None or not verb.acts_on_endpoints:
            return ""
        if verb is Verb.PAUSE and endpoint.state is EndpointState.PAUSED:
            return f"{endpoint.name} is already paused"
        return (
            f"{endpoint.name} is not paused"
            if verb is Verb.RESUME and endpoint.state is EndpointState.ACTIVE
            else ""
        )

    def copies(self) -> Sequence[tuple[str, str, str]]:
        """What can be copied of an endpoint."""
        endpoint = self.endpoint_here()
        if endpoint is None:
            return ()
        command = f"hooktop endpoints show {endpoint.id} --context {self.desk.session.context.name}"
        return [
            ("i", "id", endpoint.id),
            ("n", "name", endpoint.name),
            ("u", "url", endpoint.url),
            ("c", "as command", command),
        ]


def endpoint_filter(endpoint: Endpoint) -> str:
    """The filter that shows an endpoint's messages."""
    name = endpoint.name
    return f"endpoint:{name}" if name and not set(' ,*?"') & set(name) else f"endpoint:{endpoint.id}"

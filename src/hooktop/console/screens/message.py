"""One message: what is so, every attempt, and what was sent and answered, with its neighbours one key away."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from hooktop.console.model import Attempt, Endpoint, Message, Payload, Verb
from hooktop.console.providers.base import NotFound, ProviderError
from hooktop.console.screens.base import ConsoleScreen
from hooktop.console.screens.cells import message_facts
from hooktop.console.screens.changes import Targets
from hooktop.console.widgets.attempts import ATTEMPT_COLUMNS, attempt_cell, attempt_documents
from hooktop.console.widgets.bars import Lines, Part, width_of
from hooktop.console.widgets.columns import Cell, Rows
from hooktop.console.widgets.document import Document, open_document, text_document
from hooktop.console.widgets.filterbar import FilterBar, Verdict
from hooktop.console.widgets.rows import ListRows
from hooktop.console.widgets.table import Table
from hooktop.console.widgets.text import number
from hooktop.console.widgets.viewer import Viewer

TABS = ("Payload", "Request", "Response", "Raw")


@dataclass(slots=True)
class _Loaded:
    """What was read about the message shown."""

    attempts: tuple[Attempt, ...] = ()
    payload: Payload | None = None
    no_payload: str = "reading …"
    trouble: str = ""
    gone: bool = False


class MessageScreen(ConsoleScreen):
    """Message detail."""

    place: ClassVar[str] = "messages"
    can_change: ClassVar[bool] = True
    can_filter: ClassVar[bool] = True
    AUTO_FOCUS = "Viewer"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "Next", id="message.next"),
        Binding("p", "step(-1)", "Previous", id="message.previous"),
        Binding("left_square_bracket", "tab(-1)", "Tab left", show=False, id="message.tab-left"),
        Binding("right_square_bracket", "tab(1)", "Tab", id="message.tab-right"),
        Binding("a", "attempts", "Attempts", show=False, id="message.attempts"),
    ]

    def __init__(self, message_id: str, neighbours: Rows) -> None:
        super().__init__()
        self.message_id = message_id
        self._neighbours = neighbours
        self._position = neighbours.find(message_id) or 0
        self._loaded = _Loaded()
        self._tab = 0
        self._shown: Message | None = None

    def body(self) -> Iterable[Widget]:
        """Facts, attempts, tabs, the text of the tab."""
        yield Lines([[Part("")]], id="heading")
        yield Lines(id="facts")
        yield Table(ATTEMPT_COLUMNS, id="attempts", markable=False)
        yield Lines([[Part("")]], id="views")
        yield Viewer(id="viewer")

    def on_mount(self) -> None:
        """Read the message."""
        super().on_mount()
        self.read()

    # --- reading ---------------------------------------------------------------------------------------

    @work(exclusive=True, group="detail", exit_on_error=True)
    async def read(self) -> None:
        """Ask for attempts and payload; what cannot be had says why."""
        message = self.message_here()
        if message is None:
            return
        provider, loaded = self.desk.session.provider, _Loaded()
        try:
            loaded.attempts = await provider.attempts(message.kind, message.id)
            fresh = await provider.message(message.kind, message.id)
            self.desk.session.messages.upsert((fresh,))
        except NotFound:
            loaded.gone = True
        except ProviderError as error:
            loaded.trouble = error.message
        await self._read_payload(message, loaded)
        if message.id == self.message_id:
            self._loaded = loaded
            self.draw()
            await self._show_tab()

    async def _read_payload(self, message: Message, loaded: _Loaded) -> None:
        session = self.desk.session
        try:
            loaded.payload = await session.provider.payload(message)
        except ProviderError as error:
            loaded.no_payload = error.message
        if loaded.payload is None and session.lab is not None:
            try:
                loaded.payload = await session.lab.payload(message.id)
            except ProviderError as error:
                loaded.no_payload = error.message

    # --- drawing ---------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Show the newest facts; a change of the message asks for its attempts again."""
        message = self.message_here()
        if message is None:
            self._draw_unknown()
            return
        changed = self._shown is not None and self._shown.id == message.id and self._shown != message
        self._shown = message
        self._draw_heading(message)
        self._draw_attempts()
        self._draw_views()
        if changed and not self._loaded.gone and self.desk.session.is_live:
            self.read()

    def _draw_unknown(self) -> None:
        self.query_one("#heading", Lines).show(
            [
                Part("  "),
                Part(self.message_id, "bright"),
                Part("   deleted elsewhere, or too old to be listed", "bad"),
            ]
        )

    def _draw_heading(self, message: Message) -> None:
        total = len(self._neighbours)
        place = f"{self._position + 1:,} of {total:,}" if total else ""
        head = [Part("  "), Part(message.id, "bright"), Part(f"   {message.endpoint_name}", "accent")]
        head += [Part(f"   {message.event_type}", "text"), Part(f"   {place}", "muted")]
        if self._loaded.gone:
            head.append(Part("   the message was deleted elsewhere; this is what was last known", "bad"))
        elif self._loaded.trouble:
            head.append(Part(f"   {self._loaded.trouble}", "bad"))
        self.query_one("#heading", Lines).show(head)
        self.query_one("#facts", Lines).show(*self._fact_lines(message))

    def _fact_lines(self, message: Message) -> list[list[Part]]:
        lines: list[list[Part]] = [[Part("  ")]]
        for label, value, tone in message_facts(message, self.desk.session.now()):
            parts = [Part(f"{label} ", "muted"), Part(f"{value}   ", tone)]
            if width_of([*lines[-1], *parts]) > self.size.width:
                lines.append([Part("  ")])
            lines[-1] += parts
        if message.last_error:
            lines.append([Part("  error ", "muted"), Part(message.last_error[: self.size.width * 2], "text")])
        return lines

    def _draw_attempts(self) -> None:
        attempts = tuple(reversed(self._loaded.attempts))
        table = self.query_one("#attempts", Table)
        first = len(table.rows) == 0
        table.rows = ListRows(attempts, lambda attempt: attempt.id, attempt_cell(self.desk.session.now()))
        waiting = self._loaded.no_payload == "reading …" and not self._loaded.trouble
        table.empty = (Cell("reading attempts …" if waiting else "no attempt was made yet", "muted"),)
        room = 6 if self.size.height < 30 else 10
        table.styles.height = max(3, min(room, len(attempts) + 1))
        if first:
            table.cursor = 0
        table.reload()

    def _draw_views(self) -> None:
        parts = [Part(" ")]
        for at, name in enumerate(TABS):
            action = f"screen.show_tab({at})"
            parts.append(Part(f" {name} ", "selected" if at == self._tab else "muted", action))
        parts.append(Part("   " + self.query_one(Viewer).status, "muted"))
        self.query_one("#views", Lines).show(parts)

    def on_viewer_changed(self) -> None:
        """The note about the text changed."""
        self._draw_views()

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another attempt is under the cursor: request and response are its own."""
        if self._tab in {1, 2}:
            self.run_worker(self._show_tab(), group="tab", exclusive=True)

    # --- tabs ------------------------------------------------------------------------------------------

    async def action_tab(self, by: int) -> None:
        """Next or previous tab."""
        self._tab = (self._tab + by) % len(TABS)
        await self._show_tab()

    async def action_show_tab(self, at: int) -> None:
        """A tab was clicked."""
        self._tab = at
        await self._show_tab()

    async def _show_tab(self) -> None:
        viewer = self.query_one(Viewer)
        payload = self._loaded.payload
        if self._tab == 0 and payload is not None:
            await viewer.open(payload.body, payload.content_type)
        else:
            viewer.show(self._document())
        self._draw_views()

    def _document(self) -> Document:
        if self._tab == 0:
            return text_document(self._loaded.no_payload, "no payload")
        if self._tab == 3:
            return self._raw()
        attempt = self.attempt_here
        if attempt is None:
            return text_document("no attempt", "nothing was sent yet")
        request, response = attempt_documents(attempt, self._loaded.payload)
        return request if self._tab == 1 else response

    def _raw(self) -> Document:
        message = self.message_here()
        raw = {"message": message.raw if message else {}, "attempts": [a.raw for a in self._loaded.attempts]}
        document = open_document(json.dumps(raw, default=str).encode(), "application/json")
        return Document(document.kind, f"as the API sent it, {document.note}", document.lines, document.text)

    def action_attempts(self) -> None:
        """Go to the list of attempts."""
        self.query_one("#attempts", Table).focus()

    @property
    def attempt_here(self) -> Attempt | None:
        """The attempt under the cursor."""
        table = self.query_one("#attempts", Table)
        rows = table.rows
        return rows.get(table.current) if isinstance(rows, ListRows) else None

    # --- neighbours and search -------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        """Next or previous hit while searching, else the next or previous message."""
        if self.query_one(Viewer).step_hit(by):
            return
        found = self._neighbours.find(self.message_id)
        at = (self._position if found is None else found) + by
        if not 0 <= at < len(self._neighbours):
            self.app.notify("that was the last one" if by > 0 else "that was the first one", markup=False)
            return
        self._position, self.message_id = at, self._neighbours.key(at)
        self._loaded, self._shown = _Loaded(), None
        self.query_one("#attempts", Table).show(ListRows((), str, lambda item, column: Cell("")))
        self.draw()
        self.read()

    def action_filter(self) -> None:
        """Search in the text."""
        bar = self.query_one(FilterBar)
        bar.judge = lambda text: Verdict(ok=True, note="enter searches · n and p go from match to match")
        bar.suggest = lambda text: ""
        bar.open(self.query_one(Viewer).needle, "text to find")

    async def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        """Search when the text is confirmed."""
        if event.done:
            viewer = self.query_one(Viewer)
            await viewer.search(event.text)
            viewer.focus()

    def on_filter_bar_closed(self) -> None:
        """Back to the text."""
        self.query_one(Viewer).focus()

    def go_back(self) -> bool:
        """End the search, else close the message."""
        if self.query_one(Viewer).needle:
            return self.query_one(Viewer).end_search()
        if not self.put_away():
            self.app.pop_screen()
        return True

    def action_refresh(self) -> None:
        """Read it again."""
        super().action_refresh()
        self.read()

    # --- what keys are about ---------------------------------------------------------------------------

    def message_here(self) -> Message | None:
        """The message shown."""
        return self.desk.session.messages.get(self.message_id) or (
            self._shown if self._shown is not None and self._shown.id == self.message_id else None
        )

    def endpoint_here(self) -> Endpoint | None:
        """Its endpoint."""
        message = self.message_here()
        return None if message is None else self.desk.session.endpoint(message.endpoint_id)

    def targets(self, verb: Verb) -> Targets:
        """This message, or its endpoint."""
        item = self.endpoint_here() if verb.acts_on_endpoints else self.message_here()
        return Targets(items=() if item is None else (item,), nothing="it is not known (any more)")

    def why_not(self, verb: Verb) -> str:
        """A deleted message cannot be sent."""
        return "the message was deleted" if self._loaded.gone and not verb.acts_on_endpoints else ""

    def copies(self) -> Sequence[tuple[str, str, str]]:
        """What can be copied of a message and the attempt under the cursor."""
        message, payload = self.message_here(), self._loaded.payload
        if message is None:
            return ()
        found = [("i", "id", message.id)]
        if payload is not None:
            found.append(
                ("b", f"body ({number(len(payload.body))} bytes)", payload.body.decode(errors="replace"))
            )
        attempt = self.attempt_here
        if attempt is not None:
            request, response = attempt_documents(attempt, None)
            found += [("h", "request headers", request.text), ("r", "response", response.text)]
        command = f"hooktop messages show {message.id} --context {self.desk.session.context.name}"
        return [*found, ("e", "last error", message.last_error or "none"), ("c", "as command", command)]

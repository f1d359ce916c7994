"""All messages, filtered and sorted, with a preview of the one under the cursor where there is room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget

from hooktop.console.model import Endpoint, Message, Verb
from hooktop.console.screens.base import OpenMessage
from hooktop.console.screens.cells import MESSAGE_COLUMNS, MessageRows
from hooktop.console.screens.changes import Targets
from hooktop.console.screens.endpoints import endpoint_filter
from hooktop.console.screens.filtering import FilteredScreen
from hooktop.console.screens.menu import Item, Menu
from hooktop.console.screens.session import Session
from hooktop.console.stores.filter import parse
from hooktop.console.stores.messages import SortKey
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.columns import Cell
from hooktop.console.widgets.filterbar import FilterBar
from hooktop.console.widgets.preview import Preview
from hooktop.console.widgets.table import Table

_SORTS = {
    SortKey.AGE: ("a", "age"),
    SortKey.STATE: ("s", "status"),
    SortKey.ENDPOINT: ("e", "endpoint"),
    SortKey.TYPE: ("t", "type"),
    SortKey.CODE: ("c", "answer code"),
    SortKey.ATTEMPTS: ("n", "number of tries"),
    SortKey.LATENCY: ("l", "latency"),
    SortKey.NEXT: ("x", "next attempt"),
    SortKey.EXPIRES: ("g", "payload gone in"),
}


PREVIEW_AFTER_S = 0.08
"""A cursor that runs down the list must not repaint the pane beside it for every row."""


class MessagesScreen(FilteredScreen):
    """Messages."""

    place: ClassVar[str] = "messages"
    can_change: ClassVar[bool] = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "Sort", show=False, id="messages.sort"),
        Binding("i", "preview", "Preview", show=False, id="messages.preview"),
        Binding("f", "follow", "Follow", show=False, id="messages.follow"),
        Binding("equals_sign", "like(True)", "Keep rows like this cell", show=False, id="messages.keep"),
        Binding(
            "exclamation_mark", "like(False)", "Drop rows like this cell", show=False, id="messages.drop"
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._preview_timer: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """Heading, list, preview."""
        yield Lines([[Part("")]], id="heading")
        yield Horizontal(
            Table(MESSAGE_COLUMNS, id="list", follows_top=True), Preview(id="preview"), classes="body"
        )

    def draw(self) -> None:
        """Show the store's view."""
        session = self.desk.session
        if session is not self._session:
            self._session = session
            self._sort(SortKey.AGE, newest_first=True)
            session.messages.set_filter(parse(self.filter_text))
            self.table.show(MessageRows(session.messages, session.now))
        session.catch_up(self.desk.spawn)
        self.table.empty = self._empty()
        self.table.reload()
        self.draw_heading()
        self.query_one(FilterBar).tell_again()
        self._draw_preview()

    def filter_changed(self) -> None:
        """The store keeps the view."""
        self.desk.session.messages.set_filter(parse(self.filter_text))

    def action_mark_matching(self) -> None:
        """Mark everything that the filter matches: for that its view must be complete."""
        self.desk.session.messages.settle()
        super().action_mark_matching()

    def match_count(self) -> str:
        """How many pass the filter, as far as that is known."""
        return "counting …" if self.desk.session.messages.is_behind else super().match_count()

    def _empty(self) -> Sequence[Cell]:
        session = self.desk.session
        if session.messages.is_behind:
            return (Cell("Looking through all messages …", "muted"),)
        if self.filter_text:
            total = session.messages.total
            return (
                Cell(f"None of {total:,} messages matches “{self.filter_text}”.", "bright"),
                Cell("/ changes the filter · esc clears it", "muted"),
            )
        if session.monitor.view().age_s is None:
            return (Cell("No answer from the API yet.", "bright"), Cell("r asks again", "muted"))
        return (Cell("No messages in the last 48 hours.", "bright"),)

    def draw_heading(self) -> None:
        """How many match, how many are marked, in which order."""
        session = self.desk.session
        store = session.messages
        told = f"{len(store):,}" if len(store) == store.total else f"{len(store):,} of {store.total:,}"
        parts = [Part("  "), Part(f"{told} messages", "title")]
        if store.is_behind:
            parts.append(Part("  looking through all of them …", "muted"))
        elif not session.watch.complete:
            parts.append(Part("  still reading older ones …", "muted"))
        if store.evicted:
            parts.append(Part(f"  {store.evicted:,} older ones dropped for lack of room", "warn"))
        order, newest_first = store.sort
        if order is not SortKey.AGE or not newest_first:
            parts.append(Part(f"   by {_SORTS[order][1]}{' ▾' if newest_first else ' ▴'}", "muted"))
        self.query_one("#heading", Lines).show([*parts, *self.filter_parts()])

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one("#list", Table)

    # --- preview ---------------------------------------------------------------------------------------

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another message is under the cursor; it is shown when the cursor rests."""
        if self._preview_timer is not None:
            self._preview_timer.stop()
        self._preview_timer = self.set_timer(PREVIEW_AFTER_S, self._draw_preview)

    def _draw_preview(self) -> None:
        preview = self.query_one(Preview)
        if preview.display and self.has_class("-wide"):
            preview.show_message(self.message_here(), self.endpoint_here(), self.desk.session.now())

    def action_preview(self) -> None:
        """Show or hide the preview."""
        preview = self.query_one(Preview)
        preview.display = not preview.display
        self._draw_preview()

    def on_table_opened(self, event: Table.Opened) -> None:
        """Open the message."""
        if event.key is not None:
            self.post_message(OpenMessage(event.key, self.table.rows))

    # --- order -----------------------------------------------------------------------------------------

    def on_table_sort_asked(self, event: Table.SortAsked) -> None:
        """A heading was clicked: sort by it, or turn the order round."""
        key = SortKey(event.column)
        order, newest_first = self.desk.session.messages.sort
        self._sort(key, newest_first=not newest_first if key is order else True)
        self.draw()

    def _sort(self, key: SortKey, *, newest_first: bool) -> None:
        self.desk.session.messages.set_sort(key, newest_first=newest_first)
        # Ages grow downwards while the newest come first.
        self.table.sorted_by = (key.value, newest_first)
        self.table.refresh()

    @work(exclusive=True, group="menu", exit_on_error=True)
    async def action_sort(self) -> None:
        """Choose the order."""
        order, newest_first = self.desk.session.messages.sort
        items = [
            Item(id=key.value, key=letter, label=label, hint="again turns it round" if key is order else "")
            for key, (letter, label) in _SORTS.items()
        ]
        chosen = await self.app.push_screen_wait(Menu("Sort by", items))
        if chosen:
            key = SortKey(chosen)
            self._sort(key, newest_first=not newest_first if key is order else True)
            self.draw()

    def action_follow(self) -> None:
        """Back to the newest message, where the cursor stays while news comes in."""
        self._sort(SortKey.AGE, newest_first=True)
        self.table.action_first()
        self.draw()

    def action_like(self, keep: bool) -> None:
        """Filter for, or against, the cell under row and column cursor."""
        message, column = self.message_here(), self.table.column
        term = "" if message is None or column is None else _term(message, column.key)
        if not term:
            self.app.notify("choose a status, endpoint, type or code cell with h and l first", markup=False)
            return
        self.set_filter(f"{self.filter_text} {'' if keep else '-'}{term}".strip())

    # --- what keys are about ---------------------------------------------------------------------------

    def message_here(self) -> Message | None:
        """The message under the cursor."""
        key = self.table.current
        return None if key is None else self.desk.session.messages.get(key)

    def endpoint_here(self) -> Endpoint | None:
        """The endpoint of the message under the cursor."""
        message = self.message_here()
        return None if message is None else self.desk.session.endpoint(message.endpoint_id)

    def targets(self, verb: Verb) -> Targets:
        """Marked messages, or the one under the cursor; their endpoints for pause and resume."""
        session = self.desk.session
        found = [m for m in map(session.messages.get, self.table.picked) if m is not None]
        if verb.acts_on_endpoints:
            ids = dict.fromkeys(message.endpoint_id for message in found)
            endpoints = [e for e in map(session.endpoint, ids) if e is not None]
            return Targets(items=endpoints, nothing="the endpoint is not known (any more)")
        text = self.filter_text if self.marked_all else ""
        return Targets(items=found, filter_text=text, nothing="there is no message here")

    def clear_selection(self) -> None:
        """Marks have served their purpose."""
        super().clear_selection()
        self.marked_all = False

    def copies(self) -> Sequence[tuple[str, str, str]]:
        """What can be copied of a message."""
        message = self.message_here()
        if message is None:
            return ()
        found = [("i", "id", message.id)]
        if len(self.table.picked) > 1:
            found.append(("a", f"{len(self.table.picked):,} marked ids", "\n".join(self.table.picked)))
        endpoint = self.endpoint_here()
        if endpoint is not None:
            found.append(("u", "endpoint url", endpoint.url))
            found.append(("f", "filter for its endpoint", endpoint_filter(endpoint)))
        command = f"hooktop messages show {message.id} --context {self.desk.session.context.name}"
        return [*found, ("e", "last error", message.last_error or "none"), ("c", "as command", command)]


def _term(message: Message, column: str) -> str:
    match column:
        case "state":
            return f"status:{message.state.value}"
        case "endpoint":
            name = message.endpoint_name
            return f"endpoint:{name}" if name and not set(' ,*?"') & set(name) else ""
        case "type":
            return (
                f"type:{message.event_type}" if message.event_type and " " not in message.event_type else ""
            )
        case "code":
            return "code:none" if message.response_status is None else f"code:{message.response_status}"
        case _:
            return ""

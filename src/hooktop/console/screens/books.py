"""The books: every message in exactly one class, and whether the sum is what the provider took in."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from hooktop.console.providers.base import ProviderError
from hooktop.console.screens.desk import Desk
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.bookstext import books_lines, score_lines
from hooktop.console.widgets.text import inert


class BooksScreen(ModalScreen[None]):
    """Shows the books of one endpoint or of the whole project."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,b", "close", "Close", id="books.close"),
        Binding("r", "read", "Read again", id="books.read"),
    ]

    def __init__(self, desk: Desk, endpoint_id: str | None, *, proof: bool = False) -> None:
        super().__init__()
        coach = desk.coach
        self._card = coach.scorecard if proof and coach is not None else None
        """Set when the card shows how the drill ended."""
        self._desk = desk
        self._endpoint = desk.session.endpoint(endpoint_id) if endpoint_id else None

    def compose(self) -> ComposeResult:
        """A card."""
        with VerticalScroll(classes="box") as box:
            what = inert(self._endpoint.name, 40) if self._endpoint else "the whole project"
            box.border_title = Content("PROOF · the drill" if self._card else f"BOOKS · {what}")
            box.border_subtitle = "esc close" if self._card else "r read again · esc close"
            yield Lines(id="books")

    def on_mount(self) -> None:
        """Read them."""
        self.action_read()

    @work(exclusive=True, group="books", exit_on_error=True)
    async def action_read(self) -> None:
        """Add up everything, asking the API where it knows more."""
        lines = self.query_one("#books", Lines)
        if self._card is not None:
            lines.show([], *score_lines(self._card), *books_lines(self._card.books), [])
            return
        lines.show([], [Part("adding up …", "muted")], [])
        try:
            books = await self._desk.books(self._endpoint)
        except ProviderError as error:
            lines.show([], [Part("the books cannot be closed: ", "bad"), Part(error.message, "text")], [])
            return
        lines.show([], *books_lines(books), [])

    def action_close(self) -> None:
        """Close the card."""
        self.dismiss(None)

"""The first run, with nothing configured: what this is, and the demo one key away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from hooktop.console.widgets import look
from hooktop.console.widgets.bars import Lines, Part

_DEMO = (
    "A webhook outage on a built-in server, from alarm to proof:",
    "find what fails, pause it, repair it, drain, replay, count.",
    "No network, nothing to set up, about a minute.",
)
_OWN = "hooktop context add NAME --provider ... --url ... --key-env ..."


class WelcomeApp(App[bool]):
    """Offers the demo; ends with true when it is wanted."""

    CSS_PATH = Path(__file__).parent.parent / "styles" / "hooktop.tcss"
    CSS = "Screen { align: center middle; }"
    TITLE = "hooktop"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "play(True)", "Play the demo", id="welcome.play"),
        Binding("q,escape,ctrl+q", "play(False)", "Leave", id="welcome.leave"),
    ]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our colours have names that Textual's own themes do not know."""
        return look.theme("teal").variables

    def compose(self) -> ComposeResult:
        """A card in the middle of the window."""
        with Vertical(classes="box") as box:
            box.border_title = Content("hooktop")
            box.border_subtitle = "enter play the demo · q leave"
            yield Lines(list(_card()), id="welcome")

    def on_mount(self) -> None:
        """Dress."""
        theme = look.theme("teal")
        self.register_theme(theme)
        self.theme = theme.name

    def action_play(self, wanted: bool) -> None:
        """End with the answer."""
        self.exit(wanted)


def _card() -> Iterator[list[Part]]:
    yield []
    yield [Part("See webhook delivery fail, and repair it.", "bright")]
    yield []
    yield [Part("There is no context yet: nothing to connect to.", "text")]
    yield []
    yield [Part("enter  ", "key", "app.play(True)"), Part("play the demo", "bright", "app.play(True)")]
    yield from ([Part(f"       {line}", "muted")] for line in _DEMO)
    yield []
    yield [Part("q      ", "key", "app.play(False)"), Part("leave, and connect your own project:", "text")]
    yield [Part(f"       {_OWN}", "accent")]
    yield []

"""The console as a Textual application: places, contexts, and when to draw."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar

from rich.segment import Segment, Segments
from textual import work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer

from hooktop.console import providers
from hooktop.console.clock import utc_now
from hooktop.console.operations.sinks import Change
from hooktop.console.screens import crash
from hooktop.console.screens.activity import ActivityScreen
from hooktop.console.screens.base import ConsoleScreen, OpenBooks, OpenMessage, ShowMessages
from hooktop.console.screens.books import BooksScreen
from hooktop.console.screens.coaching import Coach
from hooktop.console.screens.connection import ConnectionScreen
from hooktop.console.screens.contexts import ContextsScreen, UseContext
from hooktop.console.screens.desk import Desk, Ports
from hooktop.console.screens.endpoints import EndpointsScreen
from hooktop.console.screens.help import help_items
from hooktop.console.screens.jobs import JobsScreen
from hooktop.console.screens.menu import Item, Menu
from hooktop.console.screens.message import MessageScreen
from hooktop.console.screens.messages import MessagesScreen
from hooktop.console.screens.palette import ConsoleCommands
from hooktop.console.screens.triage import TriageScreen
from hooktop.console.settings import Context, Safety, Settings, state_path
from hooktop.console.widgets import look
from hooktop.console.widgets.clipboard import sequence
from hooktop.console.widgets.header import PLACES

DRAW_EVERY_S = 0.1
"""Changes are drawn together, at most ten times a second."""


DELAY_S = 0.005


class HooktopApp(App[None]):
    """The console."""

    CSS_PATH = Path(__file__).parent / "styles" / "hooktop.tcss"
    TITLE = "hooktop"
    MODES: ClassVar[dict[str, str | Any]] = {
        "triage": TriageScreen,
        "endpoints": EndpointsScreen,
        "messages": MessagesScreen,
        "jobs": JobsScreen,
        "activity": ActivityScreen,
        "connection": ConnectionScreen,
        "contexts": ContextsScreen,
    }
    DEFAULT_MODE = "triage"
    COMMANDS: ClassVar[set[Any]] = {ConsoleCommands}

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(at), f"place('{name}')", title, show=False, id=f"place.{name}")
            for at, (name, title) in enumerate(PLACES, start=1)
        ),
        Binding("question_mark", "help", "Keys", id="app.help"),
        Binding("q", "leave", "Quit", show=False, id="app.leave"),
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True, id="app.quit"),
    ]

    def __init__(
        self, settings: Settings, context: Context | None = None, *, ports: Ports | None = None
    ) -> None:
        super().__init__()
        ports = ports or Ports(
            connect=providers.connect, open_lab=providers.open_lab, journal_folder=state_path()
        )
        self.desk = Desk(settings, ports, context=context or settings.context())
        # Screens draw before this app is told that it is mounted, and drawing may start work.
        self.desk.spawn, self.desk.on_change = self._spawn, self._changed
        self.animation_level = "none"
        self._draw_timer: Timer | None = None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our colours have names that Textual's own themes do not know."""
        return look.theme("teal").variables

    def on_mount(self) -> None:
        """Dress, then start watching."""
        # A hundred thousand rows are no garbage: looking through them again and again holds up the keys.
        gc.set_threshold(100_000, 50, 50)
        self._dress()
        self.set_keymap(self.desk.settings.keymap)
        self._watch()
        self.set_interval(1.0, self.draw_now)

    def _dress(self) -> None:
        context = self.desk.session.context
        production = context.safety is Safety.PRODUCTION
        theme = look.theme(context.accent or (look.PRODUCTION_ACCENT if production else "teal"))
        self.register_theme(theme)
        self.theme = theme.name
        self.set_class(production, "-production")

    def _watch(self) -> None:
        self.run_worker(self.desk.session.watch.run(), group="watch", exclusive=True, exit_on_error=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.run_worker(work, group="desk", exit_on_error=True)

    # --- drawing ---------------------------------------------------------------------------------------

    def _changed(self, change: Change) -> None:
        if change.note:
            self.notify(change.note, markup=False)
        if self._draw_timer is None:
            self._draw_timer = self.set_timer(DRAW_EVERY_S, self.draw_now)

    def draw_now(self) -> None:
        """Draw the place on top, whatever lies over it."""
        if self._draw_timer is not None:
            self._draw_timer.stop()
            self._draw_timer = None
        coach = self.desk.coach
        if coach is not None:
            coach.look()
            self._show_proof(coach)
        place = self.place
        if place is not None and place.is_mounted:
            place.draw()
            place.draw_frame()
        self.desk.session.catch_up(self.desk.spawn)

    def _show_proof(self, coach: Coach) -> None:
        if coach.scorecard is not None and not coach.shown:
            coach.shown = True
            self.show_proof()

    def show_proof(self) -> None:
        """Show how the drill ended."""
        self.push_screen(BooksScreen(self.desk, None, proof=True))

    @property
    def place(self) -> ConsoleScreen | None:
        """The topmost screen that is no dialog."""
        stack: list[Screen[Any]] = list(self.screen_stack)
        return next((screen for screen in reversed(stack) if isinstance(screen, ConsoleScreen)), None)

    # --- going places ----------------------------------------------------------------------------------

    async def action_place(self, name: str) -> None:
        """Go to a place by its name."""
        await self.switch_mode(name)
        if isinstance(self.screen, ConsoleScreen):
            self.screen.arrive()

    async def on_show_messages(self, event: ShowMessages) -> None:
        """Show the messages that a filter matches."""
        await self.switch_mode("messages")
        while len(self.screen_stack) > 1:
            self.pop_screen()
        screen = self.screen
        if isinstance(screen, MessagesScreen):
            screen.set_filter(event.filter_text)

    def on_open_message(self, event: OpenMessage) -> None:
        """Show one message over the list it was in."""
        self.push_screen(MessageScreen(event.message_id, event.neighbours))

    def on_open_books(self, event: OpenBooks) -> None:
        """Show the books."""
        self.push_screen(BooksScreen(self.desk, event.endpoint_id))

    @work(exclusive=True, group="context", exit_on_error=True)
    async def on_use_context(self, event: UseContext) -> None:
        """Open another context and start at home."""
        self.workers.cancel_group(self, "watch")
        await self.desk.use(event.context)
        self._dress()
        self._watch()
        await self.switch_mode("triage")
        self.draw_now()

    def action_help_quit(self) -> None:
        """Ctrl+c is for copying in many terminals; say what leaves."""
        self.notify("q goes back and then quits, ctrl+q quits at once", markup=False)

    @work(exclusive=True, group="menu", exit_on_error=True)
    async def action_help(self) -> None:
        """All keys of this screen; choosing one presses it."""
        place = self.place
        if place is None or self.screen is not place:
            return
        items = help_items(place)
        chosen = await self.push_screen_wait(
            Menu("Keys", items, searchable=True, note="/ find · enter press · esc close")
        )
        if chosen:
            self.simulate_key(chosen)

    def action_about(self) -> None:
        """Say what this is."""
        from hooktop import __version__

        self.notify(f"hooktop {__version__}: lower case looks, Shift+letter starts a change", markup=False)

    @work(exclusive=True, group="menu", exit_on_error=True)
    async def action_leave(self) -> None:
        """Quit; asks while a job is running."""
        if self.desk.running_job is None:
            self.exit()
            return
        items = [
            Item(id="stay", key="s", label="stay", hint="the job goes on"),
            Item(
                id="leave",
                key="l",
                label="cancel the job and leave",
                hint="what was not sent ends as cancelled",
            ),
        ]
        if await self.push_screen_wait(Menu("A job is running", items)) == "leave":
            self.desk.cancel_job()
            self.exit()

    async def on_unmount(self) -> None:
        """Close the connections."""
        await self.desk.session.close()

    def delay_update(self, delay: float = DELAY_S) -> None:
        """Draw a place as soon as it can be drawn: Textual waits 50 ms whenever another one is shown."""
        super().delay_update(min(delay, DELAY_S))

    # --- the terminal ----------------------------------------------------------------------------------

    def copy_to_clipboard(self, text: str) -> None:
        """Send text to the terminal's clipboard, also through tmux and screen."""
        self._clipboard = text
        if self._driver is not None:
            self._driver.write(sequence(text, os.environ))

    def _fatal_error(self) -> None:
        # Textual would print a traceback with local variables: keys and payloads on the screen and in its log.
        error = self._exception or sys.exc_info()[1] or RuntimeError("unknown")
        path = crash.write(error, state_path() / "crashes", utc_now())
        where = f"details, without data, are in {path}" if path else "no crash file could be written"
        told = f"hooktop stopped: {type(error).__name__}, which nobody expected; {where}\n"
        self._exit_renderables.append(Segments([Segment(told)]))
        self._close_messages_no_wait()

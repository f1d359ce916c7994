"""What every full screen has: the line of truth, the places, a body, bars that come and go, the keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message as EventMessage
from textual.widget import Widget

from hooktop.console.screens.changes import ChangingScreen
from hooktop.console.screens.menu import Item, Menu
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.coach import coach_lines
from hooktop.console.widgets.columns import Rows
from hooktop.console.widgets.filterbar import FilterBar
from hooktop.console.widgets.header import tabs_line, truth_line
from hooktop.console.widgets.keybar import KeyBar
from hooktop.console.widgets.plantext import outcome_parts, progress_parts
from hooktop.console.widgets.table import Table
from hooktop.console.widgets.text import inert

MIN_WIDTH, MIN_HEIGHT = 60, 16
_WIDTHS = [(0, "-too-small"), (MIN_WIDTH, "-narrow"), (110, "-wide")]
_HEIGHTS = [(0, "-flat"), (MIN_HEIGHT, "-low"), (30, "-tall")]


class OpenBooks(EventMessage):
    """Somebody asked for the books of an endpoint, or of the whole project."""

    def __init__(self, endpoint_id: str | None) -> None:
        super().__init__()
        self.endpoint_id = endpoint_id


class ShowMessages(EventMessage):
    """Somebody wants to see the messages that a filter matches."""

    def __init__(self, filter_text: str) -> None:
        super().__init__()
        self.filter_text = filter_text


class OpenMessage(EventMessage):
    """Somebody opened one message; ``neighbours`` are the rows it was among."""

    def __init__(self, message_id: str, neighbours: Rows) -> None:
        super().__init__()
        self.message_id = message_id
        self.neighbours = neighbours


class ConsoleScreen(ChangingScreen):
    """A place of the console."""

    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    AUTO_FOCUS = "Table, Viewer"

    place: ClassVar[str] = ""
    """Name of the place in the second line."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="look.filter"),
        Binding("m", "actions", "Actions", show=False, id="look.actions"),
        Binding("y", "copy", "Copy", show=False, id="look.copy"),
        Binding("b", "books", "Books", id="look.books"),
        Binding("r", "refresh", "Refresh", show=False, id="look.refresh"),
        Binding("escape", "back", "Back", show=False, id="look.back"),
        Binding("tab", "app.focus_next", "Next pane", show=False, id="look.next-pane"),
        Binding("shift+tab", "app.focus_previous", "Previous pane", show=False, id="look.previous-pane"),
    ]

    # --- composition -----------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The frame around the body."""
        yield Lines([[Part("")]], id="truth")
        yield Lines([[Part("")]], id="tabs")
        yield from self.body()
        yield Lines(id="coach")
        yield Lines(id="job")
        yield FilterBar()
        yield KeyBar()
        yield Lines(id="too-small")

    def body(self) -> Iterable[Widget]:
        """What this place shows."""
        return ()

    def on_mount(self) -> None:
        """Draw what is known already."""
        self.query_one("#too-small", Lines).show(
            [Part("This window is too small for hooktop.", "bright")],
            [Part(f"It needs {MIN_WIDTH} x {MIN_HEIGHT}; make it larger, or q to leave.", "muted")],
        )
        self.draw()
        self.draw_frame()

    def on_screen_resume(self) -> None:
        """Catch up with what happened meanwhile."""
        self.draw()
        self.draw_frame()

    def arrive(self) -> None:
        """Somebody went here by its key: the cursor goes to what the coach speaks of."""

    def on_resize(self) -> None:
        """Lines are made for the width."""
        self.call_after_refresh(self.draw_frame)

    # --- drawing ---------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Show the newest data; called at most ten times a second, and only while on top."""

    def draw_frame(self) -> None:
        """Show truth, places, coach and job; called once a second and after every change."""
        width = self.size.width
        self.query_one("#truth", Lines).show(truth_line(self.desk.truth(), width))
        self.query_one("#tabs", Lines).show(tabs_line(self.place, self.desk.counts(), width))
        self._draw_job(width)
        self._draw_coach(width)
        for table in self.query(Table):
            table.stale = self.desk.is_stale
        self.refresh_bindings()

    def _draw_job(self, width: int) -> None:
        job = self.desk.shown_job
        if job is None:
            self.query_one("#job", Lines).show()
        elif job.failed:
            told = wrap(inert(f"not started: {job.failed}"), max(20, width - 2))
            self.query_one("#job", Lines).show(*([Part(line, "bad")] for line in told))
        elif job.outcome is not None:
            more = [
                Part("   4", "key", "app.place('jobs')"),
                Part(" results  ", "muted"),
                Part("esc", "key"),
                Part(" put away", "muted"),
            ]
            self.query_one("#job", Lines).show([*outcome_parts(job.outcome), *more])
        else:
            keys = [Part("   X", "key", "screen.stop"), Part(" cancel", "muted")]
            self.query_one("#job", Lines).show(
                [*progress_parts(job.plan, job.progress, job.elapsed_s, width), *keys]
            )

    def _draw_coach(self, width: int) -> None:
        coach = self.desk.coach
        lines = coach_lines(coach.lesson() if coach else None, width)
        self.query_one("#coach", Lines).show(*lines)
        # Notifications keep above the coach, who often speaks of the same thing.
        self.set_class(bool(lines), "-coached")

    def copies(self) -> Sequence[tuple[str, str, str]]:
        """What can be copied: key, label, text."""
        return ()

    @work(exclusive=True, group="menu", exit_on_error=True)
    async def action_copy(self) -> None:
        """Choose what to copy."""
        copies = {key: (label, text) for key, label, text in self.copies()}
        if not copies:
            self.app.notify("nothing to copy here", markup=False)
            return
        items = [Item(id=key, key=key, label=label, hint=text) for key, (label, text) in copies.items()]
        chosen = await self.app.push_screen_wait(
            Menu("Copy", items, note="sent to the terminal (OSC 52) · esc close")
        )
        if chosen:
            label, text = copies[chosen]
            self.app.copy_to_clipboard(text)
            self.app.notify(
                f"{label}: {len(text):,} characters sent to the terminal's clipboard", markup=False
            )

    # --- looking ---------------------------------------------------------------------------------------

    async def action_key(self, key: str) -> None:
        """A key of the bottom line was clicked."""
        self.app.simulate_key(key)

    def action_refresh(self) -> None:
        """Ask the API now."""
        self.desk.refresh_now()
        self.app.notify("asking again", timeout=1, markup=False)

    def action_filter(self) -> None:
        """Places without a list have nothing to filter."""
        self.app.notify("nothing to filter here", markup=False)

    def action_books(self) -> None:
        """The books of the endpoint here, or of the whole project."""
        coach = self.desk.coach
        if coach is not None and coach.at_the_end:
            self.app.run_worker(self._prove(), group="drill", exclusive=True)
            return
        endpoint = self.endpoint_here()
        self.post_message(OpenBooks(endpoint.id if endpoint else None))

    async def _prove(self) -> None:
        coach = self.desk.coach
        if coach is not None:
            await coach.act()

    def action_back(self) -> None:
        """Close or clear one thing: job line, marks, filter, then go back."""
        self.go_back()

    def go_back(self) -> bool:
        """Clear the topmost thing that can be cleared, the coach last; false when there was none."""
        if self.put_away():
            return True
        if self.desk.coach is not None and self.desk.coach.hide():
            self.app.notify("D brings the coach back", markup=False)
            self.draw_frame()
            return True
        return False

    def put_away(self) -> bool:
        """Put away the result of a job, or marks; false when there was nothing."""
        if self.desk.put_job_away():
            self.draw_frame()
            return True
        return sum(table.clear_marks() for table in self.query(Table)) > 0

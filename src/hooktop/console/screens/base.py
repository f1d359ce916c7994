"""What every full screen has: the line of truth, the places, a body, bars that come and go, the keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar, Protocol, cast

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message as EventMessage
from textual.screen import Screen
from textual.widget import Widget

from hooktop.console.model import Endpoint, Message, Verb
from hooktop.console.operations.actions import Confirm, Target
from hooktop.console.screens.desk import Desk
from hooktop.console.screens.menu import Item, Menu
from hooktop.console.screens.plan import AskBar, PlanDialog
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.coach import coach_lines
from hooktop.console.widgets.columns import Rows
from hooktop.console.widgets.filterbar import FilterBar
from hooktop.console.widgets.header import tabs_line, truth_line
from hooktop.console.widgets.keybar import KeyBar, key_name
from hooktop.console.widgets.plantext import VERBS, outcome_parts, progress_parts
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


class HasDesk(Protocol):
    """The part of the app that screens rely on."""

    desk: Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What a verb is about to act on."""

    items: Sequence[Target]
    filter_text: str = ""
    """Set when it is everything that a filter matches."""
    nothing: str = "nothing is selected here"
    """What to say when there are none."""


CHANGES: list[BindingType] = [
    Binding("P", "change('pause')", "Pause", id="change.pause", tooltip="Pause the endpoint"),
    Binding("U", "change('resume')", "Resume", id="change.resume", tooltip="Unpause the endpoint"),
    Binding(
        "T", "change('retry-now')", "reTry now", id="change.retry", tooltip="Bring the waiting retry forward"
    ),
    Binding("Y", "change('replay')", "replaY", id="change.replay", tooltip="Send a finished message again"),
    Binding(
        "X", "stop", "Cancel", show=False, id="change.cancel", tooltip="Cancel the job, or a waiting retry"
    ),
    Binding(
        "R",
        "repair",
        "Repair receiver",
        show=False,
        id="change.repair",
        tooltip="Lab only: mend the receiver",
    ),
    Binding(
        "D",
        "drill",
        "Let the drill do it",
        show=False,
        id="change.drill",
        tooltip="Demo: do the coach's step",
    ),
    Binding("Z", "undo", "Undo", show=False, id="change.undo", tooltip="Take back the last pause or resume"),
]


class ConsoleScreen(Screen[None]):
    """A place of the console."""

    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    AUTO_FOCUS = "Table, Viewer"

    place: ClassVar[str] = ""
    """Name of the place in the second line."""
    can_change: ClassVar[bool] = False
    """Whether its rows are endpoints or messages, which P U T Y act on."""
    can_filter: ClassVar[bool] = False

    BINDINGS: ClassVar[list[BindingType]] = [
        *CHANGES,
        Binding("slash", "filter", "Filter", id="look.filter"),
        Binding("m", "actions", "Actions", show=False, id="look.actions"),
        Binding("y", "copy", "Copy", show=False, id="look.copy"),
        Binding("b", "books", "Books", id="look.books"),
        Binding("r", "refresh", "Refresh", show=False, id="look.refresh"),
        Binding("escape", "back", "Back", show=False, id="look.back"),
        Binding("tab", "app.focus_next", "Next pane", show=False, id="look.next-pane"),
        Binding("shift+tab", "app.focus_previous", "Previous pane", show=False, id="look.previous-pane"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._drawn_versions: tuple[int, ...] = ()

    @property
    def desk(self) -> Desk:
        """What the console knows and does."""
        return cast(HasDesk, self.app).desk

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
        self.query_one("#coach", Lines).show(*coach_lines(coach.lesson() if coach else None, width))

    # --- what keys are about ---------------------------------------------------------------------------

    def targets(self, verb: Verb) -> Targets:
        """What a verb would act on."""
        return Targets(items=())

    def endpoint_here(self) -> Endpoint | None:
        """The endpoint that the cursor is on, or whose message it is on."""
        return None

    def message_here(self) -> Message | None:
        """The message that the cursor is on."""
        return None

    def copies(self) -> Sequence[tuple[str, str, str]]:
        """What can be copied: key, label, text."""
        return ()

    # --- changes ---------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what cannot be done now, and hide what makes no sense here at all."""
        if action in {"change", "actions", "repair"} and not self.can_change:
            return False
        if action == "filter" and not self.can_filter:
            return False
        if action == "drill" and self.desk.coach is None:
            return False
        return None if self.reason(action, parameters) else True

    def reason(self, action: str, parameters: tuple[object, ...]) -> str:
        """Why an action cannot be used now; empty when it can."""
        if action == "change":
            return self.desk.why_not_change() or self.why_not(Verb(str(parameters[0])))
        if action == "repair":
            return self.desk.why_not_repair()
        if action == "undo":
            return self.desk.why_not_undo()
        if action == "stop":
            return self._why_not_stop()
        return ""

    def why_not(self, verb: Verb) -> str:
        """What this place says against a verb."""
        return ""

    def _why_not_stop(self) -> str:
        if self.desk.running_job is not None:
            return ""
        return self.desk.why_not_change() or ("" if self.message_here() else "no job is running")

    def on_key(self, event: events.Key) -> None:
        """Say why a greyed key does nothing."""
        active = self.active_bindings.get(event.key)
        if active is None or active.enabled:
            return
        name, _, argument = active.binding.action.partition("(")
        why = self.reason(name, (argument.strip("')"),))
        if why:
            self.app.notify(f"{active.binding.description}: {why}", severity="warning", markup=False)

    @work(exclusive=True, group="change", exit_on_error=True)
    async def action_change(self, verb_name: str) -> None:
        """Plan, ask, and only then start."""
        verb = Verb(verb_name)
        targets = self.targets(verb)
        if not targets.items:
            self.app.notify(targets.nothing, severity="warning", markup=False)
            return
        await self._propose(verb, targets)

    async def _propose(self, verb: Verb, targets: Targets) -> None:
        plan = self.desk.plan(verb, targets.items, targets.filter_text)
        if not plan.items:
            why = "; ".join(f"{count:,} × {reason}" for reason, count in plan.skipped_by_reason)
            self.app.notify(f"nothing to {VERBS[verb]}: {why}", severity="warning", markup=False, timeout=8)
            return
        context = self.desk.session.context.name
        if plan.confirm is Confirm.INLINE:
            yes = await self.app.push_screen_wait(AskBar(plan, context))
        else:
            yes = await self.app.push_screen_wait(PlanDialog(plan, context, self.desk.settings.thresholds))
        if yes and not (why := self.desk.why_not_change()):
            self.desk.start(plan)
            self.clear_selection()
        elif yes:
            self.app.notify(f"not started: {why}", severity="error", markup=False)

    def clear_selection(self) -> None:
        """Marks have served their purpose."""
        for table in self.query(Table):
            table.clear_marks()

    @work(exclusive=True, group="change", exit_on_error=True)
    async def action_stop(self) -> None:
        """Cancel the running job; without one, give up the waiting retry under the cursor."""
        if self.desk.running_job is not None:
            self.desk.cancel_job()
            return
        message = self.message_here()
        if message is not None:
            await self._propose(Verb.CANCEL, self.targets(Verb.CANCEL))

    @work(exclusive=True, group="change", exit_on_error=True)
    async def action_undo(self) -> None:
        """Take back the last pause or resume, with its own question."""
        undo = self.desk.undoable()
        if undo is not None:
            await self._propose(undo[0], Targets(items=undo[1]))

    @work(exclusive=True, group="change", exit_on_error=True)
    async def action_repair(self) -> None:
        """Mend the receiver behind the endpoint, in the lab."""
        endpoint = self.endpoint_here()
        if endpoint is None:
            self.app.notify("put the cursor on an endpoint or one of its messages first", markup=False)
            return
        question = [
            Item(
                id="yes",
                key="enter",
                label=f"repair the receiver of {endpoint.name}",
                hint="it answers 200 from now on",
            )
        ]
        if await self.app.push_screen_wait(Menu("Repair receiver (lab)", question)) == "yes":
            self.app.notify(await self.desk.repair(endpoint), markup=False)

    @work(exclusive=True, group="change", exit_on_error=True)
    async def action_drill(self) -> None:
        """Let the coach do its step."""
        coach = self.desk.coach
        lesson = coach.lesson() if coach else None
        if coach is None or lesson is None:
            self.app.notify("the drill is over", markup=False)
            return
        items = [Item(id="yes", key="enter", label=f"let the drill do it: {lesson.title.lower()}")]
        if await self.app.push_screen_wait(Menu("Drill (lab)", items, told=lesson.why)) == "yes":
            told = await coach.act()
            self.app.notify(told or "look at the screen: that step is yours", markup=False)

    # --- menus -----------------------------------------------------------------------------------------

    @work(exclusive=True, group="menu", exit_on_error=True)
    async def action_actions(self) -> None:
        """Everything that can be done to the selection, with reasons where it cannot."""
        items = []
        for binding in CHANGES:
            assert isinstance(binding, Binding)
            name, _, argument = binding.action.partition("(")
            why = self.reason(name, (argument.strip("')"),))
            items.append(
                Item(
                    id=binding.action,
                    key=key_name(binding.key),
                    label=binding.description,
                    hint=binding.tooltip,
                    reason=why,
                )
            )
        chosen = await self.app.push_screen_wait(Menu("Actions", items))
        if chosen:
            await self.run_action(chosen)

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
        """Clear the topmost thing that can be cleared; false when there was none."""
        if self.desk.put_job_away():
            self.draw_frame()
            return True
        cleared = sum(table.clear_marks() for table in self.query(Table)) > 0
        if not cleared and self.desk.coach is not None and self.desk.coach.hide():
            self.draw_frame()
            return True
        return cleared

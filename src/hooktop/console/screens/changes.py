"""What the capital letters do: plan, ask in proportion, start; and why one of them cannot be used now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, cast

from textual import events, work
from textual.binding import Binding, BindingType
from textual.screen import Screen

from hooktop.console.model import Endpoint, Message, Verb
from hooktop.console.operations.actions import Confirm, Target
from hooktop.console.screens.coaching import Coach
from hooktop.console.screens.desk import Desk
from hooktop.console.screens.menu import Item, Menu
from hooktop.console.screens.plan import AskBar, PlanDialog
from hooktop.console.widgets.keybar import key_name
from hooktop.console.widgets.plantext import VERBS
from hooktop.console.widgets.table import Table


class HasDesk(Protocol):
    """The part of the app that screens rely on."""

    desk: Desk

    def show_proof(self) -> None:
        """Show how the drill ended."""


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


class ChangingScreen(Screen[None]):
    """A screen from which things can be changed."""

    BINDINGS: ClassVar[list[BindingType]] = CHANGES

    can_change: ClassVar[bool] = False
    """Whether its rows are endpoints or messages, which P U T Y act on."""
    can_filter: ClassVar[bool] = False

    @property
    def desk(self) -> Desk:
        """What the console knows and does."""
        return cast(HasDesk, self.app).desk

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
            if coach is not None:
                self._recall(coach)
            return
        items = [Item(id="yes", key="enter", label=f"let the drill do it: {lesson.title.lower()}")]
        if await self.app.push_screen_wait(Menu("Drill (lab)", items, told=lesson.why)) == "yes":
            told = await coach.act()
            self.app.notify(told or "look at the screen: that step is yours", markup=False)

    def _recall(self, coach: Coach) -> None:
        """Bring back the coach that was hidden, or the proof that was closed."""
        if coach.scorecard is not None:
            cast(HasDesk, self.app).show_proof()
        coach.hidden = False
        self.draw_frame()

    def draw_frame(self) -> None:
        """Show what stands around the body."""

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

"""Asks before anything is changed: a bar for one harmless item, a dialog for more, a typed count for many."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from hooktop.console.operations.actions import Confirm, Plan
from hooktop.console.settings import Thresholds
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.document import open_document
from hooktop.console.widgets.plantext import plan_lines, title
from hooktop.console.widgets.text import inert
from hooktop.console.widgets.viewer import Viewer

DEAF_S = 0.4
"""A dialog that has just opened does not hear enter: it may have been meant for what was there before."""


class AskBar(ModalScreen[bool]):
    """One item, no production: a bar at the bottom, enter does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "answer(True)", "Do it", id="ask.yes"),
        Binding("escape,q,n", "answer(False)", "Leave it", id="ask.no"),
    ]

    def __init__(self, plan: Plan, context: str) -> None:
        super().__init__(classes="bottom")
        self.plan = plan
        self.context = context

    def compose(self) -> ComposeResult:
        """The question, what it means, the two keys."""
        yield Lines(id="ask")

    def on_mount(self) -> None:
        """Fill the bar."""
        self._fill()

    def on_resize(self) -> None:
        """Sentences are wrapped to the width."""
        self._fill()

    def _fill(self) -> None:
        meaning = plan_lines(self.plan, Thresholds(), max(40, self.app.size.width - 4))
        shown = [line for line in meaning if line]
        ask = [Part(f"{title(self.plan)} on {inert(self.context, 30)}?", "bright")]
        keys = [
            Part("enter", "key", "screen.answer(True)"),
            Part(" do it    ", "text", "screen.answer(True)"),
        ]
        keys += [
            Part("esc", "key", "screen.answer(False)"),
            Part(" leave it", "text", "screen.answer(False)"),
        ]
        self.query_one(Lines).show(ask, *shown, keys)

    def action_answer(self, yes: bool) -> None:
        """Close with the answer."""
        self.dismiss(yes)


class PlanDialog(ModalScreen[bool]):
    """Several items, or production: the whole plan, Cancel under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave it", id="plan.leave"),
        Binding("enter", "enter", "Choose", show=False, priority=True, id="plan.enter"),
        Binding("ctrl+d", "dry_run", "Dry run", id="plan.dry-run"),
        Binding("ctrl+y", "copy", "Copy as command", id="plan.copy"),
        Binding("left,h", "app.focus_previous", show=False, id="plan.left"),
        Binding("right,l", "app.focus_next", show=False, id="plan.right"),
    ]

    def __init__(
        self,
        plan: Plan,
        context: str,
        thresholds: Thresholds,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.plan = plan
        self.context = context
        self.thresholds = thresholds
        self._monotonic = monotonic
        self._opened_at = monotonic()

    def compose(self) -> ComposeResult:
        """The plan, the field to type in where it is needed, the buttons."""
        with VerticalScroll(classes="box", can_focus=False) as box:
            box.border_title = Content(f"PLAN · {title(self.plan)} on {inert(self.context, 30)}")
            box.border_subtitle = "^d dry run · ^y copy as command · esc leave it"
            yield Lines(id="plan-lines")
            yield Viewer(id="plan-document", classes="hidden")
            if self.plan.confirm is Confirm.TYPED:
                yield Lines(id="plan-type")
                yield Input(id="plan-input")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(
                    Content(title(self.plan).capitalize()), id="start", disabled=bool(self.plan.needs_typed)
                )

    def on_mount(self) -> None:
        """Fill in the plan and put the cursor where enter does no harm."""
        self._fill()
        if self.plan.needs_typed is None:
            self.query_one("#cancel").focus()
            return
        ask = [Part("type ", "text"), Part(self.plan.needs_typed, "bright"), Part(" to start", "text")]
        self.query_one("#plan-type", Lines).show([], ask)
        self.query_one(Input).focus()

    def on_resize(self) -> None:
        """Lines are wrapped to the width of the box."""
        self._fill()

    def _fill(self) -> None:
        width = min(84, int(self.app.size.width * 0.96)) - 8
        self.query_one("#plan-lines", Lines).show([], *plan_lines(self.plan, self.thresholds, width))

    def on_input_changed(self, event: Input.Changed) -> None:
        """The start button opens when the text is the one asked for."""
        self.query_one("#start", Button).disabled = event.value.strip() != self.plan.needs_typed

    def action_enter(self) -> None:
        """Press what has the cursor, once the dialog has been there long enough to be read."""
        if self._monotonic() - self._opened_at < DEAF_S:
            return
        start = self.query_one("#start", Button)
        if isinstance(self.focused, Input) and not start.disabled:
            self.dismiss(True)
        elif isinstance(self.focused, Button):
            self.dismiss(self.focused is start)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A click chooses."""
        self.dismiss(event.button.id == "start")

    def action_leave(self) -> None:
        """Close without doing anything."""
        self.dismiss(False)

    def action_copy(self) -> None:
        """The same as a command line, for the clipboard."""
        self.app.copy_to_clipboard(self.plan.command)
        self.app.notify("command sent to the terminal's clipboard", markup=False)

    async def action_dry_run(self) -> None:
        """Show the plan as the JSON document that a dry run prints."""
        viewer = self.query_one("#plan-document", Viewer)
        viewer.show(open_document(json.dumps(self.plan.as_document()).encode(), "application/json"))
        viewer.toggle_class("hidden")
        self.query_one("#plan-lines").toggle_class("hidden")

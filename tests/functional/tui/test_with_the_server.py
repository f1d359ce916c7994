"""The console on the real server: trouble of every kind has a clear end, and the whole drill can be played by keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from driving import Console, on_server
from functional.console.test_commands import outbound, send
from hooktop.console.screens.books import BooksScreen
from hooktop.console.screens.menu import Menu
from hooktop.console.screens.message import MessageScreen
from hooktop.console.screens.plan import AskBar, PlanDialog
from hooktop.console.settings import KeySource, Secret

NewProject = Callable[..., Any]


@pytest.fixture
def project(new_project: NewProject) -> Any:
    """A project with one endpoint that fails and one message that waits for its retry."""
    made = new_project("hookbridge")
    made.endpoint = outbound(made, "billing", {"status": 503})
    (made.message,) = send(made, made.endpoint)
    made.drain()
    return made


async def live(console: Console) -> None:
    await console.until(lambda: console.app.desk.session.watch.complete)
    await console.sees("● LIVE", "billing")


def told(console: Console) -> str:
    """What notifications said."""
    return "\n".join(notification.message for notification in console.app._notifications)


async def yes(console: Console) -> None:
    """Wait for the question, and answer it."""
    await console.until(lambda: isinstance(console.app.screen, AskBar | Menu))
    await console.press("enter")
    await console.until(lambda: not isinstance(console.app.screen, AskBar | Menu))


async def ask_again(console: Console) -> None:
    console.app.desk.refresh_now()
    await console.pilot.pause(0.05)


async def test_a_wrong_key_is_told_and_nothing_else_is_asked(project: Any) -> None:
    async with on_server(project, key=KeySource(memory=Secret("hb_wrong"))) as console:
        await console.sees("AUTH FAILED", "No answer from the API yet")
        await console.press("3")
        await console.sees("AUTH FAILED")
        assert "hb_wrong" not in console.text


async def test_an_unknown_host_is_told_and_tried_again(project: Any) -> None:
    async with on_server(project, url="http://127.0.0.1:9", lab=None) as console:
        await console.sees("OFFLINE", "next try in", "No answer from the API yet")


TROUBLE = [
    ({"drop": "before"}, "OFFLINE"),
    ({"html": True}, "OFFLINE"),
    ({"html": True, "patch_status": 200}, "BAD ANSWER"),
    ({"truncate": True}, "OFFLINE"),
    ({"malformed": True}, "BAD ANSWER"),
    ({"status": 401, "code": "AUTHENTICATION_ERROR"}, "AUTH FAILED"),
]


@pytest.mark.parametrize(("fault", "words"), TROUBLE, ids=lambda value: str(value))
async def test_trouble_in_the_middle_keeps_the_rows_and_goes_away_again(
    project: Any, fault: dict[str, Any], words: str
) -> None:
    async with on_server(project) as console:
        await live(console)
        project.faults({"match": {}, **fault})
        await ask_again(console)
        await console.sees(words, "billing", "503")
        await console.press("P")
        assert not isinstance(console.app.screen, AskBar), "nothing can be changed meanwhile"
        project.faults()
        await ask_again(console)
        await console.sees("● LIVE", "billing")


async def test_an_endpoint_paused_again_elsewhere_is_done_and_no_error(project: Any) -> None:
    async with on_server(project) as console:
        await live(console)
        await console.press("2", "P")
        await console.until(lambda: isinstance(console.app.screen, AskBar))
        paused = project.http.post(f"/v1/endpoints/{project.endpoint}/pause")
        assert paused.is_success
        await console.press("enter")
        await console.sees("pause billing", "accepted 1", "‖ paused")
        assert "rejected" not in console.text


async def test_a_message_gone_while_shown_stays_readable_and_says_so(project: Any) -> None:
    async with on_server(project) as console:
        await live(console)
        await console.press("3", "enter")
        await console.sees("TRY", "503", '"n": 0')
        project.faults(
            {"match": {"path": f"*{project.message}*"}, "status": 404, "code": "NOT_FOUND", "message": "gone"}
        )
        await console.press("r")
        await console.sees("deleted elsewhere", "503")
        await console.press("escape")
        assert not isinstance(console.place, MessageScreen)


async def test_repairing_a_receiver_asks_first_and_the_next_delivery_arrives(project: Any) -> None:
    async with on_server(project) as console:
        await live(console)
        await console.press("R")
        await console.sees("repair the receiver of billing")
        await console.press("escape")
        assert "answers 200 from now on" not in console.text
        await console.press("R")
        await yes(console)
        await console.until(lambda: "answers 200 from now on" in told(console))
        (arriving,) = send(project, project.endpoint, 1)
        project.drain()
        assert project.truth(arriving)["state"] == "delivered"


async def test_off_the_lab_there_is_nothing_to_repair(project: Any) -> None:
    async with on_server(project, lab=None) as console:
        await live(console)
        await console.press("R")
        await console.until(lambda: "can only be repaired in the lab" in told(console))


# --- the coach -----------------------------------------------------------------------------------------


def step_of(console: Console) -> str:
    coach = console.app.desk.coach
    assert coach is not None
    return coach.drill.step.key if coach.drill.step else "end"


async def confirm_by_count(console: Console) -> None:
    await console.until(lambda: isinstance(console.app.screen, AskBar | PlanDialog))
    screen = console.app.screen
    if isinstance(screen, PlanDialog):
        screen._opened_at -= 1
        if screen.plan.needs_typed:
            await console.type(screen.plan.needs_typed)
        else:
            await console.press("right")
    await console.press("enter")
    await console.until(lambda: not isinstance(console.app.screen, AskBar | PlanDialog))


async def job_done(console: Console) -> None:
    await console.until(lambda: not console.app.desk.running_job)


def outage(new_project: NewProject) -> Any:
    return new_project(
        "hookbridge", scenario="outage", seed=7, name="shop", clock={"mode": "scaled", "speed": 240}
    )


async def test_the_whole_drill_by_the_keys_that_the_coach_names(new_project: NewProject) -> None:
    async with on_server(outage(new_project), coached=True) as console:
        await console.until(lambda: step_of(console) == "pause")
        await console.sees("P on billing-eu, then enter")
        await console.press("P")
        await yes(console)
        await console.until(lambda: step_of(console) == "held")
        await console.press("3", "slash")
        await console.type("status:held")
        await console.press("enter")
        await console.until(lambda: step_of(console) == "repair")
        await console.press("2")
        assert console.place.endpoint_here().name == "billing-eu", "the cursor is where the coach points"
        await console.press("R")
        await yes(console)
        await console.until(lambda: step_of(console) == "test")
        await console.press("U")
        await yes(console)
        await console.until(lambda: step_of(console) == "drain")
        await console.press("T")
        await confirm_by_count(console)
        await job_done(console)
        await console.until(lambda: step_of(console) == "mend")
        await console.press("2")
        assert console.place.endpoint_here().name == "ledger"
        await console.press("R")
        await yes(console)
        await console.until(lambda: step_of(console) == "replay")
        await console.press("Y")
        await confirm_by_count(console)
        await job_done(console)
        await console.until(lambda: step_of(console) == "prove")
        await console.sees("b counts, and shows the proof")
        await console.press("b")
        await console.until(lambda: isinstance(console.app.screen, BooksScreen))
        await console.sees("NOTHING WAS LOST", "lost 0", "duplicated 0", "refused", "time ")
        await console.press("escape", "D")
        await console.sees("NOTHING WAS LOST")


async def test_the_drill_does_every_step_itself_when_told_to(new_project: NewProject) -> None:
    async with on_server(outage(new_project), coached=True, size=(80, 24)) as console:
        for step in ("pause", "held", "repair", "test", "drain", "mend", "replay", "prove"):
            await console.until(lambda step=step: step_of(console) == step)
            if step == "held":
                continue
            await console.press("D")
            await yes(console)
        await console.sees("NOTHING WAS LOST", "lost 0", "duplicated 0")


async def test_escape_clears_the_filter_before_it_hides_the_coach_and_d_brings_him_back(
    new_project: NewProject,
) -> None:
    async with on_server(outage(new_project), coached=True) as console:
        await console.until(lambda: step_of(console) == "pause")
        await console.press("enter")
        await console.sees("/ endpoint:billing-eu", "DRILL")
        await console.press("escape")
        await console.until(lambda: not console.place.filter_text)
        assert "DRILL" in console.text
        await console.press("escape")
        await console.until(lambda: "DRILL" not in console.text)
        await console.press("D")
        await console.sees("DRILL")


async def test_a_notification_covers_neither_the_coach_nor_the_keys(new_project: NewProject) -> None:
    async with on_server(outage(new_project), coached=True) as console:
        await console.until(lambda: step_of(console) == "pause")
        console.app.notify("the receiver of billing-eu answers 200 from now on", markup=False)
        await console.sees(
            "answers 200 from now on", "P on billing-eu, then enter · D do it for me · esc hide"
        )
        await console.sees(
            "Every attempt now is wasted: a message has only so many. The plan says what pause"
        )


async def test_the_cursor_stays_on_the_endpoint_when_its_group_moves_down(new_project: NewProject) -> None:
    async with on_server(outage(new_project), coached=True) as console:
        await console.until(lambda: step_of(console) == "pause")
        await console.press("1", "P")
        await yes(console)
        await console.until(lambda: step_of(console) == "repair")
        assert console.place.endpoint_here().name == "billing-eu"

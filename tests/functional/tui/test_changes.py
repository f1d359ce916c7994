"""Every change is planned, asked about in proportion, carried out, and accounted for item by item."""

from __future__ import annotations

from textual.widgets import Button, Input

from driving import Console, make_context, running
from fakes import FakeProvider, outage_world
from hooktop.console.model import EndpointState, ItemResult, MessageState, Result
from hooktop.console.screens.plan import AskBar, PlanDialog
from hooktop.console.settings import Thresholds


async def test_pausing_one_endpoint_says_what_it_means_and_needs_a_second_key(console: Console) -> None:
    await console.press("2")
    console.place.query_one("#endpoints").go_to("ep_billing-eu")
    await console.press("P")
    await console.sees("pause billing-eu on demo?", "New messages are accepted and held", "enter do it")
    assert not console.changes
    await console.press("enter")
    await console.until(lambda: console.changes == [("pause", "ep_billing-eu")])
    await console.sees("accepted 1")
    assert console.world.endpoints["ep_billing-eu"].state is EndpointState.PAUSED


async def test_leaving_the_question_changes_nothing(console: Console) -> None:
    for key in ("escape", "q", "n"):
        await console.press("P")
        await console.until(lambda: isinstance(console.app.screen, AskBar))
        await console.press(key)
        assert not isinstance(console.app.screen, AskBar)
    assert not console.changes


async def test_what_inbound_pause_means_is_told_before_it_is_done(console: Console) -> None:
    await console.press("2")
    console.place.query_one("#endpoints").go_to("ep_stripe-in")
    await console.press("P")
    await console.sees("REFUSED at the door")


async def test_marked_messages_get_a_dialog_with_cancel_under_the_cursor(console: Console) -> None:
    await console.press("3", "slash")
    await console.type("status:dead")
    await console.press("enter", "space", "space", "space", "Y")
    await console.until(lambda: isinstance(console.app.screen, PlanDialog))
    await console.sees("PLAN · replay 3 messages on demo", "ledger 3", "Cannot be undone")
    assert console.app.focused is console.app.screen.query_one("#cancel")
    await console.press("enter")
    assert isinstance(console.app.screen, PlanDialog), "enter is not heard in the first moment"
    console.app.screen._opened_at -= 1
    await console.press("enter")
    assert not isinstance(console.app.screen, PlanDialog)
    assert not console.changes


async def test_the_start_button_runs_the_plan_and_every_item_gets_its_result(console: Console) -> None:
    await console.press("3", "slash")
    await console.type("status:dead")
    await console.press("enter", "space", "space", "space")
    refused = min(console.place.table.marks)
    console.provider.refuse = lambda verb, id_: (
        ItemResult(id=id_, result=Result.REJECTED, code="REPLAY_LIMIT", status=409, detail="limit reached")
        if id_ == refused
        else None
    )
    await console.press("Y")
    await console.until(lambda: isinstance(console.app.screen, PlanDialog))
    console.app.screen._opened_at -= 1
    await console.press("right")
    await console.until(lambda: console.app.focused is console.app.screen.query_one("#start"))
    await console.press("enter")
    await console.sees("accepted 2", "rejected 1", "REPLAY_LIMIT 1")
    await console.press("4")
    await console.sees("Results of #1, trouble first", "rejected", "limit reached")
    assert len([call for call in console.changes if call[0] == "replay"]) == 3


async def test_everything_that_matches_needs_the_count_typed(console: Console) -> None:
    await console.press("3", "slash")
    await console.type("status:dead")
    await console.press("enter", "asterisk")
    await console.sees("* all that match marked")
    await console.press("Y")
    await console.until(lambda: isinstance(console.app.screen, PlanDialog))
    await console.sees("replay 60 messages", "filter   status:dead", "type 60 to start", "the first 5")
    dialog = console.app.screen
    dialog._opened_at -= 1
    assert dialog.query_one("#start", Button).disabled
    await console.type("59")
    await console.press("enter")
    assert console.app.screen is dialog, "the wrong number starts nothing"
    dialog.query_one(Input).value = "60"
    await console.press("enter")
    await console.until(lambda: console.app.desk.jobs and not console.app.desk.jobs[0].running)
    assert sum(call[0] == "replay" for call in console.changes) == 60
    await console.sees("accepted 60")


async def test_a_running_job_shows_progress_and_can_be_cancelled() -> None:
    async with running(thresholds=Thresholds(rate_per_s=4, typed_from=500)) as console:
        await console.press("3", "slash")
        await console.type("status:dead")
        await console.press("enter", "ctrl+a", "Y")
        await console.until(lambda: isinstance(console.app.screen, PlanDialog))
        console.app.screen._opened_at -= 1
        await console.press("right")
        await console.until(lambda: console.app.focused is console.app.screen.query_one("#start"))
        await console.press("enter")
        await console.sees("/60", "X cancel")
        await console.press("2")
        await console.sees("/60")
        assert "a job is running" in console.place.reason("change", ("pause",))
        await console.press("X")
        await console.until(lambda: not console.app.desk.jobs[0].running)
        await console.sees("cancelled")
        outcome = console.app.desk.jobs[0].outcome
        assert outcome is not None
        assert len(outcome.results) == 60, "every item has exactly one result"
        assert outcome.counts[Result.CANCELLED] + outcome.counts[Result.ACCEPTED] == 60


async def test_retry_now_on_a_triage_group_takes_the_messages_of_the_group(console: Console) -> None:
    await console.sees("billing-eu", "503")
    console.place.query_one("#failures").cursor = 1
    await console.pilot.pause()
    failure = console.place.current
    await console.press("T")
    await console.until(lambda: isinstance(console.app.screen, PlanDialog))
    await console.sees(f"retry now {failure.count} messages", failure.filter_text)


async def test_verbs_that_the_provider_lacks_say_why(console: Console) -> None:
    await console.press("3", "slash")
    await console.type("kind:inbound")
    await console.press("enter", "T")
    await console.until(lambda: console.app._notifications)
    assert any("inbound messages have no retry-now" in n.message for n in console.app._notifications)
    assert not console.changes


async def test_undo_takes_back_the_last_pause_with_its_own_question(console: Console) -> None:
    assert "no pause or resume" in console.place.reason("undo", ())
    await console.press("2")
    console.place.query_one("#endpoints").go_to("ep_orders")
    await console.press("P", "enter")
    await console.sees("accepted 1")
    await console.look_again()
    await console.press("Z")
    await console.sees("resume orders on demo?")
    await console.press("enter")
    await console.until(lambda: ("resume", "ep_orders") in console.changes)


async def test_production_asks_for_the_name_before_it_is_paused() -> None:
    from hooktop.console.settings import Safety

    async with running(context=make_context("prod-eu", safety=Safety.PRODUCTION)) as console:
        await console.press("2")
        console.place.query_one("#endpoints").go_to("ep_orders")
        await console.press("P")
        await console.until(lambda: isinstance(console.app.screen, PlanDialog))
        await console.sees("type orders to start")
        assert console.app.has_class("-production")


async def test_a_read_only_context_offers_no_change() -> None:
    async with running(context=make_context(read_only=True)) as console:
        await console.sees("READ-ONLY")
        await console.press("P")
        await console.pilot.pause()
        assert any("read-only" in n.message for n in console.app._notifications)
        assert not isinstance(console.app.screen, AskBar)


async def test_giving_up_a_waiting_retry(console: Console) -> None:
    await console.press("3", "slash")
    await console.type("status:retrying")
    await console.press("enter", "X")
    await console.sees("give up message", "The waiting retry is given up")
    await console.press("enter")
    await console.until(lambda: console.changes and console.changes[0][0] == "cancel")


async def test_a_dry_run_shows_the_plan_as_a_document(console: Console) -> None:
    await console.press("3", "slash")
    await console.type("status:dead")
    await console.press("enter", "space", "space", "Y")
    await console.until(lambda: isinstance(console.app.screen, PlanDialog))
    await console.press("ctrl+d")
    await console.sees('"action": "replay"', '"count": 2')
    assert not console.changes


async def test_a_change_that_cannot_be_recorded_is_not_made(tmp_path) -> None:
    from hooktop.console.operations.journal import Journal

    blocked = tmp_path / "file"
    blocked.write_text("")
    async with running(FakeProvider(outage_world())) as console:
        console.app.desk.journal = Journal(blocked / "folder")
        await console.press("2")
        console.place.query_one("#endpoints").go_to("ep_orders")
        await console.press("P", "enter")
        await console.sees("not started", "cannot be written")
        assert not console.changes
        assert console.world.endpoints["ep_orders"].state is EndpointState.ACTIVE


async def test_the_activity_screen_lists_what_was_done(console: Console) -> None:
    await console.press("5")
    await console.sees("Nothing was changed from here yet")
    await console.press("2")
    console.place.query_one("#endpoints").go_to("ep_orders")
    await console.press("P", "enter")
    await console.sees("accepted 1")
    await console.press("5")
    await console.sees("pause", "accepted 1", "hooktop endpoints pause orders")
    assert console.world.messages
    assert all(m.state is not MessageState.UNKNOWN for m in console.world.messages.values())

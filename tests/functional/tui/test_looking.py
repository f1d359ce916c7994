"""Places, filters, details: what a person sees and how they get there; none of it changes anything."""

from __future__ import annotations

from datetime import timedelta

import pytest
from textual.binding import Binding
from textual.widgets import Input

from driving import Console, make_context, running
from fakes import FakeProvider, outage_world
from hooktop.console.app import HooktopApp
from hooktop.console.model import EndpointKind, MessageState
from hooktop.console.providers.base import AuthFailed, BadAnswer, Unreachable
from hooktop.console.screens.menu import Menu
from hooktop.console.screens.message import MessageScreen
from hooktop.console.screens.plan import AskBar, PlanDialog
from hooktop.console.widgets.header import PLACES
from hooktop.console.widgets.preview import Preview
from hooktop.console.widgets.viewer import Viewer


async def test_triage_names_the_endpoint_the_code_and_the_error_at_once(console: Console) -> None:
    await console.sees(
        "● LIVE", "billing-eu", "503", "upstream connect error", "warehouse", "‖ paused", "UTC 03:14:07"
    )


async def test_enter_on_a_group_shows_its_messages_and_escape_clears_the_filter(console: Console) -> None:
    failure = console.place.current
    await console.press("enter")
    await console.sees(failure.filter_text, f"{failure.count} of 600 messages")
    await console.press("escape")
    await console.sees("600 messages")
    assert failure.filter_text not in console.text


@pytest.mark.parametrize(("key", "name"), [(str(at), name) for at, (name, _) in enumerate(PLACES, start=1)])
async def test_every_place_has_a_key(console: Console, key: str, name: str) -> None:
    await console.press(key)
    assert console.place.place == name
    await console.sees(dict(PLACES)[name])


async def test_a_filter_narrows_while_typing_and_enter_keeps_it(console: Console) -> None:
    await console.press("3", "slash")
    await console.type("status:held endpoint:ware")
    await console.press("tab")
    assert console.place.query_one(Input).value == "status:held endpoint:warehouse"
    await console.press("enter")
    await console.sees("60 of 600 messages", "‖ held")
    assert console.app.focused is console.place.table


async def test_a_mistake_in_a_filter_is_pointed_at_and_changes_nothing(console: Console) -> None:
    await console.press("3", "slash")
    await console.type("statu:dead")
    await console.sees("^ ")
    assert "600 messages" in console.text
    await console.press("enter")
    assert console.place.query_one("#filter").is_open, "a wrong filter cannot be confirmed"
    await console.press("escape")
    assert console.place.filter_text == ""


async def test_keeping_and_dropping_rows_like_the_cell_under_the_cursor(console: Console) -> None:
    await console.press("3", "l", "equals_sign")
    await console.sees("status:retrying")
    await console.press("l", "exclamation_mark")
    await console.sees("-endpoint:")


async def test_sorting_by_menu_and_by_heading(console: Console) -> None:
    await console.press("3", "s")
    await console.sees("Sort by")
    await console.press("n")
    await console.sees("by number of tries ▾")
    await console.pilot.click("#list", offset=(4, 0))
    await console.until(lambda: "by number" not in console.text)


async def test_a_message_shows_attempts_headers_and_payload(console: Console) -> None:
    await console.press("3", "enter")
    await console.sees("status ~ retrying (pending_retry)", "TRY", '"customer": "acme"', "1 of 600")
    await console.press("right_square_bracket")
    await console.sees("webhook-id: msg_")
    await console.press("right_square_bracket")
    await console.sees("server: nginx", "upstream connect error", "first byte")
    await console.press("right_square_bracket")
    await console.sees("as the API sent it")


async def test_neighbours_are_one_key_away(console: Console) -> None:
    await console.press("3", "enter")
    await console.sees("1 of 600")
    first = console.place.message_id
    await console.press("n")
    await console.sees("2 of 600")
    await console.press("p")
    await console.until(lambda: console.place.message_id == first)
    await console.press("p")
    await console.until(lambda: any("first one" in n.message for n in console.app._notifications))
    await console.press("escape")
    assert not isinstance(console.place, MessageScreen)


async def test_searching_in_a_payload_counts_and_goes_from_hit_to_hit() -> None:
    provider = FakeProvider(outage_world(20))
    lines = ",".join(f'"k{n}":"needle {n}"' for n in range(200))
    for id_ in provider.world.messages:
        provider.world.payloads[id_] = b"{" + lines.encode() + b"}"
    async with running(provider) as console:
        await console.press("3", "enter")
        await console.sees('"k0"')
        await console.press("slash")
        await console.type("NEEDLE")
        await console.press("enter")
        await console.sees("200 matches for “NEEDLE”, line 1 of 200")
        await console.press("n")
        await console.sees("line 2 of 200")
        await console.press("escape")
        await console.until(lambda: "matches" not in console.text)
        assert isinstance(console.place, MessageScreen), "the first escape only ends the search"


async def test_a_message_deleted_while_shown_stays_readable_and_says_so(console: Console) -> None:
    await console.press("3", "enter")
    await console.sees('"customer": "acme"')
    del console.world.messages[console.place.message_id]
    await console.press("r")
    await console.sees("deleted elsewhere")
    assert "the message was deleted" in console.place.reason("change", ("replay",))


async def test_going_offline_keeps_the_rows_and_says_why_nothing_can_be_changed(console: Console) -> None:
    console.provider.fail = Unreachable("connection refused")
    await console.look_again()
    await console.sees("✗ OFFLINE", "next try in", "billing-eu", "data ")
    await console.press("P")
    await console.until(lambda: any("cannot be reached" in n.message for n in console.app._notifications))
    await console.press("3")
    await console.sees("600 messages")
    assert console.place.table.stale
    console.provider.fail = None
    await console.look_again()
    await console.sees("● LIVE")
    assert not console.place.table.stale
    assert not console.changes


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AuthFailed("the key was refused", status=401), "AUTH FAILED"),
        (BadAnswer("the answer is HTML"), "BAD ANSWER"),
        (Unreachable("no route"), "OFFLINE"),
    ],
)
async def test_it_is_never_called_live_before_an_answer(error: Exception, words: str) -> None:
    provider = FakeProvider(outage_world(20))
    provider.fail = error
    async with running(provider, loaded=False) as console:
        await console.sees(words, "No answer from the API yet", str(error.args[0]))
        assert "● LIVE" not in console.text


async def test_while_the_first_answer_is_awaited_the_screen_says_so() -> None:
    import asyncio

    provider = FakeProvider(outage_world(20))
    provider.gate = asyncio.Event()
    async with running(provider, loaded=False) as console:
        await console.sees("○ CONNECTING", "waiting for the first answer", "No answer from the API yet")
        provider.gate.set()
        await console.sees("● LIVE")


async def test_another_context_can_be_opened_while_the_present_one_is_unreachable() -> None:
    provider = FakeProvider(outage_world(40))
    provider.fail = Unreachable("connection refused")
    async with running(provider, others=(make_context("stage", accent="blue"),), loaded=False) as console:
        await console.sees("OFFLINE")
        await console.press("7", "j", "enter")
        await console.sees(" stage ")
        assert console.app.desk.session.context.name == "stage"
        provider.fail = None
        await console.look_again()
        await console.sees("● LIVE")


async def test_an_empty_project_is_quiet(console: Console) -> None:
    async with running(FakeProvider(outage_world(0)), loaded=False) as empty:
        for endpoint in list(empty.world.endpoints):
            del empty.world.endpoints[endpoint]
        await empty.sees("Nothing is failing")
        await empty.press("3")
        await empty.sees("No messages in the last 48 hours")
        await empty.press("2")
        await empty.sees("no endpoints")


async def test_help_lists_every_key_with_the_reason_where_it_is_greyed(console: Console) -> None:
    await console.press("question_mark")
    await console.sees("Keys", "Pause", "no pause or resume to take back")
    await console.press("slash")
    await console.type("books")
    await console.until(lambda: len(console.app.screen.query_one("Table").rows) == 1)
    await console.press("enter")
    await console.sees("BOOKS")


async def test_the_books_put_every_message_in_one_class(console: Console) -> None:
    await console.press("2")
    console.place.query_one("#endpoints").go_to("ep_warehouse")
    await console.press("b")
    await console.sees("BOOKS · warehouse", "60  held", "60  in the provider's list", "no independent count")
    await console.press("escape", "1", "b")
    await console.sees("BOOKS")


async def test_the_action_menu_starts_a_change_but_never_finishes_one(console: Console) -> None:
    await console.press("m")
    await console.sees("Actions", "Pause the endpoint", "receivers can only be repaired in the lab")
    await console.press("P")
    await console.until(lambda: isinstance(console.app.screen, AskBar))
    assert not console.changes


async def test_copying_sends_the_text_to_the_terminal(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    await console.press("3", "y")
    await console.sees("Copy", "as command", "hooktop messages show")
    await console.press("i")
    await console.until(lambda: console.app.clipboard.startswith("msg_"))
    assert any("sent to the terminal" in n.message for n in console.app._notifications)


async def test_the_palette_finds_endpoints_and_places(console: Console) -> None:
    await console.press("ctrl+p")
    await console.type("warehouse")
    await console.sees("Messages of warehouse")
    await console.press("enter")
    await console.sees("endpoint:warehouse", "60 of 600")


async def test_quitting_asks_while_a_job_is_running(console: Console) -> None:
    from hooktop.console.screens.job import Job

    desk = console.app.desk
    endpoint = console.world.endpoints["ep_orders"]
    from hooktop.console.model import Verb

    desk.jobs.append(Job(number=1, plan=desk.plan(Verb.PAUSE, [endpoint], ""), context="demo"))
    await console.press("q")
    await console.sees("A job is running", "cancel the job and leave")
    await console.press("s")
    assert console.app.is_running


async def test_the_cursor_stays_on_its_message_when_newer_ones_arrive(console: Console) -> None:
    await console.press("3", "j", "j", "j")
    here = console.place.table.current
    newest = console.world.add_message(
        next(iter(console.world.endpoints.values())),
        0,
        MessageState.DELIVERED,
        id="msg_new",
        response_status=200,
    )
    console.world.now += timedelta(seconds=30)
    await console.look_again()
    await console.until(lambda: newest.id in console.app.desk.session.messages)
    await console.pilot.pause(0.15)
    assert console.place.table.current == here
    assert console.place.table.rows.key(0) == newest.id


async def test_the_pane_beside_the_list_is_drawn_once_the_cursor_rests(console: Console) -> None:
    await console.press("3")
    table, preview = console.place.table, console.place.query_one(Preview)
    drawn: list[str] = []
    preview.show_message = lambda message, endpoint, now: drawn.append(message.id)
    for _ in range(5):
        table.action_move(1)
    assert not drawn
    await console.until(lambda: drawn)
    assert set(drawn) == {table.current}


def test_every_binding_has_an_id_and_no_two_share_one() -> None:
    from hooktop.console.screens.base import ConsoleScreen
    from hooktop.console.screens.filtering import FilteredScreen
    from hooktop.console.screens.messages import MessagesScreen
    from hooktop.console.widgets.filterbar import FilterBar
    from hooktop.console.widgets.table import Table

    owners = (
        HooktopApp,
        ConsoleScreen,
        FilteredScreen,
        MessagesScreen,
        MessageScreen,
        AskBar,
        PlanDialog,
        Menu,
    )
    bindings = [
        b for owner in (*owners, Table, Viewer, FilterBar) for b in owner.__dict__.get("BINDINGS", ())
    ]
    ids = [binding.id for binding in bindings if isinstance(binding, Binding)]
    assert all(ids)
    assert len(ids) == len(bindings) == len(set(ids))


SAFE = {"enter", "escape", "ctrl+q", "q", "ctrl+c", "ctrl+p", "ctrl+z"}


@pytest.mark.parametrize("place", ["1", "2", "3", "4", "5", "6", "7"])
async def test_no_lower_case_or_control_key_changes_anything(console: Console, place: str) -> None:
    await console.press(place)
    keys = {key for key in console.app.screen.active_bindings if not key.isupper()} - SAFE
    for key in sorted(keys):
        await console.press(key)
        assert not isinstance(console.app.screen, AskBar | PlanDialog), key
        while len(console.app.screen_stack) > 1 and console.app.screen is not console.place:
            await console.press("escape")
        await console.press("escape", place)
    assert not console.changes


async def test_capital_letters_only_ever_open_a_question(console: Console) -> None:
    for place in "123":
        for key in "PUTYXZRD":
            await console.press(place, key)
            assert not console.changes, (place, key)
            while isinstance(console.app.screen, AskBar | PlanDialog | Menu):
                await console.press("escape")


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 50)])
async def test_every_place_fits_the_window(size: tuple[int, int]) -> None:
    async with running(size=size) as console:
        for place in "1234567":
            await console.press(place)
            await console.sees("? keys", "UTC 03:14:07")
            assert all(len(line) <= size[0] for line in console.text.splitlines())
        await console.press("3", "enter")
        await console.sees('"customer": "acme"')


async def test_a_window_that_is_too_small_says_what_it_needs() -> None:
    async with running(size=(40, 10), loaded=False) as console:
        await console.sees("too small")
        await console.pilot.resize_terminal(100, 30)
        await console.sees("ENDPOINT")


async def test_inbound_and_outbound_are_both_listed(console: Console) -> None:
    await console.press("2")
    await console.sees(EndpointKind.INBOUND.value, EndpointKind.OUTBOUND.value)

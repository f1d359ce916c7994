"""What is recorded, what is counted, and how the drill notices what the operator did."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from textwrap import wrap
from typing import Any

import pytest

from fakes import NOW, FakeProvider, FakeWorld
from hooktop.console.model import (
    Capabilities,
    Endpoint,
    EndpointKind,
    EndpointState,
    ItemResult,
    Message,
    MessageState,
    PauseMeaning,
    Result,
    Verb,
)
from hooktop.console.operations.actions import Outcome, make_plan, run
from hooktop.console.operations.drill import Drill
from hooktop.console.operations.gentle import resume_gently
from hooktop.console.operations.journal import IDS_MAX, Journal, JournalError
from hooktop.console.operations.reconcile import Class, classify, count
from hooktop.console.operations.scorecard import make_scorecard
from hooktop.console.operations.steps import STEPS, steps_for
from hooktop.console.providers.base import Refused
from hooktop.console.providers.lab import LabBooks
from hooktop.console.widgets.coach import WHY_LINES

# --- journal -------------------------------------------------------------------------------------------


def some(provider: FakeProvider, number: int) -> list[Message]:
    endpoint = provider.world.add_endpoint("a")
    return [provider.world.add_message(endpoint, n, MessageState.DEAD) for n in range(number)]


@pytest.mark.parametrize("folder", [True, False])
async def test_a_run_is_recorded_from_start_to_end(folder: bool, tmp_path: Path) -> None:
    provider = FakeProvider()
    journal = Journal(tmp_path / "state" if folder else None, context="prod", clock=lambda: NOW)
    plan = make_plan(Verb.REPLAY, some(provider, 3), provider, NOW, filter_text="status:dead")
    await run(plan, provider, rate=0, journal=journal, reason="INC-1")
    (entry,) = journal.entries()
    assert (entry.action, entry.context, entry.filter_text, entry.reason) == (
        "replay",
        "prod",
        "status:dead",
        "INC-1",
    )
    assert (entry.count, len(entry.ids), entry.counts) == (3, 3, (("accepted", 3),))
    assert entry.request_ids == ("req_2",) * 3
    if folder:
        assert journal.path is not None
        assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_a_large_set_is_recorded_by_count_and_digest() -> None:
    provider, journal = FakeProvider(), Journal(None)
    plan = make_plan(Verb.REPLAY, some(provider, IDS_MAX + 1), provider, NOW)
    journal.started(plan)
    (entry,) = journal.entries()
    assert (entry.count, entry.ids, len(entry.digest)) == (IDS_MAX + 1, (), 64)


async def test_nothing_is_sent_when_the_journal_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    provider = FakeProvider()
    plan = make_plan(Verb.REPLAY, some(provider, 1), provider, NOW)
    with pytest.raises(JournalError, match="cannot be written"):
        await run(plan, provider, journal=Journal(tmp_path / "file"))
    assert provider.calls == []


def test_a_run_that_never_ended_stays_visible_and_broken_lines_do_not_hide_others(tmp_path: Path) -> None:
    provider, journal = FakeProvider(), Journal(tmp_path)
    journal.started(make_plan(Verb.REPLAY, some(provider, 1), provider, NOW))
    assert journal.path is not None
    with journal.path.open("a") as stream:
        stream.write('{"half": \n[1]\n{}\n')
    (entry,) = journal.entries()
    assert (entry.ended_at, entry.counts) == (None, ())


def test_an_empty_journal_is_empty(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none").entries() == ()


# --- books ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "changes", "expected"),
    [
        (MessageState.DELIVERED, {}, Class.DELIVERED),
        (MessageState.WAITING, {}, Class.OPEN),
        (MessageState.RETRYING, {}, Class.OPEN),
        (MessageState.HELD, {}, Class.HELD),
        (MessageState.DEAD, {}, Class.DEAD),
        (MessageState.DEAD, {"payload_expires_at": NOW}, Class.REFUSED),
        (MessageState.DEAD, {"id": "refused"}, Class.REFUSED),
        (MessageState.DELIVERED, {"id": "refused"}, Class.DELIVERED),
        (MessageState.DISCARDED, {}, Class.DISCARDED),
        (MessageState.PAYLOAD_GONE, {}, Class.REFUSED),
        (MessageState.CANCELLED, {}, Class.CANCELLED),
        (MessageState.UNKNOWN, {}, Class.UNKNOWN),
    ],
)
def test_every_message_has_one_class(state: MessageState, changes: dict[str, Any], expected: Class) -> None:
    world = FakeWorld()
    message = world.add_message(world.add_endpoint("a"), 5, state, **changes)
    assert classify(message, {"refused": "x"}, NOW) is expected


def truth(accepted: int, delivered: int, more: tuple[str, ...] = ()) -> LabBooks:
    states = {"delivered": delivered, "dead": accepted - delivered}
    return LabBooks(
        accepted=accepted,
        by_state=states,
        delivered_once=delivered,
        delivered_more=more,
        receiver_2xx=delivered,
    )


@pytest.mark.parametrize(
    ("states", "found", "problem"),
    [
        ([MessageState.DELIVERED] * 3, truth(3, 3), ""),
        ([MessageState.DELIVERED] * 2 + [MessageState.PAYLOAD_GONE], truth(3, 2), ""),
        ([MessageState.DELIVERED] * 2, truth(3, 2), "lost"),
        ([MessageState.DELIVERED] * 3, truth(3, 3, ("m1",)), "duplicated"),
        ([MessageState.DELIVERED] * 3, truth(3, 2), "contradicted"),
        ([MessageState.DELIVERED, MessageState.RETRYING], truth(2, 1), "unresolved"),
        ([MessageState.DELIVERED, MessageState.DEAD], truth(2, 1), "unresolved"),
        ([MessageState.DELIVERED, MessageState.HELD], truth(2, 1), "unresolved"),
        ([MessageState.DELIVERED] * 3, truth(2, 3), "more listed than accepted"),
        ([MessageState.DELIVERED] * 3, None, ""),
    ],
)
def test_books_balance_only_when_nothing_is_open(
    states: list[MessageState], found: LabBooks | None, problem: str
) -> None:
    world = FakeWorld()
    endpoint = world.add_endpoint("a")
    rows = [world.add_message(endpoint, 5, state) for state in states]
    books = count(endpoint, rows, until=NOW, now=NOW, truth=found)
    assert books.balanced is (problem == "")
    if problem in {"lost", "duplicated", "contradicted", "unresolved"}:
        assert getattr(books, problem) == 1


def test_a_scorecard_sums_its_books_and_none_balance_nothing() -> None:
    world = FakeWorld()
    endpoint = world.add_endpoint("a")
    rows = [
        world.add_message(endpoint, 5, MessageState.DELIVERED),
        world.add_message(endpoint, 5, MessageState.DEAD),
    ]
    books = count(
        endpoint, rows, until=NOW, now=NOW, refused={rows[1].id: "payload expired"}, truth=truth(2, 1)
    )
    card = make_scorecard([books, books], steps=(("a", "b"),), elapsed_s=1.23, project_elapsed_s=60)
    assert (card.balanced, card.accepted, card.delivered, card.refused) == (
        True,
        4,
        2,
        (("payload expired", 2),),
    )
    assert card.as_document()["endpoints"][0]["balanced"] is True
    assert not make_scorecard([], steps=(), elapsed_s=0, project_elapsed_s=0).balanced


# --- a gentle resume -----------------------------------------------------------------------------------


class Tap(FakeProvider):
    """Delivers one held message for every read after a resume; the receiver answers ``status``."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status
        self.rates: list[int | None] = []
        self.endpoint_ = self.world.add_endpoint("a", state=EndpointState.PAUSED, rate_limit_rps=50)
        for age in range(5):
            self.world.add_message(self.endpoint_, 100 + age, MessageState.HELD, attempts=0)

    async def set_rate(self, endpoint: Endpoint, per_second: int | None) -> ItemResult:
        self.rates.append(per_second)
        return ItemResult(id=endpoint.id, result=Result.ACCEPTED)

    async def messages(self, *args: Any, **kwargs: Any) -> Any:
        page = await super().messages(*args, **kwargs)
        if self.world.endpoints[self.endpoint_.id].state is EndpointState.ACTIVE:
            held = [m for m in self.world.messages.values() if m.state is MessageState.HELD]
            for message in held[:1]:
                ok = self.status == 200
                state = MessageState.DELIVERED if ok else MessageState.RETRYING
                self.world.messages[message.id] = replace(
                    message, state=state, attempts=1, response_status=self.status
                )
        return page


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize(("status", "state"), [(200, EndpointState.ACTIVE), (503, EndpointState.PAUSED)])
async def test_the_first_message_decides_and_the_limit_comes_back(status: int, state: EndpointState) -> None:
    tap = Tap(status)
    verdict = await resume_gently(tap.endpoint_, tap, sleep=no_sleep)
    assert verdict.ok is (status == 200)
    assert verdict.test is not None
    assert tap.world.endpoints["ep_a"].state is state
    assert tap.rates == [1, 50]
    assert str(status) in verdict.detail


async def test_the_limit_comes_back_when_resume_is_refused() -> None:
    tap = Tap(200)
    tap.refuse = lambda verb, id_: ItemResult(id=id_, result=Result.REJECTED, detail="locked")
    with pytest.raises(Refused, match="locked"):
        await resume_gently(tap.endpoint_, tap, sleep=no_sleep)
    assert tap.rates == [1, 50]


async def test_nothing_to_test_with_is_said() -> None:
    tap = Tap(200)
    tap.world.messages.clear()
    verdict = await resume_gently(tap.endpoint_, tap, sleep=no_sleep, wait_s=2)
    assert (verdict.ok, verdict.test, tap.rates) == (True, None, [1, 50])
    assert "nothing was tried" in verdict.detail


# --- the drill, played by hand -------------------------------------------------------------------------


class Scene:
    """A world, and the drill that watches it."""

    def __init__(self) -> None:
        self.provider = FakeProvider()
        self.provider.answered = True
        self.world = self.provider.world
        self.drill = Drill(self.provider, None, monotonic=lambda: 0.0)  # type: ignore[arg-type]
        self.billing, self.ledger = self.world.add_endpoint("billing-eu"), self.world.add_endpoint("ledger")
        for age in range(5):
            self.world.add_message(self.billing, 2400 - age, MessageState.RETRYING, response_status=503)
            self.world.add_message(self.ledger, 3000 - age, MessageState.DEAD, response_status=401)

    def look(self) -> str:
        """Observe once; returns the key of the step that is now current."""
        self.drill.observe(self.world.endpoints.values(), self.world.messages.values())
        return self.drill.step.key if self.drill.step else "end"

    def all_of(self, endpoint: Endpoint, **changes: Any) -> None:
        for message in list(self.world.messages.values()):
            if message.endpoint_id == endpoint.id:
                self.world.messages[message.id] = replace(message, **changes)

    def switch(self, endpoint: Endpoint, state: EndpointState) -> None:
        self.world.endpoints[endpoint.id] = replace(endpoint, state=state, state_word=state.value)


def test_the_steps_follow_what_the_operator_does() -> None:
    scene = Scene()
    assert scene.drill.step is not None
    assert scene.drill.step.key == "find"
    assert scene.look() == "pause"
    assert scene.drill.facts["find"] == "billing-eu answers 503: 5 messages wait, the oldest for 40 min"
    assert scene.drill.focus == ("billing-eu", "ledger")
    assert scene.look() == "pause"
    scene.switch(scene.billing, EndpointState.PAUSED)
    assert scene.look() == "held"
    assert scene.look() == "held"
    scene.world.add_message(scene.billing, 1, MessageState.HELD, attempts=0)
    assert scene.look() == "repair"
    assert scene.look() == "repair"
    scene.drill.repaired("ep_billing-eu")
    assert scene.look() == "test"
    scene.switch(scene.billing, EndpointState.ACTIVE)
    assert scene.look() == "test"
    scene.world.add_message(scene.billing, 0, MessageState.DELIVERED, delivered_at=NOW + timedelta(seconds=1))
    assert scene.look() == "drain"
    assert scene.look() == "drain"
    scene.all_of(scene.billing, state=MessageState.DELIVERED)
    assert scene.look() == "mend"
    assert scene.look() == "mend"
    scene.drill.repaired("ep_ledger")
    assert scene.look() == "replay"
    assert scene.look() == "replay"
    scene.all_of(scene.ledger, state=MessageState.DELIVERED)
    assert scene.look() == "prove"
    assert not scene.drill.finished


def test_dead_letters_that_were_refused_for_good_do_not_hold_the_drill() -> None:
    scene = Scene()
    scene.look()
    scene.drill.index = [step.key for step in scene.drill.steps].index("mend")
    scene.drill.repaired("ep_ledger")
    assert scene.look() == "replay"
    dead = [m for m in scene.world.messages.values() if m.endpoint_id == "ep_ledger"]
    plan = make_plan(Verb.REPLAY, dead, scene.provider, NOW)
    gone = [ItemResult(id=m.id, result=Result.REJECTED, status=410, code="RETENTION_EXPIRED") for m in dead]
    assert scene.look() == "replay"
    scene.drill.replay_ended(Outcome(plan=plan, results=tuple(gone), elapsed_s=0))
    assert scene.look() == "prove"
    assert "5 cannot be any more" in scene.drill.facts["replay"]


def test_the_fact_names_whose_dead_letters_went_and_whose_did_not() -> None:
    scene = Scene()
    analytics = scene.world.add_endpoint("analytics")
    scene.world.add_message(analytics, 3000, MessageState.DEAD, response_status=400)
    scene.look()
    scene.drill.index = [step.key for step in scene.drill.steps].index("mend")
    scene.drill.repaired("ep_ledger")
    scene.all_of(scene.ledger, state=MessageState.DELIVERED)
    assert [scene.look(), scene.look()] == ["replay", "prove"]
    fact = scene.drill.facts["replay"]
    assert fact == "the dead letters of ledger were sent again; analytics still has 1"


def test_a_receiver_repaired_before_its_turn_is_remembered() -> None:
    scene = Scene()
    scene.look()
    scene.drill.repaired("ep_billing-eu")
    scene.switch(scene.billing, EndpointState.PAUSED)
    scene.world.add_message(scene.billing, 1, MessageState.HELD, attempts=0)
    assert [scene.look(), scene.look(), scene.look()] == ["held", "repair", "test"]


def test_a_quiet_world_has_nothing_to_find() -> None:
    scene = Scene()
    scene.all_of(scene.billing, state=MessageState.DELIVERED)
    assert scene.look() == "find"


def test_the_steps_are_true_for_a_provider_that_discards() -> None:
    discarding = steps_for(Capabilities(pause=PauseMeaning.DISCARD))
    assert [step.key for step in discarding] == [step.key for step in STEPS]
    assert "refuses a replay" in discarding[4].why
    assert "one message a second" in STEPS[4].why
    assert steps_for(Capabilities(pause=PauseMeaning.HOLD)) == STEPS
    assert EndpointKind.OUTBOUND in FakeProvider().kinds


def test_hints_name_the_endpoints_and_fit_a_narrow_window() -> None:
    scene = Scene()
    scene.look()
    for index, step in enumerate(scene.drill.steps):
        scene.drill.index = index
        assert "{" not in scene.drill.hint
        assert len(scene.drill.hint) <= 52, step.key
        assert len(wrap(step.why, 78)) <= WHY_LINES, step.key
    scene.drill.index = [step.key for step in scene.drill.steps].index("replay")
    assert "ledger" in scene.drill.hint
    assert scene.drill.endpoint is not None
    assert scene.drill.endpoint.name == "ledger"

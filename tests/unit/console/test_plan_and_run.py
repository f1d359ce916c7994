"""Plans say what will happen before anything is sent; runs give every item exactly one result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fakes import NOW, FakeProvider, FakeWorld
from hooktop.console.model import (
    Capabilities,
    EndpointKind,
    EndpointState,
    ItemResult,
    Message,
    MessageState,
    PauseMeaning,
    Result,
    Verb,
)
from hooktop.console.operations.actions import Breaker, Confirm, Outcome, Plan, Progress, make_plan, run
from hooktop.console.operations.meaning import sentences
from hooktop.console.providers.base import (
    AnswerLost,
    AuthFailed,
    BadAnswer,
    NotFound,
    ProviderError,
    RateLimited,
    ReadOnly,
    Unreachable,
)
from hooktop.console.settings import Safety, Thresholds


class Time:
    """Sleeping moves the clock, nothing else does."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


class Provider(FakeProvider):
    """A replayed message is delivered when it is read next, unless its id is in ``failing``."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: set[str] = set()
        self.errors: dict[str, list[ProviderError]] = {}
        self.times: list[float] = []
        self.clock: Callable[[], float] = lambda: 0.0

    async def _call(self, what: str, about: str = "") -> None:
        await super()._call(what, about)
        if what not in {"message", "endpoint", "endpoints", "messages"}:
            self.times.append(self.clock())
            if self.errors.get(about):
                raise self.errors[about].pop(0)

    async def replay(self, message: Message) -> ItemResult:
        return await self._change("replay", message, MessageState.WAITING)

    async def message(self, kind: EndpointKind, message_id: str) -> Message:
        found = await super().message(kind, message_id)
        if found.state is not MessageState.WAITING:
            return found
        end = MessageState.RETRYING if message_id in self.failing else MessageState.DELIVERED
        return replace(found, state=end, attempts=found.attempts + 1, response_status=503)


def dead(provider: FakeProvider, count: int, **changes: Any) -> list[Message]:
    world = provider.world
    endpoint = world.endpoints.get("ep_a") or world.add_endpoint("a")
    state = changes.pop("state", MessageState.DEAD)
    return [world.add_message(endpoint, 1000 - n, state, **changes) for n in range(count)]


def plan_of(provider: FakeProvider, items: list[Message], **options: Any) -> Plan:
    return make_plan(Verb.REPLAY, items, provider, NOW, **options)


async def carry_out(plan: Plan, provider: FakeProvider, **options: Any) -> Outcome:
    time = options.pop("time", Time())
    options.setdefault("rate", 1000.0)
    return await run(plan, provider, sleep=time.sleep, monotonic=time, **options)


# --- plans ---------------------------------------------------------------------------------------------


def test_a_plan_is_frozen_oldest_first_and_without_doubles() -> None:
    provider = FakeProvider()
    items = dead(provider, 3)
    plan = plan_of(provider, [items[2], items[0], items[1], items[0]])
    assert [item.id for item in plan.items] == [item.id for item in items]
    assert (plan.oldest, plan.newest) == (items[0].created_at, items[2].created_at)
    assert plan.by_endpoint == (("a", 3),)


@pytest.mark.parametrize(
    ("verb", "changes", "reason"),
    [
        (Verb.REPLAY, {"state": MessageState.WAITING}, "still on its way"),
        (Verb.REPLAY, {"state": MessageState.HELD}, "still on its way"),
        (Verb.REPLAY, {"payload_expires_at": NOW}, "its payload has expired"),
        (Verb.REPLAY, {"state": MessageState.PAYLOAD_GONE}, "its payload has expired"),
        (Verb.REPLAY, {"state": MessageState.DELIVERED, "replays": 10}, "replayed 10 times"),
        (Verb.REPLAY, {"deleted_at": NOW}, "deleted"),
        (Verb.RETRY_NOW, {"state": MessageState.DEAD}, "waiting for a retry"),
        (Verb.CANCEL, {"state": MessageState.DELIVERED}, "waiting for a retry"),
        (Verb.PAUSE, {}, "acts on endpoints"),
    ],
)
def test_items_are_skipped_with_their_reason(verb: Verb, changes: dict[str, Any], reason: str) -> None:
    provider = FakeProvider()
    plan = make_plan(verb, dead(provider, 1, **changes), provider, NOW)
    assert plan.items == ()
    assert reason in plan.skipped[0].reason
    assert plan.skipped_by_reason[0][1] == 1


@pytest.mark.parametrize(
    ("verb", "changes"),
    [
        (Verb.REPLAY, {"replays": 10}),
        (Verb.REPLAY, {"state": MessageState.DELIVERED, "replays": 9}),
        (Verb.REPLAY, {"state": MessageState.UNKNOWN}),
        (Verb.RETRY_NOW, {"state": MessageState.RETRYING}),
        (Verb.RETRY_NOW, {"state": MessageState.UNKNOWN}),
        (Verb.REPLAY, {"payload_expires_at": NOW + timedelta(seconds=1)}),
    ],
)
def test_items_that_may_be_sent(verb: Verb, changes: dict[str, Any]) -> None:
    provider = FakeProvider()
    assert len(make_plan(verb, dead(provider, 1, **changes), provider, NOW).items) == 1


def test_a_verb_the_kind_lacks_is_skipped_with_the_reason_of_the_provider() -> None:
    provider = FakeProvider()
    endpoint = provider.world.add_endpoint("in", EndpointKind.INBOUND)
    message = provider.world.add_message(endpoint, 5, MessageState.RETRYING)
    plan = make_plan(Verb.RETRY_NOW, [message], provider, NOW)
    assert plan.skipped[0].reason == "inbound messages have no retry-now"


@pytest.mark.parametrize(
    ("verb", "state", "reason"),
    [
        (Verb.PAUSE, EndpointState.PAUSED, "already paused"),
        (Verb.RESUME, EndpointState.ACTIVE, "not paused"),
        (Verb.PAUSE, EndpointState.DISABLED, "cannot be paused"),
        (Verb.REPLAY, EndpointState.ACTIVE, "acts on messages"),
    ],
)
def test_endpoints_that_are_as_wanted_are_skipped(verb: Verb, state: EndpointState, reason: str) -> None:
    provider = FakeProvider()
    endpoint = provider.world.add_endpoint("a", state=state)
    assert reason in make_plan(verb, [endpoint], provider, NOW).skipped[0].reason


def test_replay_to_a_paused_endpoint_where_that_is_refused() -> None:
    provider = FakeProvider()
    limits = replace(provider.capabilities(EndpointKind.OUTBOUND), replay_while_paused=False)
    provider.capabilities = lambda kind: limits  # type: ignore[method-assign]
    items = dead(provider, 1)
    paused = replace(provider.world.endpoints["ep_a"], state=EndpointState.PAUSED)
    plan = plan_of(provider, items, endpoints={paused.id: paused})
    assert plan.skipped[0].reason == "its endpoint is paused: resume it first"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (PauseMeaning.HOLD, "accepted and held"),
        (PauseMeaning.REJECT, "REFUSED at the door"),
        (PauseMeaning.DISCARD, "STILL GO OUT"),
    ],
)
def test_the_three_meanings_of_pause(kind: PauseMeaning, words: str) -> None:
    told = " ".join(sentences(Verb.PAUSE, EndpointKind.OUTBOUND, Capabilities(pause=kind), "X"))
    assert words in told
    assert f"pause means {kind.value}" in told
    assert "in flight" in told


@pytest.mark.parametrize(
    ("meaning", "confirm"),
    [
        (PauseMeaning.HOLD, Confirm.INLINE),
        (PauseMeaning.REJECT, Confirm.MODAL),
        (PauseMeaning.DISCARD, Confirm.MODAL),
    ],
)
def test_a_pause_that_keeps_messages_from_being_sent_later_is_asked_about(
    meaning: PauseMeaning, confirm: Confirm
) -> None:
    provider = FakeProvider()
    provider.capabilities = lambda kind: Capabilities(pause=meaning)  # type: ignore[method-assign]
    endpoint = provider.world.add_endpoint("one")
    assert make_plan(Verb.PAUSE, [endpoint], provider, NOW).confirm is confirm


def test_resume_says_how_long_it_takes() -> None:
    capabilities = Capabilities(pause=PauseMeaning.HOLD, resume_delay_s=(60, 300))
    assert "1 min to 5 min" in " ".join(sentences(Verb.RESUME, EndpointKind.OUTBOUND, capabilities, "X"))


@pytest.mark.parametrize(
    ("count", "safety", "filter_text", "confirm", "typed"),
    [
        (1, Safety.NORMAL, "", Confirm.INLINE, None),
        (2, Safety.NORMAL, "", Confirm.MODAL, None),
        (49, Safety.NORMAL, "", Confirm.MODAL, None),
        (50, Safety.NORMAL, "", Confirm.TYPED, "50"),
        (1, Safety.PRODUCTION, "", Confirm.MODAL, None),
        (2, Safety.PRODUCTION, "status:dead", Confirm.TYPED, "2"),
        (2, Safety.NORMAL, "status:dead", Confirm.TYPED, "2"),
        (1, Safety.NORMAL, "status:dead", Confirm.INLINE, None),
    ],
)
def test_confirmation_grows_with_the_risk(
    count: int, safety: Safety, filter_text: str, confirm: Confirm, typed: str | None
) -> None:
    provider = FakeProvider()
    plan = plan_of(provider, dead(provider, count), safety=safety, filter_text=filter_text)
    assert (plan.confirm, plan.needs_typed) == (confirm, typed)


def test_pausing_a_production_endpoint_wants_its_name() -> None:
    provider = FakeProvider()
    endpoint = provider.world.add_endpoint("billing")
    plan = make_plan(Verb.PAUSE, [endpoint], provider, NOW, safety=Safety.PRODUCTION)
    assert (plan.confirm, plan.needs_typed, plan.undo) == (Confirm.TYPED, "billing", True)


def test_duplicates_are_warned_of() -> None:
    provider = FakeProvider()
    items = dead(provider, 1, state=MessageState.DELIVERED) + dead(
        provider, 2, last_error="timeout after 30 s"
    )
    told = " ".join(plan_of(provider, items).warnings)
    assert "1 already reached the receiver" in told
    assert "2 timed out last" in told
    assert "Cannot be undone" in told


@pytest.mark.parametrize(
    ("count", "filter_text", "command"),
    [
        (1, "", "hooktop messages replay msg_00000000 --context prod"),
        (30, "status:dead age:<2h", "hooktop messages replay --filter 'status:dead age:<2h' --context prod"),
        (30, "", "hooktop messages replay --ids-from - --context prod"),
    ],
)
def test_the_command_that_does_the_same(count: int, filter_text: str, command: str) -> None:
    provider = FakeProvider()
    plan = plan_of(provider, dead(provider, count), filter_text=filter_text, context="prod")
    assert plan.command == command


def test_the_plan_as_data_counts_what_it_lists() -> None:
    provider = FakeProvider()
    document = plan_of(provider, dead(provider, 25) + dead(provider, 1, deleted_at=NOW)).as_document()
    assert (document["count"], len(document["ids"]), len(document["skipped"])) == (25, 25, 1)
    assert document["canary"] == 5


# --- runs ----------------------------------------------------------------------------------------------


async def test_every_item_is_accepted_and_told() -> None:
    provider, seen = Provider(), list[Progress]()
    outcome = await carry_out(plan_of(provider, dead(provider, 7)), provider, on_progress=seen.append)
    assert outcome.counts == {Result.ACCEPTED: 7}
    assert outcome.complete
    assert (seen[-1].done, seen[-1].total, seen[-1].phase) == (7, 7, "done")


async def test_the_rate_is_kept_over_all_workers() -> None:
    provider, time = Provider(), Time()
    provider.clock = time
    await carry_out(plan_of(provider, dead(provider, 20)), provider, rate=4.0, concurrency=5, time=time)
    gaps = [later - earlier for earlier, later in zip(provider.times, provider.times[1:], strict=False)]
    assert min(gaps) >= 0.25 - 1e-9
    assert time.now == pytest.approx(19 / 4, abs=0.5)


async def test_the_canary_must_arrive_before_the_rest_follows() -> None:
    provider = Provider()
    outcome = await carry_out(plan_of(provider, dead(provider, 30)), provider)
    first = [what for what, _ in provider.calls].index("message")
    assert [what for what, _ in provider.calls[:first]] == ["replay"] * 5
    assert outcome.counts == {Result.ACCEPTED: 30}


async def test_a_canary_that_does_not_arrive_stops_the_rest() -> None:
    provider = Provider()
    items = dead(provider, 30)
    provider.failing = {items[2].id}
    outcome = await carry_out(plan_of(provider, items), provider)
    assert outcome.counts == {Result.ACCEPTED: 5, Result.CANCELLED: 25}
    assert items[2].id in outcome.stopped
    assert "503" in outcome.stopped


async def test_a_canary_that_stays_open_is_undecided() -> None:
    provider = Provider()
    items = dead(provider, 30)
    plan = plan_of(provider, items)
    held = FakeProvider.message
    provider.message = held.__get__(provider)  # type: ignore[method-assign]
    outcome = await carry_out(plan, provider, canary_wait_s=10)
    assert "undecided" in outcome.stopped
    assert outcome.counts[Result.CANCELLED] == 25


async def test_a_canary_refused_for_good_is_no_canary() -> None:
    provider = Provider()
    items = dead(provider, 30)
    gone = {item.id for item in items[:8]}
    provider.refuse = lambda verb, id_: (
        ItemResult(id=id_, result=Result.REJECTED, status=410, code="RETENTION_EXPIRED")
        if id_ in gone
        else None
    )
    outcome = await carry_out(plan_of(provider, items), provider)
    assert outcome.counts == {Result.ACCEPTED: 22, Result.REJECTED: 8}
    assert outcome.reasons == (("RETENTION_EXPIRED", 8),)
    assert not outcome.complete


async def test_a_canary_for_a_paused_endpoint_is_not_waited_for() -> None:
    provider = Provider()
    items = dead(provider, 30)
    paused = replace(provider.world.endpoints["ep_a"], state=EndpointState.PAUSED)
    plan = plan_of(provider, items, endpoints={paused.id: paused})
    assert "held, not delivered" in " ".join(plan.warnings)
    provider.failing = {item.id for item in items}
    assert (await carry_out(plan, provider)).counts == {Result.ACCEPTED: 30}


async def test_the_breaker_leaves_the_rest_untouched() -> None:
    provider = Provider()
    items = dead(provider, 100)
    provider.refuse = lambda verb, id_: (
        ItemResult(id=id_, result=Result.REJECTED, status=409, code="BUSY") if int(id_[-2:]) >= 40 else None
    )
    outcome = await carry_out(plan_of(provider, items), provider, concurrency=1)
    assert "of the last 50 failed" in outcome.stopped
    assert outcome.counts[Result.REJECTED] == 11
    assert outcome.counts[Result.CANCELLED] == 100 - 40 - 11


async def test_three_failures_of_the_api_in_a_row_stop_it() -> None:
    provider = Provider()
    items = dead(provider, 10)
    for item in items:
        provider.errors[item.id] = [AnswerLost("timed out")]
    outcome = await carry_out(plan_of(provider, items), provider, concurrency=1)
    assert outcome.counts[Result.CANCELLED] == 7
    assert "3 answers in a row" in outcome.stopped


@pytest.mark.parametrize(
    ("error", "result", "stops"),
    [
        (AnswerLost("lost"), Result.UNKNOWN, False),
        (BadAnswer("html"), Result.UNKNOWN, False),
        (NotFound("gone", status=404), Result.REJECTED, False),
        (Unreachable("down"), Result.CANCELLED, True),
        (AuthFailed("no"), Result.REJECTED, True),
        (ReadOnly("no"), Result.SKIPPED, True),
    ],
)
async def test_each_error_of_an_item_has_one_result(
    error: ProviderError, result: Result, stops: bool
) -> None:
    provider = Provider()
    items = dead(provider, 4)
    provider.errors[items[0].id] = [error]
    outcome = await carry_out(plan_of(provider, items), provider, concurrency=1)
    assert outcome.results[0].result is result
    assert bool(outcome.stopped) is stops
    assert outcome.counts[Result.CANCELLED if stops else Result.ACCEPTED] >= 3
    assert len(outcome.results) == 4


async def test_a_lost_answer_is_read_again_before_it_is_called_unknown() -> None:
    class Late(Provider):
        async def replay(self, message: Message) -> ItemResult:
            await super().replay(message)
            raise AnswerLost("lost")

    provider = Late()
    outcome = await carry_out(plan_of(provider, dead(provider, 1)), provider)
    assert outcome.results[0].result is Result.ACCEPTED
    assert "confirmed by reading" in outcome.results[0].detail
    assert [what for what, _ in provider.calls] == ["replay", "message"]


async def test_asked_to_slow_down_it_waits_and_goes_on() -> None:
    provider, time = Provider(), Time()
    items = dead(provider, 2)
    provider.errors[items[0].id] = [RateLimited("slow", retry_after_s=30)]
    outcome = await carry_out(plan_of(provider, items), provider, time=time, concurrency=1)
    assert outcome.counts == {Result.ACCEPTED: 2}
    assert time.now >= 30


async def test_asked_to_slow_down_again_and_again_it_stops() -> None:
    provider = Provider()
    items = dead(provider, 2)
    provider.errors[items[0].id] = [RateLimited("slow", retry_after_s=1) for _ in range(9)]
    outcome = await carry_out(plan_of(provider, items), provider, concurrency=1)
    assert outcome.counts == {Result.REJECTED: 1, Result.CANCELLED: 1}


async def test_cancel_is_heard_before_the_next_item() -> None:
    provider, cancel = Provider(), asyncio.Event()

    def third(progress: Progress) -> None:
        if progress.done == 3:
            cancel.set()

    outcome = await carry_out(
        plan_of(provider, dead(provider, 9)), provider, cancel=cancel, concurrency=1, on_progress=third
    )
    assert outcome.counts == {Result.ACCEPTED: 3, Result.CANCELLED: 6}
    assert outcome.stopped == "cancelled"


async def test_skipped_targets_are_results_too() -> None:
    provider = Provider()
    items = dead(provider, 2) + dead(provider, 3, deleted_at=NOW)
    outcome = await carry_out(plan_of(provider, items), provider)
    assert outcome.counts == {Result.ACCEPTED: 2, Result.SKIPPED: 3}
    assert outcome.complete


async def test_an_empty_plan_sends_nothing() -> None:
    provider = Provider()
    outcome = await carry_out(plan_of(provider, []), provider)
    assert (outcome.results, provider.calls) == ((), [])


async def test_endpoints_are_paused_and_resumed() -> None:
    provider = Provider()
    endpoint = provider.world.add_endpoint("a")
    await carry_out(make_plan(Verb.PAUSE, [endpoint], provider, NOW), provider)
    paused = provider.world.endpoints[endpoint.id]
    assert paused.state is EndpointState.PAUSED
    outcome = await carry_out(make_plan(Verb.RESUME, [paused], provider, NOW), provider)
    assert outcome.results[0].count == 3


@pytest.mark.parametrize("status", [404, 410])
def test_facts_about_one_item_do_not_open_the_breaker(status: int) -> None:
    breaker = Breaker()
    gone = ItemResult(id="x", result=Result.REJECTED, status=status, code="GONE")
    assert not any(breaker.saw(gone) for _ in range(60))


def test_thresholds_decide_the_canary() -> None:
    provider = FakeProvider()
    plan = plan_of(provider, dead(provider, 5), thresholds=Thresholds(canary_above=3, canary_size=2))
    assert plan.canary == 2


def test_world_is_untouched_by_planning() -> None:
    provider = FakeProvider(FakeWorld())
    plan_of(provider, dead(provider, 3))
    assert provider.calls == []

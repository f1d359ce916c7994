"""Watching: cheap, convergent, honest about the connection, and never raising."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fakes import NOW, FakeProvider, FakeWorld
from hooktop.console.model import (
    Capabilities,
    Connection,
    EndpointKind,
    EndpointState,
    Message,
    MessageQuery,
    MessageState,
    Page,
    PauseMeaning,
)
from hooktop.console.operations.budget import Budget
from hooktop.console.operations.connection import ConnectionMonitor
from hooktop.console.operations.watch import Change, Watch
from hooktop.console.providers.base import (
    AuthFailed,
    BadAnswer,
    ProviderError,
    RateLimited,
    Refused,
    Unreachable,
)
from hooktop.console.stores.endpoints import EndpointStore
from hooktop.console.stores.messages import MessageStore

OUT = EndpointKind.OUTBOUND


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Provider(FakeProvider):
    """With the filters of a real one, and small pages."""

    kinds = (OUT,)

    def __init__(self, world: FakeWorld, page: int = 10, *, many: bool = False, codes: bool = True) -> None:
        super().__init__(world)
        self.asked: list[MessageQuery] = []
        self.limits = Capabilities(
            pause=PauseMeaning.HOLD,
            filter_states=frozenset({MessageState.RETRYING, MessageState.WAITING, MessageState.SENDING}),
            filter_many=many,
            codes_in_list=codes,
            page_limit=page,
        )

    def capabilities(self, kind: EndpointKind) -> Capabilities:
        return self.limits

    async def messages(
        self, query: MessageQuery, cursor: str | None = None, limit: int | None = None
    ) -> Page:
        self.asked.append(query)
        return await super().messages(query, cursor, limit)


class Rig:
    """A watch whose rounds are run one at a time."""

    def __init__(self, provider: FakeProvider, budget: int = 100_000) -> None:
        self.provider = provider
        self.world = provider.world
        self.time = Time()
        self.changes: list[Change] = []
        self.messages, self.endpoints = MessageStore(clock=lambda: NOW), EndpointStore()
        self.watch = Watch(
            provider,
            self.messages,
            self.endpoints,
            on_change=self.changes.append,
            budget_per_minute=budget,
            clock=lambda: NOW,
            monotonic=self.time,
            sleep=self._sleep,
        )
        self.naps: list[float] = []
        self.left = 0

    async def _sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.time.now += seconds
        self.left -= 1
        if self.left <= 0:
            raise asyncio.CancelledError
        await asyncio.sleep(0)

    async def rounds(self, number: int = 1) -> None:
        """Run until so many naps were taken: one a round, unless the budget makes it wait in between."""
        self.left = number
        task = asyncio.ensure_future(self.watch.run())
        await _until(lambda: task.done() or self.left <= 0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    @property
    def notes(self) -> list[str]:
        return [change.note for change in self.changes if change.note]

    def state_of(self, message: Message) -> MessageState | None:
        found = self.messages.get(message.id)
        return found.state if found else None


def world_of(count: int, state: MessageState = MessageState.DELIVERED) -> FakeWorld:
    world = FakeWorld()
    endpoint = world.add_endpoint("a")
    for age in range(count):
        world.add_message(endpoint, 100 + age, state)
    return world


def change(world: FakeWorld, message: Message, **changes: Any) -> None:
    world.messages[message.id] = replace(world.messages[message.id], **changes)


async def test_the_first_page_comes_before_all_else() -> None:
    rig = Rig(Provider(world_of(500)))
    first: list[int] = []
    upsert = rig.messages.upsert

    def noting(rows: Any) -> tuple[str, ...]:
        first.append(len(rig.provider.calls))
        return upsert(rows)

    rig.messages.upsert = noting  # type: ignore[method-assign]
    await rig.rounds()
    assert rig.provider.calls[:3] == [("check", ""), ("endpoints", "outbound"), ("messages", "outbound")]
    assert first[0] == 3
    assert rig.messages.get("msg_00000000") is not None


async def test_the_window_is_read_to_its_end_and_that_is_told() -> None:
    rig = Rig(Provider(world_of(500)))
    await rig.rounds(8)
    assert rig.messages.total == 500
    assert rig.watch.complete
    assert sum(item.complete for item in rig.changes) == 1
    assert rig.watch.identity == "shop"


async def test_messages_beyond_the_window_are_not_asked_for() -> None:
    world = world_of(3)
    old = world.add_message(
        world.endpoints["ep_a"], timedelta(days=30).total_seconds(), MessageState.DELIVERED
    )
    rig = Rig(Provider(world))
    await rig.rounds(2)
    assert rig.messages.total == 3
    assert rig.messages.get(old.id) is None


async def test_new_messages_arrive_also_when_they_are_many() -> None:
    rig = Rig(Provider(world_of(20)))
    await rig.rounds(2)
    for age in range(35):
        rig.world.add_message(rig.world.endpoints["ep_a"], age, MessageState.WAITING)
    await rig.rounds(1)
    assert rig.messages.total == 55


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("count", [1, 40])
async def test_what_left_a_hot_state_elsewhere_is_found(many: bool, count: int) -> None:
    rig = Rig(Provider(world_of(60, MessageState.RETRYING), many=many))
    await rig.rounds(8)
    moved = list(rig.world.messages.values())[:count]
    for message in moved:
        change(rig.world, message, state=MessageState.DELIVERED, state_word="succeeded")
    await rig.rounds(2)
    assert {rig.state_of(message) for message in moved} == {MessageState.DELIVERED}


async def test_held_messages_are_found_after_a_resume() -> None:
    world = world_of(40, MessageState.HELD)
    world.endpoints["ep_a"] = replace(
        world.endpoints["ep_a"], state=EndpointState.PAUSED, state_word="paused"
    )
    rig = Rig(Provider(world))
    await rig.rounds(6)
    quiet = len(rig.provider.calls)
    await rig.rounds(1)
    assert len(rig.provider.calls) - quiet <= 6
    world.endpoints["ep_a"] = replace(
        world.endpoints["ep_a"], state=EndpointState.ACTIVE, state_word="active"
    )
    for message in list(world.messages.values()):
        change(world, message, state=MessageState.DELIVERED)
    await rig.rounds(2)
    assert rig.messages.states[MessageState.DELIVERED] == 40


async def test_a_message_deleted_while_shown_leaves_with_a_note() -> None:
    rig = Rig(Provider(world_of(3, MessageState.RETRYING)))
    await rig.rounds(3)
    del rig.world.messages["msg_00000001"]
    await rig.rounds(1)
    assert rig.messages.get("msg_00000001") is None
    assert rig.notes == ["1 message was deleted elsewhere"]


async def test_rows_marked_as_deleted_leave_too() -> None:
    rig = Rig(Provider(world_of(3)))
    await rig.rounds(3)
    for message in list(rig.world.messages.values())[:2]:
        change(rig.world, message, deleted_at=NOW)
    await rig.rounds(1)
    assert rig.messages.total == 1
    assert rig.notes == ["2 messages were deleted elsewhere"]


async def test_a_final_message_that_vanished_is_found_by_the_slow_sweep() -> None:
    rig = Rig(Provider(world_of(60)))
    await rig.rounds(8)
    del rig.world.messages["msg_00000055"]
    await rig.rounds(14)
    assert rig.messages.get("msg_00000055") is None


async def test_an_endpoint_deleted_elsewhere_leaves_with_a_note() -> None:
    rig = Rig(Provider(world_of(1)))
    await rig.rounds(1)
    rig.world.add_endpoint("b")
    await rig.rounds(1)
    assert len(rig.endpoints) == 2
    del rig.world.endpoints["ep_b"]
    await rig.rounds(1)
    assert (len(rig.endpoints), rig.notes) == (1, ["b was deleted elsewhere"])


async def test_paused_elsewhere_is_seen_in_the_next_round() -> None:
    rig = Rig(Provider(world_of(1)))
    await rig.rounds(1)
    rig.world.endpoints["ep_a"] = replace(rig.world.endpoints["ep_a"], state=EndpointState.PAUSED)
    await rig.rounds(1)
    assert [endpoint.name for endpoint in rig.endpoints.paused()] == ["a"]


async def test_a_list_row_does_not_blank_what_the_detail_told() -> None:
    world = world_of(1)
    detailed = next(iter(world.messages.values()))
    change(world, detailed, content_type="", idempotency_key="", size_bytes=None)
    rig = Rig(Provider(world))
    rig.messages.upsert([replace(detailed, idempotency_key="order-1")])
    await rig.rounds(1)
    found = rig.messages.get(detailed.id)
    assert found is not None
    assert (found.content_type, found.idempotency_key, found.size_bytes) == (
        "application/json",
        "order-1",
        512,
    )


async def test_codes_are_looked_up_where_the_list_has_none() -> None:
    world = world_of(3, MessageState.RETRYING)
    provider = Provider(world, codes=False)
    rig = Rig(provider)

    async def attempts(kind: EndpointKind, message_id: str) -> Any:
        found = await FakeProvider.attempts(provider, kind, message_id)
        return tuple(replace(attempt, response_status=502) for attempt in found)

    provider.attempts = attempts  # type: ignore[method-assign]
    await rig.rounds(4)
    assert {message.response_status for message in rig.messages.all()} == {502}
    assert sum(what == "attempts" for what, _ in provider.calls) == 3


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Unreachable("no way"), Connection.OFFLINE),
        (AuthFailed("no key"), Connection.AUTH_FAILED),
        (RateLimited("slow", retry_after_s=20), Connection.RATE_LIMITED),
        (BadAnswer("html"), Connection.BAD_ANSWER),
        (Refused("400"), Connection.BAD_ANSWER),
    ],
)
async def test_trouble_is_told_and_never_raised_and_rows_stay(
    error: ProviderError, state: Connection
) -> None:
    rig = Rig(Provider(world_of(5)))
    await rig.rounds(2)
    rig.provider.fail = error
    await rig.rounds(1)
    view = rig.watch.connection.view()
    assert (view.state, view.detail) == (state, error.message)
    assert rig.messages.total == 5
    rig.provider.fail = None
    await rig.rounds(1)
    assert rig.watch.connection.view().state is Connection.LIVE


async def test_waits_grow_from_one_second_to_a_minute() -> None:
    rig = Rig(Provider(world_of(1)))
    rig.provider.fail = Unreachable("down")
    await rig.rounds(12)
    assert 1.0 <= rig.naps[0] <= 1.5
    assert all(1.0 <= nap <= 60.0 for nap in rig.naps)
    assert max(rig.naps) >= 30.0


async def test_refresh_now_starts_at_once() -> None:
    rig = Rig(Provider(world_of(1)))
    started: list[int] = []
    forever = asyncio.Event()

    async def sleep(seconds: float) -> None:
        started.append(len(rig.provider.calls))
        await forever.wait()

    rig.watch._sleep = sleep
    task = asyncio.ensure_future(rig.watch.run())
    await _until(lambda: len(started) == 1)
    rig.watch.refresh_now()
    await _until(lambda: len(started) == 2)
    assert started[1] > started[0]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _until(met: Callable[[], bool]) -> None:
    for _ in range(100_000):
        if met():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never happened")


async def test_paused_it_asks_nothing() -> None:
    rig = Rig(Provider(world_of(1)))
    rig.watch.pause()
    await rig.rounds(3)
    assert rig.provider.calls == []


async def test_the_budget_holds_over_any_minute() -> None:
    rig = Rig(Provider(world_of(3000, MessageState.RETRYING)), budget=100)
    stamps: list[float] = []
    call = rig.provider._call

    async def stamped(what: str, about: str = "") -> None:
        stamps.append(rig.time.now)
        await call(what, about)

    rig.provider._call = stamped  # type: ignore[method-assign]
    await rig.rounds(400)
    assert len(stamps) > 200
    assert max(sum(start <= at < start + 60 for at in stamps) for start in stamps) <= 100


async def test_a_small_burst_is_free_and_then_the_pace_is_even() -> None:
    time = Time()

    async def sleep(seconds: float) -> None:
        time.now += seconds

    budget = Budget(60, monotonic=time, sleep=sleep)
    takes: list[Awaitable[None]] = [budget.take() for _ in range(20)]
    for take in takes:
        await take
    assert time.now == pytest.approx(5.0)
    assert budget.spent == 20


def test_never_live_before_an_answer_and_stale_when_old() -> None:
    time = Time()
    monitor = ConnectionMonitor(monotonic=time, jitter=lambda: 0.5, stale_after_s=15)
    assert monitor.view().state is Connection.CONNECTING
    monitor.succeeded(12.5)
    time.now = 15.0
    assert (monitor.view().state, monitor.view().latency_ms, monitor.view().age_s) == (
        Connection.LIVE,
        12.5,
        15.0,
    )
    time.now = 15.5
    assert (monitor.view().state, monitor.view().since_s) == (Connection.STALE, 0.5)
    wait = monitor.failed(RateLimited("slow", retry_after_s=20))
    time.now += 5
    view = monitor.view()
    assert (wait, view.state, view.retry_in_s, view.attempt, view.age_s) == (
        20,
        Connection.RATE_LIMITED,
        15,
        1,
        20.5,
    )
    monitor.succeeded(None)
    assert (monitor.view().state, monitor.view().attempt, monitor.view().retry_in_s) == (
        Connection.LIVE,
        0,
        None,
    )


async def test_what_was_just_acted_on_is_read_again_whatever_its_state_was() -> None:
    provider = Provider(world_of(1500))
    rig = Rig(provider)
    while not rig.watch.complete:
        await rig.rounds(1)
    old = min(provider.world.messages.values(), key=lambda message: message.created_at)
    provider.world.messages[old.id] = replace(old, attempts=old.attempts + 7)
    await rig.rounds(1)
    assert rig.messages.get(old.id) == old, "the slow sweep has not come there yet"
    rig.watch.expect([old])
    await rig.rounds(1)
    assert rig.messages.get(old.id) == provider.world.messages[old.id]

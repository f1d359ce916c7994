"""The message store against a simple model: whatever is done, the view is the filtered, ordered truth."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import NOW, FakeWorld
from hooktop.console.model import Message, MessageState
from hooktop.console.stores.filter import parse
from hooktop.console.stores.messages import MessageStore, SortKey

ENDPOINT = FakeWorld().add_endpoint("billing-eu")


def row(number: int, state: MessageState = MessageState.DELIVERED, **changes: object) -> Message:
    return FakeWorld().add_message(ENDPOINT, number, state, id=f"m{number:04d}", **changes)


def store(*rows: Message, capacity: int = 1000) -> MessageStore:
    made = MessageStore(capacity=capacity, clock=lambda: NOW)
    made.upsert(rows)
    return made


def ids(made: MessageStore) -> list[str]:
    return [message.id for message in made.rows()]


def test_newest_first_by_default() -> None:
    made = store(row(30), row(10), row(20))
    assert ids(made) == ["m0010", "m0020", "m0030"]
    assert [made.row(at).id for at in range(len(made))] == ids(made)


def test_upsert_tells_what_changed_and_only_that() -> None:
    made = store(row(1), row(2))
    version = made.version
    assert made.upsert([row(1), row(2)]) == ()
    assert made.version == version
    assert made.upsert([row(1, MessageState.DEAD), row(3)]) == ("m0001", "m0003")
    assert made.version > version


def test_counts_follow() -> None:
    made = store(row(1), row(2, MessageState.DEAD))
    made.upsert([row(1, MessageState.DEAD)])
    made.remove(["m0002", "nobody"])
    assert {state: n for state, n in made.states.items() if n} == {MessageState.DEAD: 1}
    assert made.endpoints[ENDPOINT.id] == made.total == 1


def test_a_row_that_no_longer_passes_leaves_the_view() -> None:
    made = store(*(row(n, MessageState.DEAD) for n in range(100)))
    made.set_filter(parse("status:dead"))
    assert len(made) == 100
    made.upsert([row(5)])
    assert len(made) == 99
    assert made.find("m0005") is None
    assert made.find("m0006") == 5
    assert made.get("m0005") is not None


def test_rows_outgrow_an_age_filter_when_asked() -> None:
    now = NOW
    made = MessageStore(clock=lambda: now)
    made.upsert([row(10), row(50)])
    made.set_filter(parse("age:<1m"))
    assert len(made) == 2
    now += timedelta(seconds=30)
    made.refresh_ages()
    assert ids(made) == ["m0010"]


def test_the_oldest_make_room() -> None:
    made = store(*(row(n) for n in range(10)), capacity=4)
    assert ids(made) == ["m0000", "m0001", "m0002", "m0003"]
    assert made.evicted == 6


@pytest.mark.parametrize("key", list(SortKey))
def test_every_order_is_total_and_reversible(key: SortKey) -> None:
    made = store(*(row(n, attempts=n % 3, response_status=None if n % 2 else 503) for n in range(20)))
    made.set_sort(key, newest_first=True)
    down = ids(made)
    made.set_sort(key, newest_first=False)
    assert ids(made) == down[::-1]
    assert [made.find(id_) for id_ in ids(made)] == list(range(20))


def test_beyond_the_view_there_is_nothing() -> None:
    with pytest.raises(IndexError):
        store(row(1)).row(1)


def test_clear_forgets_all() -> None:
    made = store(row(1))
    made.clear()
    assert (len(made), made.total, list(made.all())) == (0, 0, [])


STATES = [MessageState.DEAD, MessageState.HELD, MessageState.DELIVERED]
STEP = st.tuples(st.integers(0, 60), st.sampled_from([*STATES, None]))


@settings(max_examples=60, deadline=None)
@given(
    batches=st.lists(st.lists(STEP, max_size=8), max_size=12),
    text=st.sampled_from(["", "status:dead", "age:<30s", "-status:held attempts:>1"]),
    key=st.sampled_from(list(SortKey)),
)
def test_the_view_equals_the_model(
    batches: list[list[tuple[int, MessageState | None]]], text: str, key: SortKey
) -> None:
    wanted, model = parse(text), dict[str, Message]()
    made = store(*(row(n) for n in range(0, 60, 2)))
    model.update({message.id: message for message in made.all()})
    made.set_filter(wanted)
    made.set_sort(key)
    for batch in batches:
        rows = [replace(row(n, state), attempts=n % 4) for n, state in batch if state is not None]
        gone = [f"m{n:04d}" for n, state in batch if state is None]
        made.upsert(rows)
        model.update({message.id: message for message in rows})
        made.remove(gone)
        for id_ in gone:
            model.pop(id_, None)
        expected = {message.id for message in model.values() if wanted.matches(message, NOW)}
        assert set(ids(made)) == expected
        assert len(made) == len(expected)
        assert all(made.row(made.find(id_) or 0).id == id_ for id_ in expected)


# --- many rows -----------------------------------------------------------------------------------------

MANY = 40_000
GENEROUS_S = 0.25


def patient(count: int = MANY) -> MessageStore:
    """A store with more rows than are sorted on the spot, its view up to date."""
    made = MessageStore(clock=lambda: NOW, patient=True)
    world = FakeWorld()
    states = (MessageState.DELIVERED, MessageState.DEAD)
    made.upsert(
        world.add_message(ENDPOINT, n * 7919 % count, states[n % 2], id=f"m{n:06d}") for n in range(count)
    )
    made.settle()
    return made


async def longest_block(made: MessageStore) -> float:
    """Bring the view up to date; the longest time in which no other task could run."""
    longest, done = 0.0, False

    async def tick() -> None:
        nonlocal longest
        before = time.perf_counter()
        while not done:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, before = max(longest, now - before), now

    ticking = asyncio.create_task(tick())
    await made.rebuild()
    done = True
    await ticking
    return longest


async def test_building_the_view_of_many_rows_lets_others_run() -> None:
    made = patient(100_000)
    for change in (
        lambda: made.set_filter(parse("status:dead attempts:>0 -endpoint:x* order")),
        lambda: made.set_filter(parse("")),
        lambda: made.set_sort(SortKey.AGE, newest_first=False),
        lambda: made.set_sort(SortKey.STATE),
    ):
        change()
        assert await longest_block(made) < GENEROUS_S
        assert not made.is_behind


async def test_until_it_is_built_the_old_view_stands_and_knows_itself_behind() -> None:
    made = patient()
    made.set_filter(parse("status:dead"))
    made.set_sort(SortKey.STATE)
    assert made.is_behind
    assert len(made) == MANY
    first = made.row(0)
    assert made.find(first.id) == 0
    made.remove([first.id])
    assert made.row(0).id == first.id, "the old view still names it"
    assert made.get(first.id) is None
    await made.rebuild()
    assert not made.is_behind
    assert len(made) == sum(message.state is MessageState.DEAD for message in made.all())


async def test_what_changes_while_the_view_is_built_is_in_it() -> None:
    made = patient()
    made.set_filter(parse("status:dead"))
    building = asyncio.create_task(made.rebuild())
    await asyncio.sleep(0)
    dead = next(message for message in made.all() if message.state is MessageState.DEAD)
    gone = next(m for m in made.all() if m.state is MessageState.DEAD and m.id != dead.id)
    made.upsert([row(1, MessageState.DEAD), replace(dead, state=MessageState.DELIVERED)])
    made.remove([gone.id])
    await building
    assert made.find("m0001") is not None
    assert made.find(dead.id) is None
    assert made.find(gone.id) is None
    assert len(made) == MANY // 2 - 1
    assert ids(made) == [m.id for m in sorted(made.rows(), key=lambda m: (m.created_at, m.id), reverse=True)]


async def test_another_filter_meanwhile_wins() -> None:
    made = patient()
    made.set_filter(parse("status:dead"))
    building = asyncio.create_task(made.rebuild())
    await asyncio.sleep(0)
    made.set_filter(parse("status:held"))
    await building
    assert (len(made), made.is_behind) == (0, False)


def test_who_acts_on_all_that_matches_does_not_wait() -> None:
    made = patient()
    made.set_filter(parse("status:dead"))
    made.settle()
    assert len(made) == MANY // 2

"""A drill step acts on what is there; what was in flight then, and failed since, needs the act once more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from driving import make_context
from fakes import FakeProvider
from hooktop.console.model import ItemResult, Message, MessageState
from hooktop.console.operations.drill import Drill, DrillError, until_seen
from hooktop.console.operations.journal import Journal
from hooktop.console.screens.coaching import Coach
from hooktop.console.screens.session import Session

NO_LAB = cast(Any, object())
"""These steps ask nothing of a lab."""


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


class Straggling(FakeProvider):
    """Retry-now delivers; then a delivery that was in flight fails against the old receiver."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = True
        self.billing = self.world.add_endpoint("billing-eu")
        self.world.add_message(self.billing, 600, MessageState.RETRYING, response_status=503)
        self.straggler = self.world.add_message(self.billing, 500, MessageState.DELIVERED)

    async def retry_now(self, message: Message) -> ItemResult:
        done = await super().retry_now(message)
        first = sum(verb == "retry-now" for verb, _ in self.calls) == 1
        self.world.messages[message.id] = replace(message, state=MessageState.DELIVERED)
        if first:
            self.world.messages[self.straggler.id] = replace(
                self.straggler, state=MessageState.RETRYING, response_status=503
            )
        return done


def draining(provider: FakeProvider) -> Drill:
    """A drill whose last step but one is the draining."""
    drill = Drill(provider, NO_LAB, sleep=no_sleep, monotonic=lambda: 0.0)
    drill.observe(provider.world.endpoints.values(), provider.world.messages.values())
    drill.index = [step.key for step in drill.steps].index("drain")
    return drill


async def test_what_was_in_flight_while_a_step_acted_is_acted_on_again() -> None:
    provider = Straggling()
    drill = draining(provider)
    step = drill.step
    assert step is not None
    await drill.act()
    await until_seen(drill, step, 30.0)
    assert [about for verb, about in provider.calls if verb == "retry-now"] == [
        "msg_00000000",
        "msg_00000001",
    ]
    assert drill.step is not step


async def test_a_step_that_only_waits_does_not_act_again() -> None:
    provider = Straggling()
    drill = draining(provider)
    drill.index = [step.key for step in drill.steps].index("held")
    step = drill.step
    assert step is not None
    with pytest.raises(DrillError, match="did not take effect within 10 s"):
        await until_seen(drill, step, 10.0)
    assert not [verb for verb, _ in provider.calls if verb == "retry-now"]


async def test_the_drill_counts_what_only_another_act_brings_on() -> None:
    provider = Straggling()
    drill = draining(provider)
    assert drill.left(provider.world.messages.values()) == 1
    await drill.act()
    assert drill.left(provider.world.messages.values()) == 1, "the straggler"
    await drill.act()
    assert drill.left(provider.world.messages.values()) == 0


async def test_the_coach_says_when_a_step_must_act_again() -> None:
    provider = Straggling()
    session = Session(make_context(), lambda _c, _e: provider, lambda _c: NO_LAB, lambda _: None)
    now = [0.0]
    coach = Coach(session, Journal(None, context="demo"), monotonic=lambda: now[0])
    coach.drill = draining(provider)
    session.endpoints.upsert(provider.world.endpoints.values())
    session.messages.upsert(provider.world.messages.values())
    told = coach.lesson()
    assert told is not None
    assert told.keys == "2 endpoints, billing-eu: T, type the number"
    await coach.act()
    session.messages.upsert(provider.world.messages.values())
    now[0] = 10.0
    coach.look()
    told = coach.lesson()
    assert told is not None
    assert told.why == "1 message failed after that, still against the old receiver: T once more, or D."
    await coach.act()
    session.messages.upsert(provider.world.messages.values())
    now[0] = 20.0
    coach.look()
    assert coach.drill.step is not None
    assert coach.drill.step.key == "mend"

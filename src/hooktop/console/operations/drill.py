"""The outage drill: from alarm to proof in nine steps, the same on the screen and without one.

On the screen the operator does a step with the ordinary keys and ``Drill.observe`` notices; or lets the drill do it
(``await drill.act()``). Without a screen ``run_headless`` does every step and waits for its effect.

The test message comes before the flood, and how depends on the provider. One that *holds* delivers nothing at all
while paused, not even a test: the tap is opened to one message a second, the first of them is the test, and only
when it arrived is the limit lifted; when it fails the endpoint is paused again. One that *discards* releases
nothing by itself on resume, so there the first replayed message is the test.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from hooktop.console.clock import Clock, utc_now
from hooktop.console.model import (
    Endpoint,
    EndpointKind,
    Message,
    MessageQuery,
    MessageState,
    PauseMeaning,
    Result,
    Verb,
)
from hooktop.console.operations import listing, reconcile
from hooktop.console.operations.actions import Outcome, make_plan, run
from hooktop.console.operations.gentle import run_gently
from hooktop.console.operations.journal import Journal
from hooktop.console.operations.scorecard import Scorecard, make_scorecard
from hooktop.console.operations.steps import STEPS, Step, steps_for
from hooktop.console.operations.story import Story
from hooktop.console.providers.base import Provider, Sleep
from hooktop.console.providers.lab import LabClient
from hooktop.console.settings import Thresholds

__all__ = ["STEPS", "Drill", "DrillError", "Scorecard", "Step", "run_headless"]

POLL_S = 0.4
SWEEPING = frozenset({"drain", "replay"})
"""Steps that act on whatever is left, and so may act again."""
SWEEP_AGAIN_S = 3.0
STEP_TIMEOUT_S = 120.0
RATE_PER_S = 200.0
CONCURRENCY = 8

Acts = Mapping[str, Callable[[], Awaitable[str]]]


class DrillError(Exception):
    """The drill cannot go on; the message says why and what to do."""


class Drill:
    """One drill on one provider with a lab behind it.

    ``steps`` and ``index`` (the current one) draw the coach's panel, ``facts`` holds one line per finished step,
    ``scorecard`` is there at the end. All methods may raise ``ProviderError``; ``act`` also ``DrillError``.
    """

    def __init__(
        self,
        provider: Provider,
        lab: LabClient,
        *,
        journal: Journal | None = None,
        clock: Clock = utc_now,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.provider = provider
        self.lab = lab
        self.steps: tuple[Step, ...] = steps_for(provider.capabilities(EndpointKind.OUTBOUND))
        self.index = 0
        self.facts: dict[str, str] = {}
        self.scorecard: Scorecard | None = None
        self._story = Story()
        self._journal = journal
        self._clock = clock
        self._sleep = sleep
        self._monotonic = monotonic
        self._started = monotonic()
        self._started_at: datetime | None = None

    @property
    def step(self) -> Step | None:
        """The current step, ``None`` at the end."""
        return self.steps[self.index] if self.index < len(self.steps) else None

    @property
    def finished(self) -> bool:
        """Whether every step is done."""
        return self.index >= len(self.steps)

    @property
    def focus(self) -> tuple[str, ...]:
        """Names of the endpoints the story is about, as far as they are known."""
        found = (self._story.failing, self._story.rejecting)
        return tuple(endpoint.name for endpoint in found if endpoint is not None)

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint that the current step is about."""
        if self.step is None or self.step.key in {"find", "prove"}:
            return None
        return self._story.rejecting if self.step.key in {"mend", "replay"} else self._story.failing

    @property
    def hint(self) -> str:
        """Which keys do the current step, with the names of the endpoints it is about."""
        failing, rejecting = self._story.failing, self._story.rejecting
        names = {
            "failing": failing.name if failing else "the failing endpoint",
            "rejecting": rejecting.name if rejecting else "the one with 401",
        }
        return self.step.hint.format(**names) if self.step else ""

    @property
    def endpoint_ids(self) -> frozenset[str]:
        """The endpoints whose messages the drill acts on."""
        found = (self._story.failing, *self._story.mended)
        return frozenset(endpoint.id for endpoint in found if endpoint is not None)

    def left(self, messages: Iterable[Message]) -> int:
        """Messages that only a repeated act of the current step brings on: they were in flight when it acted."""
        return self._story.left(self.step.key, list(messages), self.now()) if self.step else 0

    def now(self) -> datetime:
        """The provider's clock."""
        return self.provider.server_time or self._clock()

    # --- watching the operator -------------------------------------------------------------------------

    def observe(self, endpoints: Iterable[Endpoint], messages: Iterable[Message]) -> bool:
        """Look at what the stores show; moves on and returns True when the current step is done.

        Repairing a receiver leaves no trace in the API: tell the drill with ``repaired(endpoint)``.
        """
        self._started_at = self._started_at or self.now()
        step = self.step
        if step is None:
            return False
        known = {endpoint.id: endpoint for endpoint in endpoints}
        fact = self._story.seen(step.key, known, list(messages), self.now())
        if fact:
            self._pass(fact)
        return bool(fact)

    def repaired(self, endpoint_id: str) -> None:
        """The receiver behind an endpoint was repaired, now."""
        self._story.repairs[endpoint_id] = self.now()

    def replay_ended(self, outcome: Outcome) -> None:
        """A replay (by the operator or the drill) ended: note what was refused for good."""
        self._story.replay_ended(outcome)

    def _pass(self, fact: str) -> None:
        step = self.step
        if step is not None:
            self.facts[step.key] = fact
            self.index += 1

    # --- doing it --------------------------------------------------------------------------------------

    async def act(self) -> str:
        """Do the current step; returns what was done. ``observe`` says when it has taken effect."""
        self._started_at = self._started_at or self.now()
        step = self.step
        if step is None:
            return ""
        acts: Acts = {
            "pause": self._do_pause,
            "repair": self._do_repair,
            "test": self._do_test,
            "drain": self._do_drain,
            "mend": self._do_mend,
            "replay": self._do_replay,
            "prove": self._do_prove,
        }
        return await acts[step.key]() if step.key in acts else ""

    def _failing(self) -> Endpoint:
        if self._story.failing is None:
            raise DrillError("no endpoint is failing: start the scenario `outage` anew")
        return self._story.failing

    async def _do_pause(self) -> str:
        endpoint = await self.provider.endpoint(self._failing().kind, self._failing().id)
        await self._carry_out(Verb.PAUSE, [endpoint])
        return f"paused {endpoint.name}"

    async def _do_repair(self) -> str:
        await self._repair(self._failing())
        return ""

    async def _repair(self, endpoint: Endpoint) -> None:
        await self.lab.repair(endpoint.url)
        self.repaired(endpoint.id)

    async def _do_test(self) -> str:
        endpoint = await self.provider.endpoint(self._failing().kind, self._failing().id)
        capabilities = self.provider.capabilities(endpoint.kind)
        if capabilities.pause is PauseMeaning.HOLD and capabilities.rate_limit:
            plan = make_plan(Verb.RESUME, [endpoint], self.provider, self.now())
            outcome = await run_gently(
                plan,
                self.provider,
                journal=self._journal,
                reason="drill",
                sleep=self._sleep,
                wait_s=STEP_TIMEOUT_S,
            )
            result = outcome.results[0]
            if result.result is not Result.ACCEPTED:
                raise DrillError(result.detail)
            requeued = "" if result.count is None else f", {result.count:,} queued again"
            return f"{result.detail}{requeued}"
        await self._carry_out(Verb.RESUME, [endpoint])
        aside = await listing.of_endpoint(
            self.provider, endpoint, states=frozenset({MessageState.DISCARDED, MessageState.DEAD})
        )
        if not aside:
            return "resumed; the next message is the test"
        await self._carry_out(Verb.REPLAY, aside[-1:])
        return f"resumed and replayed {aside[-1].id} as the test"

    async def _do_drain(self) -> str:
        """Bring forward what waits for a retry, and replay what was set aside."""
        endpoint = await self.provider.endpoint(self._failing().kind, self._failing().id)
        rows = await listing.of_endpoint(self.provider, endpoint, until=self._story.resumed_at)
        waiting = [row for row in rows if row.state is MessageState.RETRYING]
        aside = [row for row in rows if row.state in {MessageState.DISCARDED, MessageState.DEAD}]
        done = []
        if waiting and self.provider.capabilities(endpoint.kind).retry_now:
            await self._carry_out(Verb.RETRY_NOW, waiting)
            done.append(f"{len(waiting):,} retries brought forward")
        if aside:
            self.replay_ended(await self._carry_out(Verb.REPLAY, aside))
            done.append(f"{len(aside):,} replayed")
        return " and ".join(done) or "nothing was left to bring forward"

    async def _do_mend(self) -> str:
        for endpoint in list(self._story.ailing.values()):
            await self._repair(endpoint)
        return ""

    async def _do_replay(self) -> str:
        return "; ".join([await self._replay_all(endpoint) for endpoint in self._story.mended])

    async def _replay_all(self, endpoint: Endpoint) -> str:
        """The dead letters of one endpoint, and what still waits for a retry there."""
        rows = await listing.of_endpoint(self.provider, endpoint, until=self._story.mended_at)
        waiting = [row for row in rows if row.state is MessageState.RETRYING]
        if waiting and self.provider.capabilities(endpoint.kind).retry_now:
            await self._carry_out(Verb.RETRY_NOW, waiting)
        dead = [row for row in rows if row.state is MessageState.DEAD and row.id not in self._story.refused]
        outcome = await self._carry_out(Verb.REPLAY, dead)
        self.replay_ended(outcome)
        return (
            f"{endpoint.name}: {outcome.counts[Result.ACCEPTED]:,} of {len(dead):,} dead letters sent again"
        )

    async def _do_prove(self) -> str:
        self.scorecard = await self._prove()
        card = self.scorecard
        fact = f"{card.accepted:,} accepted: lost {card.lost}, duplicated {card.duplicated}"
        self._pass(fact)
        return fact

    async def _prove(self) -> Scorecard:
        until = self._story.mended_at or self._story.resumed_at or self.now()
        endpoints = {endpoint.id: endpoint for endpoint in (self._failing(), *self._story.mended)}
        books = [
            await reconcile.books(
                self.provider, self.lab, endpoint, until, now=self.now(), refused=self._story.refused
            )
            for endpoint in endpoints.values()
        ]
        started_at = self._started_at or self.now()
        return make_scorecard(
            books,
            steps=tuple((step.title, self.facts.get(step.key, "")) for step in self.steps[:-1]),
            elapsed_s=self._monotonic() - self._started,
            project_elapsed_s=(self.now() - started_at).total_seconds(),
        )

    async def _carry_out(self, verb: Verb, targets: list[Endpoint] | list[Message]) -> Outcome:
        plan = make_plan(verb, targets, self.provider, self.now(), thresholds=Thresholds())
        outcome = await run(
            plan,
            self.provider,
            rate=RATE_PER_S,
            concurrency=CONCURRENCY,
            sleep=self._sleep,
            journal=self._journal,
            reason="drill",
        )
        if outcome.stopped:
            raise DrillError(f"{verb.value}: {outcome.stopped}")
        return outcome

    async def rest(self) -> None:
        """Give the provider a moment."""
        await self._sleep(POLL_S)

    # --- without a screen ------------------------------------------------------------------------------

    async def look(self) -> bool:
        """Read what the current step is about from the API, and observe it."""
        endpoints = await listing.all_endpoints(self.provider, [EndpointKind.OUTBOUND])
        rows: list[Message] = []
        if self.step is not None and self.step.key == "find":
            for state in (MessageState.RETRYING, MessageState.DEAD):
                query = MessageQuery(kind=EndpointKind.OUTBOUND, states=frozenset({state}))
                rows += [message async for message in listing.messages(self.provider, query)]
            rows = await self._with_codes(rows)
        else:
            for endpoint in (self._failing(), *self._story.mended):
                rows += await listing.of_endpoint(self.provider, endpoint)
        return self.observe(endpoints, rows)

    async def _with_codes(self, rows: list[Message]) -> list[Message]:
        """Where the list does not tell what receivers answered, ask for the attempts of one message per endpoint."""
        if self.provider.capabilities(EndpointKind.OUTBOUND).codes_in_list:
            return rows
        codes: dict[tuple[str, MessageState], int | None] = {}
        for row in rows:
            key = (row.endpoint_id, row.state)
            if key not in codes:
                attempts = await self.provider.attempts(row.kind, row.id)
                codes[key] = attempts[-1].response_status if attempts else None
        return [replace(row, response_status=codes[row.endpoint_id, row.state]) for row in rows]


async def run_headless(
    drill: Drill,
    say: Callable[[int, Step, str], None],
    *,
    timeout_s: float = STEP_TIMEOUT_S,
) -> Scorecard:
    """Do every step and wait for its effect; ``say`` is told each fact. Raises ``DrillError``, ``ProviderError``."""
    while (step := drill.step) is not None:
        number = drill.index + 1
        done = await drill.act()
        await until_seen(drill, step, timeout_s)
        say(
            number,
            step,
            "; ".join(text for text in dict.fromkeys([done, drill.facts.get(step.key, "")]) if text),
        )
    if drill.scorecard is None:
        raise DrillError("the drill ended without a scorecard")
    return drill.scorecard


async def until_seen(drill: Drill, step: Step, timeout_s: float) -> None:
    """Look until the step is done, and act again where that helps. Raises ``DrillError`` after ``timeout_s``."""
    waited, acted = 0.0, 0.0
    while drill.step is step and not await drill.look():
        if waited >= timeout_s:
            raise DrillError(f"step {step.title!r} did not take effect within {timeout_s:.0f} s")
        await drill.rest()
        waited += POLL_S
        if step.key in SWEEPING and waited - acted >= SWEEP_AGAIN_S:
            # A delivery that was in flight when the step acted may have failed since, against the old receiver.
            await drill.act()
            acted = waited

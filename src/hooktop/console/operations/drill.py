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
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from hooktop.console.clock import Clock, utc_now
from hooktop.console.model import (
    Endpoint,
    EndpointKind,
    EndpointState,
    ItemResult,
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
from hooktop.console.providers.base import Provider, Sleep
from hooktop.console.providers.lab import LabClient
from hooktop.console.settings import Thresholds

__all__ = ["STEPS", "Drill", "DrillError", "Scorecard", "Step", "run_headless"]

POLL_S = 0.4
STEP_TIMEOUT_S = 120.0
RATE_PER_S = 200.0
CONCURRENCY = 8
SERVER_TROUBLE = 500
_AUTH_CODES = frozenset({401, 403})
_FINAL_REFUSALS = frozenset({404, 410})

Acts = Mapping[str, Callable[[], Awaitable[str]]]


class DrillError(Exception):
    """The drill cannot go on; the message says why and what to do."""


@dataclass(slots=True)
class _Known:
    """What the drill has found out so far."""

    failing: Endpoint | None = None
    rejecting: Endpoint | None = None
    """The endpoint whose messages went to the dead letters because its receiver refused their signature."""
    ailing: tuple[Endpoint, ...] = ()
    """Every endpoint with dead letters that could be delivered once its receiver is mended."""
    mended: dict[str, Endpoint] = field(default_factory=dict)
    held: int = 0
    repaired_at: datetime | None = None
    resumed_at: datetime | None = None
    mended_at: datetime | None = None
    refused: dict[str, str] = field(default_factory=dict)


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
        self._known = _Known()
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
        found = (self._known.failing, self._known.rejecting)
        return tuple(endpoint.name for endpoint in found if endpoint is not None)

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
        rows = list(messages)
        known = {endpoint.id: endpoint for endpoint in endpoints}
        fact = self._seen(step.key, known, rows)
        if fact:
            self._pass(fact)
        return bool(fact)

    def repaired(self, endpoint_id: str) -> None:
        """The operator repaired the receiver behind an endpoint."""
        step, known = self.step, self._known
        if step is None:
            return
        if step.key == "repair" and known.failing is not None and endpoint_id == known.failing.id:
            known.repaired_at = self.now()
            self._pass(f"the receiver of {known.failing.name} answers 200 again")
        elif step.key == "mend":
            self._mended(endpoint_id)

    def _mended(self, endpoint_id: str) -> None:
        known = self._known
        known.mended.update(
            {endpoint.id: endpoint for endpoint in known.ailing if endpoint.id == endpoint_id}
        )
        if known.rejecting is not None and endpoint_id == known.rejecting.id:
            known.mended_at = self.now()
            names = ", ".join(endpoint.name for endpoint in known.mended.values())
            self._pass(f"{names}: the receiver accepts what it refused")

    def _pass(self, fact: str) -> None:
        step = self.step
        if step is not None:
            self.facts[step.key] = fact
            self.index += 1

    def _seen(self, key: str, endpoints: Mapping[str, Endpoint], rows: list[Message]) -> str:
        """The fact that shows a step is done, empty while it is not."""
        known = self._known
        if key == "find":
            return self._find(endpoints, rows)
        if known.failing is None:
            return ""
        mine = [row for row in rows if row.endpoint_id == known.failing.id]
        state = endpoints.get(known.failing.id, known.failing).state
        if key == "pause":
            return f"{known.failing.name} is paused" if state is EndpointState.PAUSED else ""
        if key == "held":
            return self._held(mine)
        if key == "test":
            return self._tested(mine, state)
        if key == "drain":
            return self._drained(mine)
        if key == "replay":
            return self._replayed([row for row in rows if row.endpoint_id in known.mended])
        return ""

    def _find(self, endpoints: Mapping[str, Endpoint], rows: list[Message]) -> str:
        outbound = {id_: e for id_, e in endpoints.items() if e.kind is EndpointKind.OUTBOUND}
        trouble = Counter(
            row.endpoint_id
            for row in rows
            if row.state is MessageState.RETRYING
            and (row.response_status or 0) >= SERVER_TROUBLE
            and row.endpoint_id in outbound
            and outbound[row.endpoint_id].state is EndpointState.ACTIVE
        )
        if not trouble:
            return ""
        worst, number = trouble.most_common(1)[0]
        self._known.failing = outbound[worst]
        self._find_dead_letters(outbound, rows)
        mine = [row for row in rows if row.endpoint_id == worst and row.state is MessageState.RETRYING]
        first = min(row.created_at for row in mine)
        minutes = int((self.now() - first).total_seconds() // 60)
        code = Counter(row.response_status for row in mine).most_common(1)[0][0]
        return (
            f"{outbound[worst].name} answers {code}: {number:,} messages wait, the oldest for {minutes} min"
        )

    def _find_dead_letters(self, outbound: Mapping[str, Endpoint], rows: list[Message]) -> None:
        dead = [row for row in rows if row.state is MessageState.DEAD and row.endpoint_id in outbound]
        refused = Counter(row.endpoint_id for row in dead if row.response_status in _AUTH_CODES)
        self._known.rejecting = outbound[refused.most_common(1)[0][0]] if refused else None
        self._known.ailing = tuple(
            outbound[id_]
            for id_, _ in Counter(row.endpoint_id for row in dead).most_common()
            if outbound[id_].state is EndpointState.ACTIVE
        )

    def _held(self, mine: list[Message]) -> str:
        aside = {MessageState.HELD, MessageState.DISCARDED}
        self._known.held = sum(row.state in aside for row in mine)
        return (
            f"messages kept back so far: {self._known.held:,}; none was refused" if self._known.held else ""
        )

    def _tested(self, mine: list[Message], state: EndpointState) -> str:
        if state is not EndpointState.ACTIVE:
            return ""
        since = self._known.repaired_at
        arrived = [
            row
            for row in mine
            if row.state is MessageState.DELIVERED
            and since is not None
            and (row.delivered_at or row.updated_at or since) >= since
        ]
        if not arrived:
            return ""
        self._known.resumed_at = self.now()
        return f"message {arrived[-1].id} arrived; the endpoint is open"

    def _drained(self, mine: list[Message]) -> str:
        edge = self._known.resumed_at or self.now()
        left = {MessageState.DISCARDED} | {state for state in MessageState if state.is_open}
        old = [row for row in mine if row.created_at <= edge]
        if any(row.state in left for row in old):
            return ""
        return f"nothing accepted before {edge:%H:%M:%S} is waiting any more"

    def _replayed(self, theirs: list[Message]) -> str:
        """The dead that stay must each have been refused for good, whoever replayed them."""
        edge = self._known.mended_at or self.now()
        old = [row for row in theirs if row.created_at <= edge]
        busy = any(row.state.is_open for row in old)
        dead = [row for row in old if row.state is MessageState.DEAD and not self._is_refused(row)]
        if busy or dead:
            return ""
        refused = sum(row.state is MessageState.DEAD for row in old)
        return f"every dead letter was sent again{f', {refused:,} cannot be any more' if refused else ''}"

    def _is_refused(self, row: Message) -> bool:
        expired = row.payload_expires_at is not None and row.payload_expires_at <= self.now()
        return expired or row.id in self._known.refused

    def replay_ended(self, outcome: Outcome) -> None:
        """Take note of what a replay (by the operator or the drill) was refused for good, and why."""
        for skip in outcome.plan.skipped:
            if "expired" in skip.reason:
                self._known.refused[skip.item.id] = "payload expired"
        for result in outcome.results:
            if result.result is Result.REJECTED and result.status in _FINAL_REFUSALS:
                self._known.refused[result.id] = _reason(result)

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
        if self._known.failing is None:
            raise DrillError("no endpoint is failing: start the scenario `outage` anew")
        return self._known.failing

    async def _do_pause(self) -> str:
        endpoint = await self.provider.endpoint(self._failing().kind, self._failing().id)
        await self._carry_out(Verb.PAUSE, [endpoint])
        return f"paused {endpoint.name}"

    async def _do_repair(self) -> str:
        await self.lab.repair(self._failing().url)
        self.repaired(self._failing().id)
        return self.facts["repair"]

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
        rows = await listing.of_endpoint(self.provider, endpoint, until=self._known.resumed_at)
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
        known = self._known
        if known.rejecting is None:
            self._pass("no dead letters for a wrong secret")
            return self.facts["mend"]
        others = [endpoint for endpoint in known.ailing if endpoint.id != known.rejecting.id]
        for endpoint in (*others, known.rejecting):
            await self.lab.repair(endpoint.url)
            self._mended(endpoint.id)
        return self.facts["mend"]

    async def _do_replay(self) -> str:
        if not self._known.mended:
            self._pass("nothing to replay")
            return self.facts["replay"]
        return "; ".join([await self._replay_all(endpoint) for endpoint in self._known.mended.values()])

    async def _replay_all(self, endpoint: Endpoint) -> str:
        """The dead letters of one endpoint, and what still waits for a retry there."""
        rows = await listing.of_endpoint(self.provider, endpoint, until=self._known.mended_at)
        waiting = [row for row in rows if row.state is MessageState.RETRYING]
        if waiting and self.provider.capabilities(endpoint.kind).retry_now:
            await self._carry_out(Verb.RETRY_NOW, waiting)
        dead = [row for row in rows if row.state is MessageState.DEAD]
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
        until = self._known.mended_at or self._known.resumed_at or self.now()
        endpoints = [self._failing(), *self._known.mended.values()]
        books = [
            await reconcile.books(
                self.provider, self.lab, endpoint, until, now=self.now(), refused=self._known.refused
            )
            for endpoint in endpoints
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
            for endpoint in (self._failing(), *self._known.mended.values()):
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
        await _until_seen(drill, step, timeout_s)
        say(
            number,
            step,
            "; ".join(text for text in dict.fromkeys([done, drill.facts.get(step.key, "")]) if text),
        )
    if drill.scorecard is None:
        raise DrillError("the drill ended without a scorecard")
    return drill.scorecard


async def _until_seen(drill: Drill, step: Step, timeout_s: float) -> None:
    waited = 0.0
    while drill.step is step and not await drill.look():
        if waited >= timeout_s:
            raise DrillError(f"step {step.title!r} did not take effect within {timeout_s:.0f} s")
        await drill.rest()
        waited += POLL_S


def _reason(result: ItemResult) -> str:
    return {"RETENTION_EXPIRED": "payload expired", "PAYLOAD_UNAVAILABLE": "payload removed"}.get(
        result.code, result.code.replace("_", " ").lower() or result.detail
    )

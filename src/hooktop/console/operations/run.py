"""Carrying out a plan: canary first, bounded rate and concurrency, a breaker, cancel, one result per item."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hooktop.console.model import Endpoint, ItemResult, Message, MessageState, Result, Verb
from hooktop.console.operations.breaker import GONE, Breaker
from hooktop.console.operations.journal import Journal
from hooktop.console.operations.plan import Plan, Target
from hooktop.console.providers.base import (
    AnswerLost,
    AuthFailed,
    BadAnswer,
    NotFound,
    Provider,
    ProviderError,
    RateLimited,
    ReadOnly,
    Sleep,
    Unreachable,
    Unsupported,
)

CANARY_WAIT_S = 120.0
CANARY_POLL_S = 0.5
RATE_LIMIT_TRIES = 3
SLICE_S = 0.25
"""Longest single sleep, so that a cancel is heard within a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is."""

    done: int
    total: int
    counts: Mapping[Result, int]
    phase: str
    """``canary``, ``proving`` (waiting for the canary's deliveries), ``rest`` or ``done``."""
    last: ItemResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: one result for every item and for every skipped target."""

    plan: Plan
    results: tuple[ItemResult, ...]
    elapsed_s: float
    stopped: str = ""
    """Why it ended early, empty when it did not."""
    error: ProviderError | None = None
    """What stopped it, where that was the connection or the key."""

    @property
    def counts(self) -> Mapping[Result, int]:
        """Number of items by result; none is missing."""
        return Counter(result.result for result in self.results)

    @property
    def reasons(self) -> tuple[tuple[str, int], ...]:
        """Codes of the rejected items and how many had each."""
        rejected = (r.code or str(r.status or "refused") for r in self.results if r.result is Result.REJECTED)
        return tuple(Counter(rejected).most_common())

    @property
    def complete(self) -> bool:
        """Every planned item was accepted."""
        planned = {item.id for item in self.plan.items}
        return all(r.result is Result.ACCEPTED for r in self.results if r.id in planned)


async def run(
    plan: Plan,
    provider: Provider,
    *,
    rate: float = 20.0,
    concurrency: int = 5,
    breaker: Breaker | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: asyncio.Event | None = None,
    sleep: Sleep = asyncio.sleep,
    journal: Journal | None = None,
    reason: str = "",
    canary_wait_s: float = CANARY_WAIT_S,
    monotonic: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Carry out ``plan``, at most ``rate`` calls a second; never raises for what one item met.

    ``cancel`` stops it before the next call; items not reached end as ``cancelled``. Raises
    ``JournalError`` before anything is sent when the journal cannot be written.
    """
    worker = _Run(
        plan, provider, breaker or Breaker(), cancel or asyncio.Event(), sleep, monotonic, on_progress
    )
    worker.interval_s = 1.0 / rate if rate > 0 else 0.0
    entry = journal.started(plan, reason) if journal is not None else ""
    outcome = await worker.carry_out(concurrency, canary_wait_s)
    if journal is not None:
        journal.ended(entry, outcome.results, outcome.stopped, outcome.elapsed_s)
    return outcome


class _Run:
    """The state of one run."""

    def __init__(
        self,
        plan: Plan,
        provider: Provider,
        breaker: Breaker,
        cancel: asyncio.Event,
        sleep: Sleep,
        monotonic: Callable[[], float],
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.plan = plan
        self.provider = provider
        self.breaker = breaker
        self.cancel = cancel
        self.sleep = sleep
        self.monotonic = monotonic
        self.on_progress = on_progress
        self.interval_s = 0.0
        self.results: dict[str, ItemResult] = {}
        self.stopped = ""
        self.error: ProviderError | None = None
        self.phase = "rest"
        self._turn = asyncio.Lock()
        self._next_at = 0.0

    @property
    def over(self) -> bool:
        return bool(self.stopped) or self.cancel.is_set()

    async def carry_out(self, concurrency: int, canary_wait_s: float) -> Outcome:
        started = self.monotonic()
        items = deque(self.plan.items)
        if self.plan.canary:
            await self._canary(items, canary_wait_s)
        self.phase = "rest"
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, min(concurrency, len(items)))):
                group.create_task(self._work(items))
        await self._read_unknown_again()
        outcome = Outcome(
            plan=self.plan,
            results=tuple(self._all_results()),
            elapsed_s=self.monotonic() - started,
            stopped=self.stopped or ("cancelled" if self.cancel.is_set() else ""),
            error=self.error,
        )
        self._tell("done", None)
        return outcome

    def _all_results(self) -> list[ItemResult]:
        planned = [
            self.results.get(item.id) or ItemResult(id=item.id, result=Result.CANCELLED, detail="not sent")
            for item in self.plan.items
        ]
        skipped = [
            ItemResult(id=skip.item.id, result=Result.SKIPPED, detail=skip.reason)
            for skip in self.plan.skipped
        ]
        return planned + skipped

    async def _canary(self, items: deque[Target], wait_s: float) -> None:
        """Send until enough were accepted; items that are refused for good say nothing about the rest."""
        self.phase = "canary"
        sent: list[Target] = []
        while (
            items and not self.over and sum(self._ended(i, Result.ACCEPTED) for i in sent) < self.plan.canary
        ):
            item = items.popleft()
            sent.append(item)
            await self._work(deque([item]))
            result = self.results.get(item.id)
            if result is not None and result.result is Result.REJECTED and result.status not in GONE:
                self.stopped = self.stopped or f"the canary failed: {item.id} was refused: {result.detail}"
        if not self.over and self.plan.needs_delivery:
            self.phase = "proving"
            await self._prove([item for item in sent if self._ended(item, Result.ACCEPTED)], wait_s)

    def _ended(self, item: Target, *results: Result) -> bool:
        return item.id in self.results and self.results[item.id].result in results

    async def _prove(self, sent: list[Target], wait_s: float) -> None:
        """Wait until the canary's messages reached their receiver, or one did not."""
        until = self.monotonic() + wait_s
        waiting = [item for item in sent if isinstance(item, Message)]
        while waiting and not self.over:
            if self.monotonic() >= until:
                self.stopped = f"the canary is undecided: {len(waiting)} not delivered after {wait_s:.0f} s"
                return
            await self._pause_for(CANARY_POLL_S)
            waiting = [item for item in waiting if not await self._settled(item)]

    async def _settled(self, before: Message) -> bool:
        try:
            now = await self.provider.message(before.kind, before.id)
        except ProviderError as error:
            self._note_connection(error)
            return False
        if now.state is MessageState.DELIVERED:
            return True
        if failed_since(before, now):
            code = f" ({now.response_status})" if now.response_status else ""
            self.stopped = f"the canary failed: {before.id} did not reach its receiver{code}"
            return True
        return False

    def _note_connection(self, error: ProviderError) -> None:
        if isinstance(error, AuthFailed):
            self.stopped, self.error = f"stopped: {error.message}", error

    async def _work(self, items: deque[Target]) -> None:
        while items and not self.over:
            await self._take_turn(items)
            if self.over or not items:
                return
            item = items.popleft()
            result = await self._send(item)
            self.results[item.id] = result
            self.stopped = self.stopped or self.breaker.saw(result)
            self._tell(self.phase, result)

    async def _take_turn(self, items: deque[Target]) -> None:
        """Keep the rate over all workers."""
        async with self._turn:
            now = self.monotonic()
            if items and self._next_at > now:
                await self._pause_for(self._next_at - now)
            if items:
                self._next_at = max(now, self._next_at) + self.interval_s

    async def _pause_for(self, seconds: float) -> None:
        while seconds > 0 and not self.over:
            await self.sleep(min(seconds, SLICE_S))
            seconds -= SLICE_S

    async def _send(self, item: Target) -> ItemResult:
        for _ in range(RATE_LIMIT_TRIES):
            try:
                return await self._call(item)
            except RateLimited as error:
                await self._pause_for(error.retry_after_s)
                limited = error
            except ProviderError as error:
                return self._after(item, error)
        self.stopped, self.error = "stopped: the API keeps asking to slow down", limited
        return ItemResult(id=item.id, result=Result.REJECTED, status=429, detail=limited.message)

    async def _call(self, item: Target) -> ItemResult:
        provider, verb = self.provider, self.plan.verb
        if isinstance(item, Endpoint):
            return await (provider.pause(item) if verb is Verb.PAUSE else provider.resume(item))
        if verb is Verb.RETRY_NOW:
            return await provider.retry_now(item)
        return await (provider.replay(item) if verb is Verb.REPLAY else provider.cancel(item))

    def _after(self, item: Target, error: ProviderError) -> ItemResult:
        """What an exception says about one item, and whether the run can go on."""
        result, detail = Result.REJECTED, error.message
        if isinstance(error, (AnswerLost, BadAnswer)):
            result = Result.UNKNOWN
        elif isinstance(error, (ReadOnly, Unsupported)):
            result = Result.SKIPPED
        elif isinstance(error, Unreachable):
            result, detail = Result.CANCELLED, f"not sent: {error.message}"
        if isinstance(error, (AuthFailed, ReadOnly, Unreachable)) and not isinstance(error, AnswerLost):
            self.stopped, self.error = self.stopped or f"stopped: {error.message}", error
        code = error.code or ("NOT_FOUND" if isinstance(error, NotFound) else "")
        return ItemResult(
            id=item.id,
            result=result,
            code=code,
            status=error.status,
            detail=detail,
            request_id=error.request_id,
        )

    async def _read_unknown_again(self) -> None:
        """A second look at calls whose answer was lost: reading is always safe, sending again is not."""
        before = {item.id: item for item in self.plan.items}
        for id_, result in list(self.results.items()):
            if result.result is Result.UNKNOWN:
                self.results[id_] = await self._reread(before[id_], result)

    async def _reread(self, item: Target, result: ItemResult) -> ItemResult:
        try:
            if isinstance(item, Endpoint):
                return result
            now = await self.provider.message(item.kind, item.id)
        except ProviderError:
            return result
        if was_carried_out(item, now):
            return replace(result, result=Result.ACCEPTED, detail="answer lost; confirmed by reading")
        return result

    def _tell(self, phase: str, last: ItemResult | None) -> None:
        if self.on_progress is not None:
            counts = Counter(result.result for result in self.results.values())
            total = len(self.plan.items)
            self.on_progress(
                Progress(done=len(self.results), total=total, counts=counts, phase=phase, last=last)
            )


def was_carried_out(before: Message, now: Message) -> bool:
    """A message read after a lost answer shows that the call had been carried out."""
    if now.state is not before.state or now.attempts > before.attempts:
        return True
    return before.replays is not None and (now.replays or 0) > before.replays


def failed_since(before: Message, now: Message) -> bool:
    """It was tried again after ``before`` and did not reach its receiver."""
    if now.state in {MessageState.DEAD, MessageState.DISCARDED, MessageState.CANCELLED}:
        return True
    if now.state is not MessageState.RETRYING:
        return False
    return before.state is not MessageState.RETRYING or now.attempts > before.attempts

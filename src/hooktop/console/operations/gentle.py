"""Opening a paused endpoint to a trickle: the first message is the test, and only its success opens the tap."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hooktop.console.model import Endpoint, ItemResult, Message, MessageState, Result
from hooktop.console.operations import listing
from hooktop.console.operations.journal import Journal
from hooktop.console.operations.plan import Plan
from hooktop.console.operations.run import Outcome, failed_since
from hooktop.console.providers.base import Provider, ProviderError, Refused, Sleep

POLL_S = 0.5
TRICKLE_PER_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gentle:
    """How a gentle resume ended."""

    ok: bool
    requeued: int | None
    """Messages that the provider queued again."""
    test: Message | None
    """The first message that was tried after the resume."""
    detail: str


async def resume_gently(
    endpoint: Endpoint,
    provider: Provider,
    *,
    wait_s: float = 420.0,
    poll_s: float = POLL_S,
    sleep: Sleep = asyncio.sleep,
) -> Gentle:
    """Limit to one delivery a second, resume, and watch what is tried first.

    It arrived: the old limit comes back and all flows. It failed: the endpoint is paused again. Nothing was tried
    within ``wait_s``: the old limit comes back, and the detail says so. Raises ``ProviderError``; the old limit
    is put back in every case.
    """
    full = await provider.endpoint(endpoint.kind, endpoint.id)
    before = {message.id: message for message in await _waiting(provider, endpoint)}
    since = min((message.created_at for message in before.values()), default=None)
    limited = await provider.set_rate(full, TRICKLE_PER_S)
    if limited.result is not Result.ACCEPTED:
        raise Refused(
            f"the rate limit was refused: {limited.detail}", status=limited.status, code=limited.code
        )
    try:
        resumed = await provider.resume(endpoint)
        if resumed.result is not Result.ACCEPTED:
            raise Refused(f"resume was refused: {resumed.detail}", status=resumed.status, code=resumed.code)
        test = await _first_tried(provider, endpoint, before, since, wait_s, poll_s, sleep)
        verdict = _verdict(test, before, resumed.count)
        if not verdict.ok:
            await provider.pause(endpoint)
        return verdict
    finally:
        await provider.set_rate(full, full.rate_limit_rps)


async def run_gently(
    plan: Plan,
    provider: Provider,
    *,
    journal: Journal | None = None,
    reason: str = "",
    wait_s: float = 420.0,
    sleep: Sleep = asyncio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Carry out a resume plan gently, one endpoint after the other, each with its own test; recorded as any other.

    Raises ``ProviderError`` and ``JournalError``.
    """
    started = monotonic()
    entry = journal.started(plan, reason or "gently") if journal is not None else ""
    results = [
        _result(item, await resume_gently(item, provider, wait_s=wait_s, sleep=sleep))
        for item in plan.items
        if isinstance(item, Endpoint)
    ]
    results += [ItemResult(id=s.item.id, result=Result.SKIPPED, detail=s.reason) for s in plan.skipped]
    outcome = Outcome(plan=plan, results=tuple(results), elapsed_s=monotonic() - started)
    if journal is not None:
        journal.ended(entry, outcome.results, outcome.stopped, outcome.elapsed_s)
    return outcome


def _result(endpoint: Endpoint, verdict: Gentle) -> ItemResult:
    return ItemResult(
        id=endpoint.id,
        result=Result.ACCEPTED if verdict.ok else Result.REJECTED,
        code="" if verdict.ok else "TEST_FAILED",
        count=verdict.requeued,
        detail=verdict.detail,
    )


async def _waiting(provider: Provider, endpoint: Endpoint) -> list[Message]:
    return [m for m in await listing.of_endpoint(provider, endpoint) if m.state.is_open]


async def _first_tried(
    provider: Provider,
    endpoint: Endpoint,
    before: Mapping[str, Message],
    since: datetime | None,
    wait_s: float,
    poll_s: float,
    sleep: Sleep,
) -> Message | None:
    waited = 0.0
    while waited < wait_s:
        await sleep(poll_s)
        waited += poll_s
        try:
            rows = await listing.of_endpoint(provider, endpoint, since=since)
        except ProviderError:
            continue
        tried = [row for row in rows if _was_tried(row, before.get(row.id))]
        if tried:
            return min(tried, key=lambda row: row.delivered_at or row.updated_at or row.created_at)
    return None


def _was_tried(now: Message, before: Message | None) -> bool:
    if before is None:
        return False
    return now.state is MessageState.DELIVERED or failed_since(before, now)


def _verdict(test: Message | None, before: Mapping[str, Message], requeued: int | None) -> Gentle:
    if test is None:
        detail = "nothing was tried in time: the endpoint is open, watch its next message"
        return Gentle(ok=True, requeued=requeued, test=None, detail=detail)
    if test.state is MessageState.DELIVERED:
        detail = f"message {test.id} arrived: {test.response_status or 'delivered'}"
        return Gentle(ok=True, requeued=requeued, test=test, detail=detail)
    why = test.response_status or test.last_error or test.state_word
    detail = f"message {test.id} failed ({why}): the endpoint is paused again"
    return Gentle(ok=False, requeued=requeued, test=test, detail=detail)

"""From a call to the result of one item; a lost answer is looked into by reading, never by sending again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hooktop.console.model import Endpoint, EndpointState, ItemResult, Message, Result
from hooktop.console.providers.base import AnswerLost, NotFound, Provider, ProviderError, Refused
from hooktop.console.providers.http import Reply

_GONE = frozenset({404, 410})

Settle = Callable[[AnswerLost], Awaitable[ItemResult]]


def accepted(id_: str, reply: Reply, *, count: int | None = None, detail: str = "") -> ItemResult:
    """The provider said yes."""
    return ItemResult(
        id=id_,
        result=Result.ACCEPTED,
        status=reply.status,
        request_id=reply.request_id,
        count=count,
        detail=detail,
    )


def already(id_: str, word: str, error: Refused) -> ItemResult:
    """It was as wanted before: done, by somebody else."""
    detail = f"was already {word}"
    return ItemResult(id=id_, result=Result.ACCEPTED, detail=detail, request_id=error.request_id)


def rejected(id_: str, error: ProviderError) -> ItemResult:
    """The provider said no to this item."""
    return ItemResult(
        id=id_,
        result=Result.REJECTED,
        code=error.code or ("NOT_FOUND" if isinstance(error, NotFound) else f"HTTP {error.status}"),
        status=error.status,
        detail=error.message,
        request_id=error.request_id,
    )


def unknown(id_: str, error: ProviderError, detail: str) -> ItemResult:
    """Nobody can say whether it was carried out."""
    return ItemResult(id=id_, result=Result.UNKNOWN, status=error.status, detail=f"{error.message}; {detail}")


async def of(id_: str, call: Callable[[], Awaitable[ItemResult]], settle: Settle | None = None) -> ItemResult:
    """Make the call; refusals become results, a lost answer is settled. Other errors are raised."""
    try:
        return await call()
    except (Refused, NotFound) as error:
        return rejected(id_, error)
    except AnswerLost as error:
        if settle is None:
            return unknown(id_, error, "read it before doing it again")
        return await settle(error)


async def settle(provider: Provider, before: Message, lost: AnswerLost) -> ItemResult:
    """Read a message after a lost answer: has it moved since?"""
    try:
        now = await provider.message(before.kind, before.id)
    except ProviderError as error:
        return unknown(before.id, lost, f"reading it failed too: {error.message}")
    moved = now.state is not before.state or now.attempts > before.attempts
    replayed = before.replays is not None and (now.replays or 0) > before.replays
    due_moved = before.next_attempt_at is not None and now.next_attempt_at != before.next_attempt_at
    if moved or replayed or due_moved:
        return ItemResult(id=before.id, result=Result.ACCEPTED, detail="answer lost; confirmed by reading")
    if lost.status is not None:  # the server answered, so it is not still at it: nothing was carried out
        return rejected(before.id, lost)
    return unknown(before.id, lost, "nothing has changed so far; read it before doing it again")


async def moved_on(provider: Provider, before: Message, refused: ItemResult) -> ItemResult:
    """A refusal of what had left its state before we asked is no failure: it went on by itself."""
    if refused.result is not Result.REJECTED or refused.status in _GONE:
        return refused
    try:
        now = await provider.message(before.kind, before.id)
    except ProviderError:
        return refused
    if now.state is before.state:
        return refused
    detail = f"it went on meanwhile: {now.state.value}"
    return ItemResult(
        id=before.id, result=Result.SKIPPED, code=refused.code, detail=detail, request_id=refused.request_id
    )


async def settle_endpoint(
    provider: Provider, endpoint: Endpoint, wanted: EndpointState, lost: AnswerLost
) -> ItemResult:
    """Read an endpoint after a lost answer: is it as wanted?"""
    try:
        now = await provider.endpoint(endpoint.kind, endpoint.id)
    except ProviderError as error:
        return unknown(endpoint.id, lost, f"reading it failed too: {error.message}")
    if now.state is wanted:
        return ItemResult(id=endpoint.id, result=Result.ACCEPTED, detail="answer lost; confirmed by reading")
    if lost.status is not None:
        return rejected(endpoint.id, lost)
    return unknown(endpoint.id, lost, f"it is {now.state.value} so far; read it before doing it again")

"""Triage: what is failing now, grouped by endpoint, status code and error signature, worst first. Pure, linear."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from hooktop.console.model import Endpoint, EndpointKind, EndpointState, Message, MessageState, PauseMeaning

TREND_SPAN = timedelta(minutes=60)
TREND_BUCKETS = 15
SIGNATURE_MAX = 60

_FAILING = frozenset(
    {MessageState.RETRYING, MessageState.DEAD, MessageState.DISCARDED, MessageState.PAYLOAD_GONE}
)
_VARIABLE = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{16,}\b|\d+", re.IGNORECASE)


class Trouble(StrEnum):
    """What kind of trouble a group is."""

    FAILING = "failing"
    """Attempts fail and are tried again."""
    DEAD = "dead"
    """Given up: only a replay brings them back."""
    PAUSED = "paused"
    """Nobody is failing, but nothing is delivered either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One group: an endpoint, what it answers, and how many messages wait because of it."""

    endpoint_id: str
    endpoint_name: str
    code: int | None
    signature: str
    """The error with its numbers and ids taken out; untrusted text."""
    trouble: Trouble
    count: int
    """Messages in the group."""
    first: datetime | None
    """When the oldest of them was accepted."""
    last: datetime | None
    """When the newest of them last changed."""
    trend: tuple[int, ...]
    """Messages per bucket over the last hour, oldest first."""
    backlog: int
    """Messages of the endpoint that are still owed to the receiver (waiting, sending, retrying, held)."""
    held: int
    oldest: timedelta | None
    """Age of the oldest message of the backlog."""
    next_retry: datetime | None
    expiring: int
    """Messages of the group whose payload is gone within six hours, or already."""
    state: EndpointState
    note: str
    """One line for people, such as ``paused, 214 held, oldest 5h``."""
    refuses: bool = False
    """New messages are turned away at the door: every one of them is lost unless its producer sends it again."""

    @property
    def filter_text(self) -> str:
        """The filter that shows the messages of this group."""
        return _filter_text(self)


@dataclass(slots=True)
class _Group:
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    next_retry: datetime | None = None
    expiring: int = 0
    states: set[MessageState] = field(default_factory=set)
    trend: list[int] = field(default_factory=lambda: [0] * TREND_BUCKETS)


@dataclass(slots=True)
class _Backlog:
    open: int = 0
    held: int = 0
    oldest: datetime | None = None
    name: str = ""


def group(
    messages: Iterable[Message],
    endpoints: Iterable[Endpoint],
    now: datetime,
    pause: Mapping[EndpointKind, PauseMeaning] | None = None,
) -> tuple[Failure, ...]:
    """The groups, worst first: failing, then what refuses at the door, then paused and dead by count.

    ``pause`` says what a pause means for each kind of endpoint; without it a paused one is just paused.
    """
    meanings = pause or {}
    known = {endpoint.id: endpoint for endpoint in endpoints}
    groups: dict[tuple[str, int | None, str, bool], _Group] = {}
    backlogs: dict[str, _Backlog] = {}
    signatures: dict[str, str] = {}
    since = now - TREND_SPAN
    for message in messages:
        state = message.state
        if state.is_open:
            _owe(backlogs, message)
        if state not in _FAILING:
            continue
        error = message.last_error
        if error not in signatures:
            signatures[error] = signature(error)
        dead = state is not MessageState.RETRYING
        key = (message.endpoint_id, message.response_status, signatures[error], dead)
        _take(groups.setdefault(key, _Group()), message, since, now)
    failures = [_failure(key, found, backlogs, known, now) for key, found in groups.items()]
    failures += _paused(known, backlogs, {failure.endpoint_id for failure in failures}, now, meanings)
    return tuple(sorted(failures, key=_rank))


def signature(error: str) -> str:
    """An error text without what differs from message to message."""
    line = error.strip().splitlines()[0] if error.strip() else ""
    return _VARIABLE.sub("N", line)[:SIGNATURE_MAX]


def _owe(backlogs: dict[str, _Backlog], message: Message) -> None:
    backlog = backlogs.get(message.endpoint_id)
    if backlog is None:
        backlog = backlogs[message.endpoint_id] = _Backlog(name=message.endpoint_name)
    backlog.open += 1
    backlog.held += message.state is MessageState.HELD
    if backlog.oldest is None or message.created_at < backlog.oldest:
        backlog.oldest = message.created_at


def _take(found: _Group, message: Message, since: datetime, now: datetime) -> None:
    changed = message.updated_at or message.created_at
    found.count += 1
    found.states.add(message.state)
    if found.first is None or message.created_at < found.first:
        found.first = message.created_at
    if found.last is None or changed > found.last:
        found.last = changed
    due = message.next_attempt_at
    if due is not None and (found.next_retry is None or due < found.next_retry):
        found.next_retry = due
    expires = message.payload_expires_at
    if expires is not None and expires < now + timedelta(hours=6):
        found.expiring += 1
    if changed > since:
        share = (changed - since) / TREND_SPAN
        found.trend[min(TREND_BUCKETS - 1, int(share * TREND_BUCKETS))] += 1


def _failure(
    key: tuple[str, int | None, str, bool],
    found: _Group,
    backlogs: Mapping[str, _Backlog],
    known: Mapping[str, Endpoint],
    now: datetime,
) -> Failure:
    endpoint_id, code, text, dead = key
    endpoint, backlog = known.get(endpoint_id), backlogs.get(endpoint_id, _Backlog())
    return Failure(
        endpoint_id=endpoint_id,
        endpoint_name=endpoint.name if endpoint else backlog.name or endpoint_id,
        code=code,
        signature=text,
        trouble=Trouble.DEAD if dead else Trouble.FAILING,
        count=found.count,
        first=found.first,
        last=found.last,
        trend=tuple(found.trend),
        backlog=backlog.open,
        held=backlog.held,
        oldest=None if backlog.oldest is None else now - backlog.oldest,
        next_retry=found.next_retry,
        expiring=found.expiring,
        state=endpoint.state if endpoint else EndpointState.UNKNOWN,
        note=_note(endpoint, backlog, found, now),
    )


def _paused(
    known: Mapping[str, Endpoint],
    backlogs: Mapping[str, _Backlog],
    shown: set[str],
    now: datetime,
    meanings: Mapping[EndpointKind, PauseMeaning],
) -> Iterable[Failure]:
    """Endpoints that do not deliver although nothing fails: silence is an alarm, too."""
    for endpoint in known.values():
        if endpoint.state in {EndpointState.ACTIVE, EndpointState.UNKNOWN} or endpoint.id in shown:
            continue
        backlog = backlogs.get(endpoint.id, _Backlog())
        refuses = (
            endpoint.state is EndpointState.PAUSED and meanings.get(endpoint.kind) is PauseMeaning.REJECT
        )
        note = _note(endpoint, backlog, None, now)
        yield Failure(
            endpoint_id=endpoint.id,
            endpoint_name=endpoint.name,
            code=None,
            signature="",
            trouble=Trouble.PAUSED,
            count=backlog.open,
            first=backlog.oldest,
            last=None,
            trend=(0,) * TREND_BUCKETS,
            backlog=backlog.open,
            held=backlog.held,
            oldest=None if backlog.oldest is None else now - backlog.oldest,
            next_retry=None,
            expiring=0,
            state=endpoint.state,
            note=f"{note}: new ones are refused" if refuses else note,
            refuses=refuses,
        )


def _note(endpoint: Endpoint | None, backlog: _Backlog, found: _Group | None, now: datetime) -> str:
    parts = []
    if endpoint is not None and endpoint.state is not EndpointState.ACTIVE:
        parts.append(endpoint.state.value)
    if backlog.held:
        parts.append(f"{backlog.held:,} held")
    if found is not None and MessageState.DISCARDED in found.states:
        parts.append(f"{found.count:,} set aside")
    if backlog.oldest is not None and parts:
        parts.append(f"oldest {span_text(now - backlog.oldest)}")
    if found is not None and found.expiring:
        parts.append(f"{found.expiring:,} payloads about to expire or gone")
    return ", ".join(parts)


def span_text(span: timedelta) -> str:
    """``45s``, ``12m``, ``5h``, ``3d``."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _rank(failure: Failure) -> tuple[int, int, int, str]:
    urgency = 0 if failure.trouble is Trouble.FAILING else 1 if failure.refuses else 2
    return (urgency, -failure.count, -failure.backlog, failure.endpoint_name)


def _filter_text(failure: Failure) -> str:
    name = failure.endpoint_name
    words = [f'endpoint:"{name}"' if re.search(r"[\s,*?]", name) else f"endpoint:{name}"]
    if failure.trouble is Trouble.PAUSED:
        return " ".join([*words, "status:open"])
    words.append(
        "status:dead,discarded,payload_gone" if failure.trouble is Trouble.DEAD else "status:retrying"
    )
    words.append("code:none" if failure.code is None else f"code:{failure.code}")
    return " ".join(words)

"""What each field of the filter language tests. Compiled to closures: a hundred thousand rows are read at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import TypeAlias

from hooktop.console.model import EndpointKind, EndpointState, Message, MessageState
from hooktop.console.stores.filter import values
from hooktop.console.stores.filter.syntax import FilterError, Term

Test: TypeAlias = Callable[[Message, str], bool]
"""Row and its lower-case text for searching."""

Maker: TypeAlias = Callable[[Term, datetime], Test]

_FAILED = {MessageState.RETRYING, MessageState.DEAD, MessageState.DISCARDED, MessageState.PAYLOAD_GONE}
GROUPS: dict[str, frozenset[MessageState]] = {
    "failed": frozenset(_FAILED),
    "open": frozenset(state for state in MessageState if state.is_open),
    "final": frozenset(state for state in MessageState if state.is_final),
}
"""Words for several states at once."""


def states_of(term: Term) -> tuple[frozenset[MessageState], frozenset[str]]:
    """Our states and the provider's own words that a ``status:`` term names."""
    ours: set[MessageState] = set()
    words: set[str] = set()
    known = {state.value for state in MessageState}
    for word in values.parts(term.value.lower(), term.quoted):
        if word in GROUPS:
            ours |= GROUPS[word]
        elif word in known:
            ours.add(MessageState(word))
        else:
            words.add(word)
    return frozenset(ours), frozenset(words)


def _status(term: Term, now: datetime) -> Test:
    ours, words = states_of(term)
    if not words:
        return lambda row, _: row.state in ours
    return lambda row, _: row.state in ours or row.state_word.lower() in words


def _code(term: Term, now: datetime) -> Test:
    spans, none = [], False
    for word in values.parts(term.value, term.quoted):
        if word.lower() == "none":
            none = True
        else:
            spans.append(values.span(word, term.value_start, values.number))
    if len(spans) == 1 and not none:
        low, high, (only,) = spans[0].low, spans[0].high, spans
        if only.low_closed and only.high_closed:
            return lambda row, _: (code := row.response_status) is not None and low <= code <= high
    return lambda row, _: (
        none if row.response_status is None else any(row.response_status in s for s in spans)
    )


def _endpoint(term: Term, now: datetime) -> Test:
    matchers = [values.name_matcher(word) for word in values.parts(term.value, term.quoted)]
    memory: dict[str, bool] = {}

    def test(row: Message, _: str) -> bool:
        key = row.endpoint_id or row.endpoint_name
        if key not in memory:
            memory[key] = any(match(row.endpoint_name) or match(row.endpoint_id) for match in matchers)
        return memory[key]

    return test


def _age(term: Term, now: datetime) -> Test:
    span = values.span(term.value, term.value_start, values.duration)
    simple = span.low == float("-inf") or span.high == float("inf")
    edge = _before(now, span.high if span.low == float("-inf") else span.low)
    if not simple or edge is None:
        return lambda row, _: (now - row.created_at).total_seconds() in span
    if span.high == float("inf"):
        if span.low_closed:
            return lambda row, _: row.created_at <= edge
        return lambda row, _: row.created_at < edge
    if span.high_closed:
        return lambda row, _: row.created_at >= edge
    return lambda row, _: row.created_at > edge


def _before(now: datetime, seconds: float) -> datetime | None:
    """The instant ``seconds`` ago, ``None`` for one beyond the calendar."""
    try:
        return now - timedelta(seconds=seconds)
    except OverflowError:
        return None


def _expires(term: Term, now: datetime) -> Test:
    if term.value.lower() in {"gone", "past"}:
        return lambda row, _: row.payload_expires_at is not None and row.payload_expires_at <= now
    span = values.span(term.value, term.value_start, values.duration)

    def test(row: Message, _: str) -> bool:
        if row.payload_expires_at is None:
            return False
        left = (row.payload_expires_at - now).total_seconds()
        return left > 0 and left in span

    return test


def _id(term: Term, now: datetime) -> Test:
    wanted = values.parts(term.value.lower(), term.quoted)
    if any("*" in word or "?" in word for word in wanted):
        matchers = [values.name_matcher(word) for word in wanted]
        return lambda row, _: any(match(row.id) for match in matchers)
    starts = tuple(wanted)
    return lambda row, _: row.id.lower().startswith(starts)


def _kind(term: Term, now: datetime) -> Test:
    kinds = set()
    for word in values.parts(term.value.lower(), term.quoted):
        if word not in {kind.value for kind in EndpointKind}:
            raise FilterError(term.value_start, f"kind is one of {', '.join(EndpointKind)}, not {word!r}")
        kinds.add(EndpointKind(word))
    return lambda row, _: row.kind in kinds


def _type(term: Term, now: datetime) -> Test:
    matchers = [values.name_matcher(word) for word in values.parts(term.value, term.quoted)]
    return lambda row, _: any(match(row.event_type) for match in matchers)


def _error(term: Term, now: datetime) -> Test:
    needles = values.parts(term.value.lower(), term.quoted)
    return lambda row, _: any(needle in row.last_error.lower() for needle in needles)


def _attempts(term: Term, now: datetime) -> Test:
    span = values.span(term.value, term.value_start, values.number)
    return lambda row, _: row.attempts in span


def _replays(term: Term, now: datetime) -> Test:
    span = values.span(term.value, term.value_start, values.number)
    return lambda row, _: (row.replays or 0) in span


def _latency(term: Term, now: datetime) -> Test:
    text, at = term.value, term.value_start
    reader = values.duration if any(unit in text for unit in ("ms", "s", "m")) else values.number
    factor = 1000.0 if reader is values.duration else 1.0
    span = values.span(text, at, reader)
    return lambda row, _: row.latency_ms is not None and row.latency_ms / factor in span


def _key(term: Term, now: datetime) -> Test:
    matchers = [values.name_matcher(word) for word in values.parts(term.value, term.quoted)]
    return lambda row, _: any(match(row.idempotency_key) for match in matchers)


def _free(term: Term, now: datetime) -> Test:
    needle = term.value.lower()
    if "*" in needle and not term.quoted:
        match = values.name_matcher(f"*{needle}*")
        return lambda _, text: match(text)
    return lambda _, text: needle in text


FIELDS: dict[str, tuple[Maker, str]] = {
    "status": (_status, "our word (dead, held, retrying ...), the provider's own, or failed, open, final"),
    "endpoint": (_endpoint, "name or id of the endpoint, * matches anything"),
    "code": (_code, "status the receiver answered: 503, 5xx, >=500, 500..504, none"),
    "age": (_age, "since it was accepted: <2h, >1d, 10m..1h"),
    "id": (_id, "the message's id, or how it begins"),
    "kind": (_kind, "outbound, inbound or pull"),
    "type": (_type, "event type, * matches anything"),
    "attempts": (_attempts, "number of attempts: >3, 1..2"),
    "error": (_error, "text of the last error"),
    "expires": (_expires, "time left until the payload is deleted: <6h, or gone"),
    "replays": (_replays, "how often it was replayed: >0"),
    "latency": (_latency, "of the last answer: >500ms, >2s"),
    "key": (_key, "the idempotency key"),
}
"""Field -> how its test is made, and what it means."""

ENDPOINT_FIELDS = ("status", "endpoint", "id", "kind")
"""The fields that mean something for an endpoint."""

ENDPOINT_STATES = tuple(state.value for state in EndpointState)


def maker(term: Term) -> Maker:
    """How the test of a term is made. Raises ``FilterError`` for an unknown field."""
    if not term.field:
        return _free
    if term.field not in FIELDS:
        near = get_close_matches(term.field, FIELDS, 1)
        hint = f"did you mean {near[0]}:" if near else f"fields are {', '.join(FIELDS)}"
        raise FilterError(term.start + term.negated, f"unknown field {term.field}: ({hint})")
    return FIELDS[term.field][0]

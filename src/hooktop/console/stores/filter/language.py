"""A parsed filter: tests for rows, and the part that a server can evaluate."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import reduce

from hooktop.console.model import Capabilities, Endpoint, EndpointKind, Message, MessageQuery, MessageState
from hooktop.console.stores.filter import syntax, terms, values
from hooktop.console.stores.filter.syntax import FilterError, Term

_PROBE = datetime(2000, 1, 1, tzinfo=UTC)
"""Any instant: parsing makes every test once, so that errors show at once."""


class Subject(StrEnum):
    """What a filter is about."""

    MESSAGES = "messages"
    ENDPOINTS = "endpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A filter that was understood."""

    text: str
    terms: tuple[Term, ...]

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.terms)

    @property
    def foreign_words(self) -> tuple[str, ...]:
        """Values of ``status:`` that are none of our states: the provider's own words, or slips of the pen."""
        found = [terms.states_of(term)[1] for term in self.terms if term.field == "status"]
        return tuple(sorted({word for words in found for word in words}))

    def predicate(self, now: datetime) -> Callable[[Message, str], bool]:
        """The test of a message and its searchable text (``searchable``); ages are measured at ``now``."""
        tests = [_negated(terms.maker(term)(term, now), term.negated) for term in self.terms]
        if not tests:
            return lambda row, text: True
        return reduce(_both, tests)

    def matches(self, message: Message, now: datetime) -> bool:
        """Whether one message passes."""
        return self.predicate(now)(message, searchable(message))

    def matches_endpoint(self, endpoint: Endpoint) -> bool:
        """Whether one endpoint passes."""
        return all(_endpoint_test(term, endpoint) is not term.negated for term in self.terms)

    def query(
        self, kind: EndpointKind, capabilities: Capabilities, endpoints: Iterable[Endpoint], now: datetime
    ) -> MessageQuery:
        """What a server may be asked, never more than the filter says; the rest is filtered here."""
        return MessageQuery(
            kind=kind,
            endpoint_id=self._endpoint_id(kind, endpoints),
            states=self._states(capabilities),
            **self._window(now),
        )

    def server_terms(self, capabilities: Capabilities) -> tuple[str, ...]:
        """The terms that the server evaluates, as written, for a badge."""
        served = []
        for term in self.terms:
            by_status = term.field == "status" and bool(self._states(capabilities)) and not term.negated
            exact = term.field == "endpoint" and not term.negated and not set("*?,") & set(term.value)
            if by_status or exact or (term.field == "age" and not term.negated):
                served.append(term.text)
        return tuple(served)

    def _endpoint_id(self, kind: EndpointKind, endpoints: Iterable[Endpoint]) -> str | None:
        wanted = [term for term in self.terms if term.field == "endpoint" and not term.negated]
        if not wanted:
            return None
        found = [
            endpoint.id
            for endpoint in endpoints
            if endpoint.kind is kind and all(_endpoint_test(term, endpoint) for term in wanted)
        ]
        return found[0] if len(found) == 1 else None

    def _states(self, capabilities: Capabilities) -> frozenset[MessageState]:
        wanted: frozenset[MessageState] | None = None
        for term in self.terms:
            if term.field != "status" or term.negated:
                continue
            ours, words = terms.states_of(term)
            if words:
                return frozenset()
            wanted = ours if wanted is None else wanted & ours
        if not wanted or not wanted <= capabilities.filter_states:
            return frozenset()
        return wanted if capabilities.filter_many or len(wanted) == 1 else frozenset()

    def _window(self, now: datetime) -> dict[str, datetime]:
        window: dict[str, datetime] = {}
        for term in self.terms:
            if term.field != "age" or term.negated:
                continue
            span = values.span(term.value, term.value_start, values.duration)
            if span.high < 10**9:
                since = now - timedelta(seconds=span.high)
                window["since"] = max(since, window.get("since", since))
            if 0 < span.low < 10**9:
                until = now - timedelta(seconds=span.low)
                window["until"] = min(until, window.get("until", until))
        return window


EVERYTHING = Filter(text="", terms=())
"""The filter that leaves nothing out."""


def parse(text: str, subject: Subject = Subject.MESSAGES) -> Filter:
    """Understand ``text``. Raises ``FilterError`` with the position of what is wrong."""
    found = tuple(syntax.terms(text))
    for term in found:
        make = terms.maker(term)
        if subject is Subject.ENDPOINTS and term.field and term.field not in terms.ENDPOINT_FIELDS:
            fields = ", ".join(terms.ENDPOINT_FIELDS)
            raise FilterError(term.start, f"{term.field}: is about messages; endpoints have {fields}")
        make(term, _PROBE)
    return Filter(text=text.strip(), terms=found)


def searchable(message: Message) -> str:
    """The text of a message that free text is looked for in, lower case."""
    return (
        f"{message.id}\n{message.endpoint_name}\n{message.event_type}\n{message.last_error}\n"
        f"{message.idempotency_key}\n{message.event_id}\n{message.state_word}"
    ).lower()


def _both(first: terms.Test, second: terms.Test) -> terms.Test:
    return lambda row, text: first(row, text) and second(row, text)


def _negated(test: terms.Test, negated: bool) -> terms.Test:
    if not negated:
        return test
    return lambda row, text: not test(row, text)


def _endpoint_test(term: Term, endpoint: Endpoint) -> bool:
    words = values.parts(term.value, term.quoted)
    if term.field == "status":
        shown = {endpoint.state.value, endpoint.state_word.lower()}
        return any(word.lower() in shown for word in words)
    if term.field == "kind":
        return any(word.lower() == endpoint.kind.value for word in words)
    if term.field == "id":
        return endpoint.id.lower().startswith(tuple(word.lower() for word in words))
    if term.field == "endpoint":
        return any(match(endpoint.name) or match(endpoint.id) for match in map(values.name_matcher, words))
    text = f"{endpoint.name}\n{endpoint.id}\n{endpoint.url}\n{endpoint.description}".lower()
    return term.value.lower() in text

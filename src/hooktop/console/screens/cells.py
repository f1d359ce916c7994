"""How messages, endpoints, failures and jobs look as rows: columns and cells; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from http.client import responses

from hooktop.console.model import Endpoint, EndpointState, ItemResult, Message, MessageState
from hooktop.console.operations.journal import Entry
from hooktop.console.providers.base import Exchange
from hooktop.console.stores.messages import MessageStore
from hooktop.console.stores.triage import Failure, Trouble
from hooktop.console.widgets.columns import Cell, Column
from hooktop.console.widgets.look import ENDPOINT_WORDS, MESSAGE_WORDS, Word
from hooktop.console.widgets.plantext import RESULT_TONES
from hooktop.console.widgets.text import ago, at, middle, milliseconds, number, size, span, sparkline, until

UNKNOWN = Word("?", "unknown", "warn")

FAILURE_COLUMNS = (
    Column(key="endpoint", title="ENDPOINT", width=14, flex=2),
    Column(key="code", title="CODE", width=4, right=True),
    Column(key="error", title="ERROR", width=16, flex=4),
    Column(key="count", title="COUNT", width=6, right=True),
    Column(key="first", title="SINCE", width=6, right=True),
    Column(key="last", title="LAST", width=6, right=True, rank=3),
    Column(key="trend", title="LAST 60 MIN", width=15, rank=4),
    Column(key="backlog", title="BACKLOG", width=7, right=True, rank=1),
    Column(key="oldest", title="OLDEST", width=6, right=True, rank=2),
    Column(key="state", title="STATE", width=10),
)

MESSAGE_COLUMNS = (
    Column(key="age", title="AGE", width=6, right=True, sortable=True),
    Column(key="state", title="STATUS", width=12, sortable=True),
    Column(key="endpoint", title="ENDPOINT", width=13, flex=2, sortable=True),
    Column(key="type", title="TYPE", width=13, flex=2, rank=2, sortable=True),
    Column(key="code", title="CODE", width=4, right=True, sortable=True),
    Column(key="attempts", title="TRY", width=3, right=True, sortable=True),
    Column(key="latency", title="LAT", width=5, right=True, rank=1, sortable=True),
    Column(key="next", title="NEXT", width=6, right=True, sortable=True),
    Column(key="error", title="LAST ERROR", width=12, flex=4, rank=3),
    Column(key="id", title="ID", width=15, rank=4),
)

ENDPOINT_COLUMNS = (
    Column(key="name", title="ENDPOINT", width=14, flex=2),
    Column(key="state", title="STATE", width=10),
    Column(key="kind", title="KIND", width=8),
    Column(key="waiting", title="WAITING", width=7, right=True),
    Column(key="held", title="HELD", width=9, right=True),
    Column(key="dead", title="DEAD", width=6, right=True),
    Column(key="done", title="DELIVERED", width=9, right=True, rank=1),
    Column(key="rate", title="LIMIT", width=6, right=True, rank=2),
    Column(key="url", title="URL", width=24, flex=4, rank=3),
)

RESULT_COLUMNS = (
    Column(key="result", title="RESULT", width=9),
    Column(key="id", title="ITEM", width=20, flex=2),
    Column(key="code", title="CODE", width=14, flex=1),
    Column(key="detail", title="WHAT THE API SAID", width=16, flex=4, rank=1),
    Column(key="request", title="REQUEST ID", width=18, rank=2),
)

ENTRY_COLUMNS = (
    Column(key="at", title="WHEN", width=15),
    Column(key="action", title="ACTION", width=9),
    Column(key="count", title="ITEMS", width=6, right=True),
    Column(key="how", title="HOW IT ENDED", width=20, flex=3),
    Column(key="context", title="CONTEXT", width=10, rank=1),
    Column(key="user", title="WHO", width=8, rank=2),
    Column(key="command", title="THE SAME AS A COMMAND", width=20, flex=4, rank=3),
)

EXCHANGE_COLUMNS = (
    Column(key="at", title="TIME", width=8),
    Column(key="method", title="CALL", width=6),
    Column(key="path", title="PATH", width=20, flex=3),
    Column(key="status", title="STATUS", width=6, right=True),
    Column(key="latency", title="LAT", width=6, right=True),
    Column(key="error", title="ERROR", width=10, flex=1, rank=1),
    Column(key="request", title="REQUEST ID", width=18, rank=2),
)


def failure_cell(now: Callable[[], datetime]) -> Callable[[Failure, str], Cell]:
    """Cells of the Triage list; ages are measured at ``now``."""
    return lambda failure, column: _failure_cell(failure, column, now())


def _failure_cell(failure: Failure, column: str, now: datetime) -> Cell:
    match column:
        case "endpoint":
            return Cell(failure.endpoint_name, "title")
        case "code":
            return Cell("–" if failure.code is None else str(failure.code), code_tone(failure.code))
        case "error":
            words = error_words(failure)
            return Cell(words or failure.note or "no error given", "text" if words else "muted")
        case "count":
            return Cell(number(failure.count), "bright")
        case "first":
            return Cell(ago(failure.first, now))
        case "last":
            return Cell(ago(failure.last, now), "muted")
        case "trend":
            return Cell(sparkline(failure.trend, 15), trouble_word(failure).tone)
        case "backlog":
            return Cell(
                number(failure.backlog) if failure.backlog else "·", "text" if failure.backlog else "muted"
            )
        case "oldest":
            return Cell("–" if failure.oldest is None else span(failure.oldest.total_seconds()))
        case _:
            word = trouble_word(failure)
            return Cell(word.text, word.tone)


def error_words(failure: Failure) -> str:
    """The error in words: a bare status line says less than the meaning of its code."""
    if failure.code is not None and failure.signature.upper() in {"", "HTTP N", "N"}:
        return responses.get(failure.code, failure.signature)
    return failure.signature


def trouble_word(failure: Failure) -> Word:
    """What kind of trouble a group is, in a glyph and a word."""
    if failure.state is EndpointState.PAUSED:
        return ENDPOINT_WORDS[EndpointState.PAUSED]
    if failure.state is EndpointState.DISABLED:
        return ENDPOINT_WORDS[EndpointState.DISABLED]
    return Word("✗", "dead", "bad") if failure.trouble is Trouble.DEAD else Word("~", "failing", "warn")


def code_tone(code: int | None) -> str:
    """Answers by class: success, asked to slow down, refused or broken."""
    if code is None:
        return "muted"
    return "good" if code < 300 else "warn" if code == 429 else "bad"


class MessageRows:
    """Rows over the view of a message store."""

    def __init__(self, store: MessageStore, now: Callable[[], datetime]) -> None:
        self.store = store
        self._now = now

    def __len__(self) -> int:
        return len(self.store)

    def key(self, index: int) -> str:
        """The message's id."""
        return self.store.row(index).id

    def find(self, key: str) -> int | None:
        """Where it is in the view."""
        return self.store.find(key)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """The cells of one message."""
        message, now = self.store.row(index), self._now()
        return [message_cell(message, column.key, now) for column in columns]


def message_cell(message: Message, column: str, now: datetime) -> Cell:
    """One cell of a message."""
    match column:
        case "age":
            return Cell(ago(message.created_at, now))
        case "state":
            word = MESSAGE_WORDS[message.state]
            return Cell(word.text, word.tone)
        case "endpoint":
            return Cell(message.endpoint_name or message.endpoint_id)
        case "type":
            return Cell(message.event_type or "–")
        case "code":
            code = message.response_status
            return Cell("–" if code is None else str(code), code_tone(code))
        case "attempts":
            return Cell(str(message.attempts))
        case "latency":
            return Cell(milliseconds(message.latency_ms))
        case "next":
            return _next_cell(message, now)
        case "error":
            return Cell(_error_of(message), "muted")
        case _:
            return Cell(middle(message.id, 15), "muted")


def _next_cell(message: Message, now: datetime) -> Cell:
    if message.state is MessageState.HELD:
        return Cell("paused", "held")
    if message.next_attempt_at is None or not message.state.is_open:
        return Cell("–", "muted")
    return Cell(until(message.next_attempt_at, now))


def _error_of(message: Message) -> str:
    return message.last_error if message.state is not MessageState.DELIVERED else ""


def endpoint_cell(endpoint: Endpoint, column: str, states: Callable[[str, MessageState], int]) -> Cell:
    """One cell of an endpoint; ``states`` counts its messages in a state."""
    match column:
        case "name":
            return Cell(endpoint.name, "title")
        case "state":
            word = ENDPOINT_WORDS.get(endpoint.state, UNKNOWN)
            return Cell(word.text, word.tone)
        case "kind":
            return Cell(endpoint.kind.value, "muted")
        case "waiting":
            open_states = (MessageState.WAITING, MessageState.SENDING, MessageState.RETRYING)
            return _count_cell(sum(states(endpoint.id, state) for state in open_states), "warn")
        case "held":
            aside = states(endpoint.id, MessageState.DISCARDED)
            if aside:  # kept back as well, but nothing sends these by itself
                return Cell(f"{number(aside)} aside", "held")
            return _count_cell(states(endpoint.id, MessageState.HELD), "held")
        case "dead":
            return _count_cell(states(endpoint.id, MessageState.DEAD), "bad")
        case "done":
            return _count_cell(states(endpoint.id, MessageState.DELIVERED), "text")
        case "rate":
            limit = endpoint.rate_limit_rps
            return Cell("–" if limit is None else f"{limit}/s", "muted")
        case _:
            return Cell(endpoint.url, "muted")


def _count_cell(count: int, tone: str) -> Cell:
    return Cell(number(count), tone) if count else Cell("·", "muted")


def result_cell(result: ItemResult, column: str) -> Cell:
    """One cell of what became of an item."""
    match column:
        case "result":
            return Cell(result.result.value, RESULT_TONES[result.result])
        case "id":
            return Cell(result.id)
        case "code":
            return Cell(result.code or (str(result.status) if result.status else ""), "bad")
        case "detail":
            told = result.detail
            if result.count is not None:
                told = f"{result.count:,} queued again {told}".rstrip()
            return Cell(told, "text")
        case _:
            return Cell(result.request_id, "muted")


def entry_cell(entry: Entry, column: str) -> Cell:
    """One cell of the journal."""
    match column:
        case "at":
            return Cell(entry.at.strftime("%d %b %H:%M:%S"), "muted")
        case "action":
            return Cell(entry.action, "bright")
        case "count":
            return Cell(number(entry.count))
        case "how":
            return _how_it_ended(entry)
        case "context":
            return Cell(entry.context)
        case "user":
            return Cell(entry.user, "muted")
        case _:
            return Cell(entry.command, "muted")


def _how_it_ended(entry: Entry) -> Cell:
    if entry.ended_at is None:
        return Cell("running, or never finished", "warn")
    told = " · ".join(f"{name} {count:,}" for name, count in entry.counts)
    tone = "good" if all(name == "accepted" for name, _ in entry.counts) else "warn"
    return Cell(f"{told} {entry.stopped}".strip(), tone)


def exchange_cell(exchange: Exchange, column: str) -> Cell:
    """One cell of the request log."""
    match column:
        case "at":
            return Cell(exchange.at.strftime("%H:%M:%S"), "muted")
        case "method":
            return Cell(exchange.method, "bright" if exchange.method != "GET" else "muted")
        case "path":
            return Cell(exchange.path)
        case "status":
            return Cell("–" if exchange.status is None else str(exchange.status), code_tone(exchange.status))
        case "latency":
            return Cell(milliseconds(exchange.latency_ms))
        case "error":
            return Cell(exchange.error, "bad")
        case _:
            return Cell(exchange.request_id, "muted")


def message_facts(message: Message, now: datetime) -> list[tuple[str, str, str]]:
    """Label, value, tone: what stays visible above a message's tabs."""
    word = MESSAGE_WORDS[message.state]
    facts = [("status", f"{word.text} ({message.state_word})", word.tone)]
    if message.response_status is not None:
        facts.append(("answer", str(message.response_status), code_tone(message.response_status)))
    facts.append(("tries", str(message.attempts), "text"))
    if message.next_attempt_at is not None and message.state.is_open:
        facts.append(
            ("next", f"{until(message.next_attempt_at, now)} ({at(message.next_attempt_at, now)})", "warn")
        )
    if message.delivered_at is not None:
        facts.append(("delivered", at(message.delivered_at, now), "good"))
    if message.replays:
        facts.append(("replays", str(message.replays), "text"))
    facts.append(("size", size(message.size_bytes), "text"))
    facts.append(("accepted", f"{ago(message.created_at, now)} ago ({at(message.created_at, now)})", "text"))
    if message.payload_expires_at is not None:
        left = (message.payload_expires_at - now).total_seconds()
        facts.append(
            ("payload gone in", span(left) if left > 0 else "already", "bad" if left < 6 * 3600 else "text")
        )
    return facts

"""The pane beside a list: the row under the cursor in a few labelled lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import wrap

from hooktop.console.model import Endpoint, Message
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.look import ENDPOINT_WORDS, MESSAGE_WORDS
from hooktop.console.widgets.text import ago, exact, inert, middle, milliseconds, number, size, until

_LABEL = 10


class Preview(Lines):
    """What is known of one message without asking for more."""

    DEFAULT_CSS = "Preview { height: 1fr; }"

    def show_message(self, message: Message | None, endpoint: Endpoint | None, now: datetime) -> None:
        """Show a message, or nothing."""
        width = max(20, self.size.width)
        self.show(*(() if message is None else preview_lines(message, endpoint, now, width)))


def preview_lines(message: Message, endpoint: Endpoint | None, now: datetime, width: int) -> list[list[Part]]:
    """Labelled facts about a message."""
    word = MESSAGE_WORDS[message.state]
    head = [Part(middle(message.id, width), "bright")]
    state = [Part(word.text, word.tone), Part(f"  {message.state_word}", "muted")]
    lines = [head, state, []]
    for label, value, tone in _facts(message, now):
        lines += _labelled(label, value, tone, width)
    if endpoint is not None:
        mark = ENDPOINT_WORDS.get(endpoint.state)
        lines += [[], [Part(f"{'endpoint':<{_LABEL}}", "muted"), Part(endpoint.name, "bright")]]
        if mark is not None:
            lines.append(
                [Part(" " * _LABEL), Part(mark.text, mark.tone), Part(f"  {endpoint.kind.value}", "muted")]
            )
        lines += _labelled("", endpoint.url, "muted", width)
    return [*lines, [], [Part("enter", "key"), Part(" attempts, headers, payload", "muted")]]


def _facts(message: Message, now: datetime) -> Iterator[tuple[str, str, str]]:
    code = "no answer" if message.response_status is None else str(message.response_status)
    if message.attempts:
        yield "answer", f"{code} in {milliseconds(message.latency_ms)}", "text"
    if message.last_error:
        yield "error", message.last_error[:400], "text"
    yield "tries", str(message.attempts), "text"
    if message.next_attempt_at is not None and message.state.is_open:
        yield "next", f"in {until(message.next_attempt_at, now)}", "warn"
    yield "accepted", f"{ago(message.created_at, now)} ago, {exact(message.created_at)}", "text"
    if message.delivered_at is not None:
        yield "delivered", exact(message.delivered_at), "good"
    if message.payload_expires_at is not None:
        yield "payload", f"gone in {until(message.payload_expires_at, now)}", "warn"
    yield "type", message.event_type or "–", "text"
    if message.idempotency_key:
        yield "key", message.idempotency_key, "text"
    if message.replays:
        yield "replays", number(message.replays), "text"
    yield "size", f"{size(message.size_bytes)} {message.content_type}", "muted"


def _labelled(label: str, value: str, tone: str, width: int) -> Sequence[list[Part]]:
    pieces = wrap(inert(value, 600), max(10, width - _LABEL)) or [""]
    return [
        [Part(f"{label if at == 0 else '':<{_LABEL}}", "muted"), Part(piece, tone)]
        for at, piece in enumerate(pieces[:4])
    ]

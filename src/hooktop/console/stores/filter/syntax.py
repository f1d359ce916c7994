"""The tokens of a filter: terms with their fields, values and positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FIELD = re.compile(r"([A-Za-z_]+):(?!//)")


class FilterError(Exception):
    """The filter cannot be understood; ``position`` counts characters from 0."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.message = message

    def pointed(self, text: str) -> str:
        """Two lines for a terminal: the filter, and a caret under the place."""
        return f"{text}\n{' ' * self.position}^ {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term as written."""

    field: str
    """Lower case; empty for free text."""
    value: str
    """Without quotes."""
    quoted: bool
    negated: bool
    start: int
    value_start: int
    end: int
    text: str
    """As written, for badges."""


def terms(text: str) -> Iterator[Term]:
    """The terms of ``text`` in order. Raises ``FilterError`` for an open quote or an empty value."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        term = _term(text, at)
        yield term
        at = term.end


def _term(text: str, start: int) -> Term:
    negated = text[start] == "-" and start + 1 < len(text) and not text[start + 1].isspace()
    at = start + negated
    match = _FIELD.match(text, at)
    field = match.group(1).lower() if match else ""
    value_start = match.end() if match else at
    value, quoted, end = _value(text, value_start)
    if field and not value and not quoted:
        raise FilterError(value_start, f"{field}: needs a value")
    return Term(
        field=field,
        value=value,
        quoted=quoted,
        negated=negated,
        start=start,
        value_start=value_start,
        end=end,
        text=text[start:end],
    )


def _value(text: str, start: int) -> tuple[str, bool, int]:
    """Value, whether any of it was quoted, and where it ends."""
    parts: list[str] = []
    quoted, at = False, start
    while at < len(text) and not text[at].isspace():
        if text[at] != '"':
            parts.append(text[at])
            at += 1
            continue
        close = text.find('"', at + 1)
        if close < 0:
            raise FilterError(at, "this quote is never closed")
        parts.append(text[at + 1 : close])
        quoted, at = True, close + 1
    return "".join(parts), quoted, at

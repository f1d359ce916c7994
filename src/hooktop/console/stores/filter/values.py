"""Values of filter terms: comparisons and ranges of numbers and durations, names with wildcards."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import translate

from hooktop.console.stores.filter.syntax import FilterError

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_CLASS = re.compile(r"([1-5])xx", re.IGNORECASE)
_COMPARISON = re.compile(r"(>=|<=|>|<|=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of numbers, each end open or closed."""

    low: float = float("-inf")
    high: float = float("inf")
    low_closed: bool = True
    high_closed: bool = True

    def __contains__(self, value: float) -> bool:
        above = value >= self.low if self.low_closed else value > self.low
        return above and (value <= self.high if self.high_closed else value < self.high)


def number(text: str, position: int) -> float:
    """A plain number."""
    if not _NUMBER.fullmatch(text):
        raise FilterError(position, f"{text!r} is not a number")
    return float(text)


def duration(text: str, position: int) -> float:
    """Seconds of ``90s``, ``5m``, ``2h``, ``1d``, ``1w`` or a sum such as ``1h30m``."""
    seconds, at = 0.0, 0
    while at < len(text):
        match = _DURATION.match(text, at)
        if match is None:
            raise FilterError(position + at, f"{text!r} is not a duration such as 90s, 5m, 2h or 1d")
        seconds += float(match.group(1)) * UNITS[match.group(2)]
        at = match.end()
    if not text:
        raise FilterError(position, "a duration such as 90s, 5m, 2h or 1d is missing")
    return seconds


def span(text: str, position: int, read: Callable[[str, int], float]) -> Span:
    """``>=500``, ``<2h``, ``500..504``, ``5xx`` (numbers only) or a single value."""
    if (match := _CLASS.fullmatch(text)) and read is number:
        hundreds = float(match.group(1)) * 100
        return Span(hundreds, hundreds + 100, high_closed=False)
    if match := _COMPARISON.fullmatch(text):
        return _compared(match.group(1), read(match.group(2), position + len(match.group(1))))
    if ".." in text:
        low_text, high_text = text.split("..", 1)
        low = read(low_text, position) if low_text else float("-inf")
        high = read(high_text, position + len(low_text) + 2) if high_text else float("inf")
        if low > high:
            raise FilterError(position, f"the range {text} is empty: its first value is the larger one")
        return Span(low, high)
    value = read(text, position)
    return Span(value, value)


def _compared(operator: str, value: float) -> Span:
    if operator.startswith(">"):
        return Span(low=value, low_closed=operator == ">=")
    if operator.startswith("<"):
        return Span(high=value, high_closed=operator == "<=")
    return Span(value, value)


def name_matcher(pattern: str) -> Callable[[str], bool]:
    """Equality without regard to case, or a pattern when it has ``*`` or ``?``."""
    lowered = pattern.lower()
    if "*" not in lowered and "?" not in lowered:
        return lambda text: text.lower() == lowered
    escaped = lowered.replace("[", "[[]")  # brackets are ordinary characters in names
    match = re.compile(translate(escaped)).match
    return lambda text: match(text.lower()) is not None


def parts(value: str, quoted: bool) -> list[str]:
    """The alternatives of a value; a quoted one is taken as it is."""
    return [value] if quoted else value.split(",")

"""What an answer may be asked: one table of matchers, each with its test, its words and a value it must refuse.

The refused value (`spoil`) is what makes the suite provable: a server that answers it must fail the case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hooktop.openapi.suite.pointer import MISSING, read
from hooktop.openapi.suite.scope import moment, seconds, written


@dataclass(frozen=True, kw_only=True, slots=True)
class Matcher:
    """One question: `kind` names a row of the table, `argument` may hold variables, `options` its extras."""

    kind: str
    argument: Any
    within: Any = None
    """Tolerance of a time, a duration; nothing else reads it."""


@dataclass(frozen=True, slots=True)
class _Rule:
    test: Callable[[Any, Any, Matcher], bool]
    words: str
    spoil: Callable[[Any, Any], Any]
    accepts: Callable[[Any], bool]
    wants: str


_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_TOLERANCE: Final = 1.0
"""Seconds that a time may be off when the case names no tolerance."""


def same(actual: Any, expected: Any) -> bool:
    """Equality of JSON values: true is not 1, and 1 is 1.0."""
    if isinstance(actual, bool) or isinstance(expected, bool):
        return actual is expected
    if isinstance(actual, list) and isinstance(expected, list):
        return len(actual) == len(expected) and all(map(same, actual, expected))
    if isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(same(actual[key], expected[key]) for key in actual)
    return bool(actual == expected)


def other(value: Any) -> Any:
    """A value of the same JSON type that differs, so that only the assertion can notice it."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return _other_text(value)
    if isinstance(value, list):
        return value[:-1] if value else ["unexpected"]
    return {**value, "unexpected": True} if isinstance(value, dict) else "unexpected"


def _other_text(value: str) -> str:
    """Text that keeps the shape of ids and times: one digit or letter changes."""
    for index in range(len(value) - 1, -1, -1):
        if value[index].isalnum():
            swapped = "1" if value[index] != "1" else "2"
            return value[:index] + swapped + value[index + 1 :]
    return value + "x"


def _is_type(actual: Any, name: str) -> bool:
    if isinstance(actual, bool) and name != "boolean":
        return False
    return isinstance(actual, _TYPES[name])


def _contains(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, dict) and isinstance(wanted, dict):
        return all(key in actual and _contains(actual[key], value) for key, value in wanted.items())
    if isinstance(actual, list) and isinstance(wanted, list):
        return all(any(_contains(item, value) for item in actual) for value in wanted)
    return same(actual, wanted)


def _unordered(actual: Any, wanted: Any) -> bool:
    if not isinstance(actual, list) or len(actual) != len(wanted):
        return False
    left = sorted(json.dumps(item, sort_keys=True) for item in actual)
    return left == sorted(json.dumps(item, sort_keys=True) for item in wanted)


def _count(actual: Any, wanted: Any) -> bool:
    if not isinstance(actual, list):
        return False
    where = wanted["where"]
    found = sum(all(same(read(item, at), value) for at, value in where.items()) for item in actual)
    return bool(found == wanted["is"])


def _each(actual: Any, wanted: Any) -> bool:
    if not isinstance(actual, list):
        return False
    return all(same(read(item, at), value) for item in actual for at, value in wanted.items())


def _time(actual: Any, wanted: Any, matcher: Matcher) -> bool:
    try:
        apart = abs((moment(actual) - moment(wanted)).total_seconds())
    except ValueError:
        return False
    return apart <= (_TOLERANCE if matcher.within is None else seconds(matcher.within))


def _between(actual: Any, wanted: Any) -> bool:
    try:
        return moment(wanted[0]) <= moment(actual) <= moment(wanted[1])
    except ValueError:
        return False


def _far(_: Any, wanted: Any) -> str:
    first = wanted[0] if isinstance(wanted, list) else wanted
    return written(moment(first).replace(year=2001))


def _spoil_each(actual: Any, wanted: Any) -> Any:
    at = next(iter(wanted))
    row = dict(actual[0]) if isinstance(actual, list) and actual else {}
    row[at.removeprefix("/")] = other(wanted[at])
    return [row, *(actual[1:] if isinstance(actual, list) else [])]


def _text_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_regex(value: Any) -> bool:
    try:
        re.compile(value)
    except (re.error, TypeError):
        return False
    return True


def _is_where(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"where", "is"} and isinstance(value["where"], dict)


def _anything(_: Any) -> bool:
    return True


def _number(value: Any) -> bool:
    return _is_type(value, "number") or isinstance(value, str)


def _compare(sign: int) -> Callable[[Any, Any, Matcher], bool]:
    return lambda a, w, _: _is_type(a, "number") and _is_type(w, "number") and (a - w) * sign >= 0


RULES: Final[dict[str, _Rule]] = {
    "equals": _Rule(lambda a, w, _: same(a, w), "{}", lambda _, w: other(w), _anything, "any value"),
    "not": _Rule(lambda a, w, _: not same(a, w), "anything but {}", lambda _, w: w, _anything, "any value"),
    "one-of": _Rule(
        lambda a, w, _: any(same(a, item) for item in w),
        "one of {}",
        lambda a, w: other(a) if not any(same(other(a), item) for item in w) else f"{w[0]}-spoilt",
        _text_list,
        "a list that is not empty",
    ),
    "matches": _Rule(
        lambda a, w, _: isinstance(a, str) and re.search(w, a) is not None,
        "text that matches {}",
        lambda *_: "\ufffd",
        _is_regex,
        "a regular expression",
    ),
    "contains": _Rule(
        lambda a, w, _: w in a if isinstance(a, str) and isinstance(w, str) else _contains(a, w),
        "something that contains {}",
        lambda a, _: "" if isinstance(a, str) else [] if isinstance(a, list) else {},
        _anything,
        "text, an object or a list",
    ),
    "absent": _Rule(
        lambda a, w, _: (a is MISSING) is w,
        "nothing ({})",
        lambda _, w: "unexpected" if w else MISSING,
        lambda v: isinstance(v, bool),
        "true or false",
    ),
    "type": _Rule(
        lambda a, w, _: _is_type(a, w),
        "a value of type {}",
        lambda _, w: 7 if w not in ("integer", "number") else "seven",
        lambda v: v in _TYPES,
        f"one of {', '.join(_TYPES)}",
    ),
    "length": _Rule(
        lambda a, w, _: isinstance(a, list | str | dict) and len(a) == w,
        "a length of {}",
        lambda a, _: a[:-1] if isinstance(a, list | str) and a else [{}],
        _number,
        "a number",
    ),
    "at-least": _Rule(_compare(1), "at least {}", lambda _, w: w - 1, _number, "a number"),
    "at-most": _Rule(_compare(-1), "at most {}", lambda _, w: w + 1, _number, "a number"),
    "count": _Rule(
        lambda a, w, _: _count(a, w),
        "as many rows as in {}",
        lambda a, w: (a if isinstance(a, list) else [])[1:] if w["is"] else [_row(w["where"])],
        _is_where,
        "{where: {pointer: value}, is: number}",
    ),
    "each": _Rule(
        lambda a, w, _: _each(a, w),
        "only rows with {}",
        _spoil_each,
        lambda v: isinstance(v, dict) and bool(v),
        "{pointer: value}",
    ),
    "unordered": _Rule(
        lambda a, w, _: _unordered(a, w),
        "in any order {}",
        lambda a, _: a[:-1] if isinstance(a, list) and a else ["unexpected"],
        lambda v: isinstance(v, list | str),
        "a list",
    ),
    "time": _Rule(_time, "the time {}", _far, lambda v: isinstance(v, str), "a time"),
    "between": _Rule(
        lambda a, w, _: _between(a, w),
        "a time between {}",
        _far,
        lambda v: isinstance(v, list) and len(v) == 2,
        "a list of two times",
    ),
}
"""Every matcher by the name that a case file uses."""


def _row(where: dict[str, Any]) -> dict[str, Any]:
    return {at.removeprefix("/"): value for at, value in where.items()}


def passes(matcher: Matcher, actual: Any) -> bool:
    """Whether the value satisfies a matcher whose argument holds no variables any more."""
    return RULES[matcher.kind].test(actual, matcher.argument, matcher)


def words(matcher: Matcher) -> str:
    """What the matcher expects, for people."""
    return RULES[matcher.kind].words.format(show(matcher.argument))


def spoilt(matcher: Matcher, actual: Any) -> Any:
    """A value that the matcher must refuse, close to `actual`; MISSING says "leave it out"."""
    return RULES[matcher.kind].spoil(actual, matcher.argument)


def show(value: Any, limit: int = 160) -> str:
    """A value on one line, cut when it is long."""
    text = repr(value) if value is MISSING else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"

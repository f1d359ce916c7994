"""Completion of a filter while it is typed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hooktop.console.model import EndpointKind, MessageState
from hooktop.console.stores.filter.terms import FIELDS, GROUPS

_VALUES: dict[str, tuple[str, ...]] = {
    "status": (*(state.value for state in MessageState), *GROUPS),
    "kind": tuple(kind.value for kind in EndpointKind),
    "code": ("2xx", "4xx", "5xx", "401", "429", ">=500", "none"),
    "age": ("<10m", "<1h", "<24h", ">1h"),
    "expires": ("<1h", "<6h", "<24h", "gone"),
    "attempts": (">1", ">3"),
    "replays": (">0",),
    "latency": (">500ms", ">2s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A piece of text that may replace ``text[start:end]``."""

    text: str
    start: int
    end: int
    help: str = ""


def complete(
    text: str, cursor: int | None = None, *, endpoints: Iterable[str] = (), types: Iterable[str] = ()
) -> tuple[Candidate, ...]:
    """What could stand at the cursor: field names, or the values of the field it is in."""
    end = len(text) if cursor is None else cursor
    start = max(text.rfind(" ", 0, end), text.rfind("\t", 0, end)) + 1
    word = text[start:end]
    if word.startswith("-"):
        start, word = start + 1, word[1:]
    field, colon, value = word.partition(":")
    if not colon:
        return _fields(word.lower(), start, end)
    given = {"endpoint": tuple(endpoints), "type": tuple(types)}.get(field.lower())
    known = _VALUES.get(field.lower(), ()) if given is None else tuple(dict.fromkeys(given))
    at = start + len(field) + 1 + value.rfind(",") + 1
    typed = value[value.rfind(",") + 1 :].lower().lstrip('"')
    return tuple(
        Candidate(text=_quoted(item), start=at, end=end) for item in known if item.lower().startswith(typed)
    )


def _fields(word: str, start: int, end: int) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(text=f"{name}:", start=start, end=end, help=text)
        for name, (_, text) in FIELDS.items()
        if name.startswith(word)
    )


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r'[\s,"]', text) else text

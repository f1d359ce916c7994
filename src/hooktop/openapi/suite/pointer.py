"""JSON pointers (RFC 6901): read a place in a decoded body, and list the places of one."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, Final


class Missing(Enum):
    """The one value that stands for "nothing is there"; null is something."""

    MISSING = "nothing"

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = Missing.MISSING


def parts(pointer: str) -> list[str]:
    """The unescaped segments of a pointer. Raises ValueError unless it is empty or starts with a slash."""
    if pointer and not pointer.startswith("/"):
        raise ValueError(f"{pointer!r} is no JSON pointer; it starts with a slash")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def read(document: Any, pointer: str) -> Any:
    """What stands at the pointer, or MISSING. A negative index counts from the end of a list."""
    node = document
    for part in parts(pointer):
        if isinstance(node, dict) and part in node:
            node = node[part]
        elif isinstance(node, list) and _is_index(part, len(node)):
            node = node[int(part)]
        else:
            return MISSING
    return node


def absolute(document: Any, pointer: str) -> str:
    """The same place with every negative index written as a positive one."""
    node, out = document, ""
    for part in parts(pointer):
        if isinstance(node, list) and _is_index(part, len(node)):
            part = str(int(part) % len(node))
        node = read(node, join(part))
        out += join(part)
    return out


def join(*segments: object) -> str:
    """A pointer made of raw segments."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in segments)


def leaves(document: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar of the document with its pointer, in document order; empty containers count as scalars."""
    if isinstance(document, dict) and document:
        for key, value in document.items():
            yield from leaves(value, at + join(key))
    elif isinstance(document, list) and document:
        for index, value in enumerate(document):
            yield from leaves(value, at + join(index))
    else:
        yield at, document


def without(document: Any, ignored: frozenset[str], at: str = "") -> Any:
    """A copy of the document in which the ignored places do not exist."""
    if isinstance(document, dict):
        return {
            key: without(value, ignored, at + join(key))
            for key, value in document.items()
            if at + join(key) not in ignored
        }
    if isinstance(document, list):
        return [without(value, ignored, at + join(index)) for index, value in enumerate(document)]
    return document


def difference(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    """The places in which two documents differ: pointer, value before, value after."""
    left, right = dict(leaves(before)), dict(leaves(after))
    places = dict.fromkeys([*left, *right])
    return [
        (place, left.get(place, MISSING), right.get(place, MISSING))
        for place in places
        if not _same(left.get(place, MISSING), right.get(place, MISSING))
    ]


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _is_index(part: str, length: int) -> bool:
    digits = part.removeprefix("-")
    return digits.isascii() and digits.isdigit() and -length <= int(part) < length

"""Reading one field of a request body or one query parameter, or refusing it. The texts are ours.

Every function answers None for a field that was not sent; a field sent as null is refused by its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from hooktop.mockserver.hookbridge.errors import forbidden_header, invalid, invalid_headers
from hooktop.mockserver.hookbridge.limits import FORBIDDEN_HEADERS

Body = Mapping[str, Any]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_RFC3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")


def text(body: Body, name: str, maximum: int) -> str | None:
    """A string of at most `maximum` characters."""
    if name not in body:
        return None
    value = body[name]
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string")
    if len(value) > maximum:
        raise invalid(f"{name} must be at most {maximum} characters")
    return value


def flag(body: Body, name: str) -> bool | None:
    """A boolean."""
    if name not in body:
        return None
    value = body[name]
    if not isinstance(value, bool):
        raise invalid(f"{name} must be a boolean")
    return value


def whole(body: Body, name: str, minimum: int, maximum: int | None = None) -> int | None:
    """A whole number in a range."""
    if name not in body:
        return None
    value = body[name]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(f"{name} must be an integer")
    return _in_range(name, value, minimum, maximum)


def texts(body: Body, name: str) -> tuple[str, ...] | None:
    """A list of strings."""
    if name not in body:
        return None
    value = body[name]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise invalid(f"{name} must be an array of strings")
    return tuple(value)


def headers(body: Body) -> dict[str, str] | None:
    """Custom delivery headers, without those that a caller may not set."""
    if "headers" not in body:
        return None
    value = body["headers"]
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise invalid("headers must be an object with string values")
    for name, content in value.items():
        _check_header(name, content)
    return value


def query_whole(value: str | None, name: str, minimum: int, maximum: int, default: int) -> int:
    """A query parameter that is a whole number in a range."""
    if value is None:
        return default
    if not _WHOLE.fullmatch(value):
        raise invalid(f"{name} must be an integer")
    return _in_range(name, int(value), minimum, maximum)


def query_instant(value: str | None, name: str) -> int | None:
    """A query parameter that is an RFC 3339 time, in milliseconds since the epoch."""
    if value is None:
        return None
    if _RFC3339.fullmatch(value):
        try:
            return round(datetime.fromisoformat(value.upper()).timestamp() * 1000)
        except (ValueError, OverflowError):
            pass
    raise invalid(f"{name} must be an RFC 3339 timestamp")


def query_choice(value: str | None, name: str, choices: Mapping[str, Any] | tuple[str, ...]) -> str | None:
    """A query parameter that is one of a few words."""
    if value is not None and value not in choices:
        raise invalid(f"{name} must be one of: {', '.join(choices)}")
    return value


def query_id(value: str | None, accepts: Callable[[str], bool], refusal: Exception) -> str | None:
    """A query parameter that is an id of a known form."""
    if value is not None and not accepts(value):
        raise refusal
    return value


def _in_range(name: str, value: int, minimum: int, maximum: int | None) -> int:
    if maximum is None and value < minimum:
        raise invalid(f"{name} must be at least {minimum}")
    if maximum is not None and not minimum <= value <= maximum:
        raise invalid(f"{name} must be between {minimum} and {maximum}")
    return value


def _check_header(name: str, content: str) -> None:
    if name.lower() in FORBIDDEN_HEADERS:
        raise forbidden_header(name)
    if not _TOKEN.fullmatch(name):
        raise invalid_headers(f"header name {name!r} is not valid")
    if not content.isascii() or any(ord(char) < 32 and char != "\t" for char in content) or "\x7f" in content:
        raise invalid_headers(f"value of header '{name}' is not valid")

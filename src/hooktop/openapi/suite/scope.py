"""The variables of a case: `${name}` in any string, with times and numbers that can be added to.

``${t0 + 30m}`` is a time thirty minutes after the time held by ``t0``; ``${n + 1}`` counts on; the
second term may itself be the name of a variable. A string
that is nothing but one reference keeps the type of the value; within other text the value is written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

REFERENCE = re.compile(r"\$\{\s*([A-Za-z_][\w.-]*)\s*(?:([+-])\s*([^}]+?)\s*)?\}")
_SHORT = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


class UnknownName(KeyError):
    """A reference to a variable that nothing has set."""

    def __str__(self) -> str:
        return f"${{{self.args[0]}}} is not set here; known: {', '.join(sorted(self.args[1])) or 'nothing'}"


def seconds(text: str | float) -> float:
    """The length of a duration: a number of seconds, `1h30m`, or ISO 8601 `PT1H30M`. Raises ValueError."""
    if isinstance(text, int | float):
        return float(text)
    found = _SHORT.fullmatch(text) or _ISO.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError(f"{text!r} is no duration; write 90s, 30m, 2h, 1d or PT30M")
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + rest


def moment(text: Any) -> datetime:
    """The instant that an RFC 3339 text names. Raises ValueError for anything else, a time without zone included."""
    value = datetime.fromisoformat(str(text).strip())
    if value.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return value.astimezone(UTC)


def written(value: datetime) -> str:
    """An instant as the wire writes it: UTC, milliseconds, Z."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with every reference replaced. Raises UnknownName, or ValueError for a bad sum."""
    if isinstance(template, str):
        return _text(template, values) if "${" in template else template
    if isinstance(template, dict):
        return {_text(str(key), values): fill(value, values) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [fill(item, values) for item in template]
    return template


def names(template: Any) -> Iterator[str]:
    """The names that a template refers to."""
    if isinstance(template, str):
        yield from (found.group(1) for found in REFERENCE.finditer(template))
    elif isinstance(template, dict):
        for key, value in template.items():
            yield from names(key)
            yield from names(value)
    elif isinstance(template, list | tuple):
        for item in template:
            yield from names(item)


def fill_known(template: Any, values: Mapping[str, Any]) -> Any:
    """Like `fill`, but references to other names stay as they are: for tables filled in at load time."""
    if isinstance(template, str):
        whole = REFERENCE.fullmatch(template)
        if whole is not None and whole.group(1) in values and whole.group(2) is None:
            return values[whole.group(1)]
        return REFERENCE.sub(lambda found: _known(found, values), template)
    if isinstance(template, dict):
        return {fill_known(key, values): fill_known(value, values) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [fill_known(item, values) for item in template]
    return template


def _known(found: re.Match[str], values: Mapping[str, Any]) -> str:
    """The reference replaced, or only its second term, or as it is."""
    name, sign, term = found.groups()
    if name in values:
        return str(_value(found, values))
    return f"${{{name} {sign} {values[term]}}}" if term in values else found.group(0)


def _text(template: str, values: Mapping[str, Any]) -> Any:
    whole = REFERENCE.fullmatch(template)
    if whole is not None:
        return _value(whole, values)
    return REFERENCE.sub(lambda found: str(_value(found, values)), template)


def _value(found: re.Match[str], values: Mapping[str, Any]) -> Any:
    name, sign, term = found.groups()
    if name not in values:
        raise UnknownName(name, tuple(values))
    value = values[name]
    return value if sign is None else _sum(value, str(values.get(term, term)), -1 if sign == "-" else 1)


def _sum(value: Any, term: str, sign: int) -> Any:
    if isinstance(value, int) and term.isdigit():
        return value + sign * int(term)
    return written(moment(value) + sign * timedelta(seconds=seconds(term)))

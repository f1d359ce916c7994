"""Payload templates: JSON values whose strings may hold placeholders, filled in from the project's chance.

``{hex:8}`` hexadecimal digits, ``{int:100-5000}`` a whole number, ``{pick:a|b|c}`` one of them, ``{number}``
the arrival's number, ``{time}`` its instant. A string that is nothing but ``{int:...}`` or ``{number}``
becomes a JSON number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec

from hooktop.mockserver.engine.chance import Chance
from hooktop.mockserver.engine.clock import iso

_PLACEHOLDER = re.compile(r"\{(hex|int|pick|number|time)(?::([^{}]*))?\}")


class TemplateError(ValueError):
    """A template holds a placeholder that cannot be filled in; the message says which."""


class Draws:
    """The chance of one arrival: a few hundred bytes made at once, handed out bit by bit."""

    def __init__(self, chance: Chance, key: str, at: int) -> None:
        self.number = int(key.rpartition("/")[2])
        self.at = at
        self._key = f"{chance.seed}/{key}".encode()
        self._block = 0
        self._bits = 0
        self._left = 0

    def below(self, limit: int) -> int:
        """A number in [0, limit), limit at most 2**32."""
        if self._left < 64:
            raw = blake2b(self._key, salt=self._block.to_bytes(16, "big")).digest()
            self._block += 1
            self._bits, self._left = int.from_bytes(raw, "big"), 512
        value = self._bits & 0xFFFFFFFFFFFFFFFF
        self._bits >>= 64
        self._left -= 64
        return value % limit


Filler = Callable[[Draws], Any]


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of event that a producer sends."""

    event_type: str
    fill: Filler
    weight: float = 1.0
    headers: Mapping[str, str] = field(default_factory=dict)

    def render(self, chance: Chance, key: str, at: int) -> bytes:
        """The JSON bytes of one arrival; `key` ends in /<number>."""
        return msgspec.json.encode(self.fill(Draws(chance, key, at)))


def compile_template(value: Any) -> Filler:
    """A function that fills the value in. Raises TemplateError."""
    if isinstance(value, dict):
        members = [(str(name), compile_template(member)) for name, member in value.items()]
        return lambda draws: {name: fill(draws) for name, fill in members}
    if isinstance(value, list):
        items = [compile_template(item) for item in value]
        return lambda draws: [fill(draws) for fill in items]
    if isinstance(value, str) and "{" in value:
        return _text(value)
    return lambda _draws: value


def _text(text: str) -> Filler:
    whole = _PLACEHOLDER.fullmatch(text)
    if whole:
        return _placeholder(whole[1], whole[2])
    parts: list[Filler] = []
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        literal = text[end : found.start()]
        parts += [_literal(literal), _placeholder(found[1], found[2])]
        end = found.end()
    tail = text[end:]
    return lambda draws: "".join([str(part(draws)) for part in parts]) + tail


def _literal(text: str) -> Filler:
    return lambda _draws: text


def _placeholder(name: str, argument: str | None) -> Filler:
    if name == "number":
        return lambda draws: draws.number
    if name == "time":
        return lambda draws: iso(draws.at)
    if name == "hex":
        return _hex(argument or "")
    if name == "int":
        return _int(argument or "")
    options = (argument or "").split("|")
    return lambda draws: options[draws.below(len(options))]


def _hex(argument: str) -> Filler:
    if not argument.isdigit() or not 1 <= int(argument) <= 64:
        raise TemplateError(f"{{hex:{argument}}}: give a number of digits, 1 to 64")
    digits = int(argument)
    words = -(-digits // 8)
    return lambda draws: "".join([f"{draws.below(2**32):08x}" for _ in range(words)])[:digits]


def _int(argument: str) -> Filler:
    low, dash, high = argument.partition("-")
    if not (dash and low.isdigit() and high.isdigit() and int(low) <= int(high)):
        raise TemplateError(f"{{int:{argument}}}: give a span such as {{int:1-100}}")
    start, size = int(low), int(high) - int(low) + 1
    return lambda draws: start + draws.below(size)

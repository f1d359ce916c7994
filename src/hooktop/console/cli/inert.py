"""Making untrusted text harmless for a terminal and for a spreadsheet."""

from __future__ import annotations

import re

_DANGEROUS = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters of both kinds: escape sequences start with them
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # direction marks, zero width, line separators
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def inert(text: str) -> str:
    """Text on one line that moves no cursor, sets no colour and turns no direction."""
    return _DANGEROUS.sub(_visible, text)


def inert_json(text: str) -> str:
    """JSON text whose dangerous characters are escaped as JSON does; line ends between values stay."""
    return _DANGEROUS.sub(
        lambda match: match.group() if match.group() == "\n" else _json(match.group()), text
    )


def formula_safe(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _visible(match: re.Match[str]) -> str:
    names = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    character = match.group()
    number = ord(character)
    return names.get(character) or (f"\\x{number:02x}" if number < 256 else f"\\u{{{number:x}}}")


def _json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))

"""A payload as lines: JSON pretty printed, text as it is, anything else as a hex dump; no Textual.

Opening is one pass in C over the bytes, and only the lines on screen are ever tokenised, so that 8 MB open as
fast as 8 kB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from hooktop.console.widgets.text import size

_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>\b(?:true|false|null)\b)"
)
_TONES = {"key": "accent", "string": "text", "number": "busy", "word": "held"}
TOKENISED = 20_000
"""Characters of one line that are coloured; what lies beyond is drawn plain."""

_PER_HEX_LINE = 16


class Span(NamedTuple):
    """A piece of a line and its tone."""

    start: int
    end: int
    tone: str


class Hits(NamedTuple):
    """Where a text occurs."""

    total: int
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Lines of one payload."""

    kind: str
    """``json``, ``text``, ``hex`` or ``empty``."""
    note: str
    """One honest line about what this is."""
    lines: Sequence[str]
    text: str = ""
    """The same in one piece, for searching."""

    def __len__(self) -> int:
        return len(self.lines)

    def spans(self, index: int) -> list[Span]:
        """How one line is coloured."""
        if self.kind == "json":
            line = self.lines[index]
            return [
                Span(match.start(), match.end(), _TONES[match.lastgroup or "string"])
                for match in _TOKEN.finditer(line, 0, TOKENISED)
            ]
        return [Span(0, 8, "muted")] if self.kind == "hex" else []

    def find(self, text: str) -> Hits:
        """Count a text without regard to case and give the lines that hold it."""
        wanted, haystack = text.lower(), self.text.lower()
        count = haystack.count(wanted) if wanted else 0
        if not count:
            return Hits(0, ())
        at = _hex_lines_with(wanted, haystack) if self.kind == "hex" else _lines_with(wanted, haystack)
        return Hits(count, tuple(at))


def _lines_with(wanted: str, haystack: str) -> Iterator[int]:
    # Counting the breaks between hits stays in C: splitting a big text into lines again would not.
    line = looked = 0
    found = haystack.find(wanted)
    while found >= 0:
        line += haystack.count("\n", looked, found)
        yield line
        looked = end = haystack.find("\n", found)
        found = haystack.find(wanted, end) if end >= 0 else -1


def _hex_lines_with(wanted: str, haystack: str) -> Iterator[int]:
    found = haystack.find(wanted)
    while found >= 0:
        line = found // _PER_HEX_LINE
        yield line
        found = haystack.find(wanted, (line + 1) * _PER_HEX_LINE)


class HexLines(Sequence[str]):
    """The lines of a hex dump, made when asked for."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __len__(self) -> int:
        return (len(self._body) + _PER_HEX_LINE - 1) // _PER_HEX_LINE

    def __getitem__(self, index: int) -> str:  # type: ignore[override] # a dump is never sliced
        if not 0 <= index < len(self):
            raise IndexError(index)
        row = self._body[index * _PER_HEX_LINE : (index + 1) * _PER_HEX_LINE]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        return f"{index * _PER_HEX_LINE:08x}  {row.hex(' '):<47}  {shown}"


def open_document(body: bytes, content_type: str = "") -> Document:
    """Decide how a body is shown, and say so."""
    if not body:
        return Document("empty", "empty body", ("(empty)",))
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return _dump(body, f" (not UTF-8 at byte {error.start})")
    return _dump(body, "") if _looks_binary(text) else _json_or_text(text, body, content_type)


def text_document(text: str, note: str) -> Document:
    """Lines of a text."""
    return Document("text", note, text.split("\n"), text)


def _dump(body: bytes, why: str) -> Document:
    return Document("hex", f"binary, {size(len(body))}{why}", HexLines(body), body.decode("latin-1"))


def _looks_binary(text: str) -> bool:
    sample = text[:4096]
    return sum(char < " " and char not in "\t\r\n\x1b" for char in sample) * 10 > len(sample)


def _json_or_text(text: str, body: bytes, content_type: str) -> Document:
    if "json" not in content_type.lower() and text.lstrip()[:1] not in {"{", "["}:
        return text_document(text, f"text, {size(len(body))}")
    try:
        pretty = msgspec.json.format(body, indent=2).decode()
    except msgspec.MsgspecError as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        return text_document(text, f"not valid JSON: {reason}; shown as it is, {size(len(body))}")
    return Document("json", f"JSON, {size(len(body))}", pretty.split("\n"), pretty)

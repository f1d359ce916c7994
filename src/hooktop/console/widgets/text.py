"""Turns what an API sent into text that cannot harm a terminal, and values into short words.

Everything drawn from an API answer goes through ``inert`` first: control characters, escape sequences,
direction overrides and invisible characters become visible marks, line breaks become one mark, and the text
is cut by terminal cells, not by characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from rich.cells import cell_len

ELLIPSIS = "…"
_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_BARS = "▁▂▃▄▅▆▇█"


def inert(text: str, width: int | None = None) -> str:
    """Give harmless one-line text, at most ``width`` cells wide."""
    if width is not None:
        if width <= 0:
            return ""
        # Looking at a bounded piece keeps a 1 MB line as cheap as a short one.
        text = text[: width * 4 + 8]
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_visible, text))
    return text if width is None else cut(text, width)


@lru_cache(maxsize=4096)
def _visible(char: str) -> str:
    """The character itself where it is harmless, else a mark of the same width in every terminal."""
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    category = unicodedata.category(char)
    if category in _UNSAFE_CATEGORIES or 0xFE00 <= code <= 0xFE0F:
        return "�"
    if category == "Zs":
        return " "
    # A combining mark without its base, or hundreds of them, shifts everything that follows.
    return "�" if category in {"Mn", "Me", "Mc"} else char


def cut(text: str, width: int) -> str:
    """Cut harmless text to ``width`` cells, with an ellipsis where something is missing."""
    if len(text) <= width and (text.isascii() or cell_len(text) <= width):
        return text
    if text.isascii():
        return text[: width - 1] + ELLIPSIS
    return _cut_cells(text, width)


def _cut_cells(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    used, kept = 0, []
    for char in text:
        size = cell_len(char)
        if used + size > width - 1:
            break
        used += size
        kept.append(char)
    return "".join(kept) + ELLIPSIS


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Cut or pad harmless text to exactly ``width`` cells."""
    text = cut(text, width)
    missing = width - (len(text) if text.isascii() else cell_len(text))
    return " " * missing + text if right else text + " " * missing


def middle(text: str, width: int) -> str:
    """Shorten an identifier in its middle, where it carries least."""
    text = inert(text)
    if cell_len(text) <= width or width < 5:
        return cut(text, width)
    head = (width - 1) * 3 // 5
    return text[:head] + ELLIPSIS + text[-(width - 1 - head) :]


def span(seconds: float) -> str:
    """A duration in two short units at most: ``8s``, ``4m53s``, ``2h05m``, ``3d04h``."""
    whole = int(max(0, seconds))
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10:
        return f"{minutes}m{rest:02d}s"
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02d}m"
    return f"{hours // 24}d{hours % 24:02d}h"


def ago(moment: datetime | None, now: datetime | None) -> str:
    """How long ago a moment was."""
    if moment is None or now is None:
        return "–"
    seconds = (now - moment).total_seconds()
    return "now" if seconds < 1 else span(seconds)


def until(moment: datetime | None, now: datetime | None) -> str:
    """How long until a moment, ``due`` when it has passed."""
    if moment is None or now is None:
        return "–"
    seconds = (moment - now).total_seconds()
    return "due" if seconds <= 0 else span(seconds)


def exact(moment: datetime | None) -> str:
    """A moment to the second, in UTC."""
    return "–" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%SZ")


def at(moment: datetime | None, now: datetime | None) -> str:
    """A moment as short as its distance allows: the time today, day and time further away."""
    if moment is None:
        return "–"
    near = now is not None and abs(now - moment) < timedelta(hours=20)
    return moment.strftime("%H:%M:%S" if near else "%d %b %H:%M")


def milliseconds(value: float | None) -> str:
    """A latency: ``84ms``, ``1.2s``, ``30s``."""
    if value is None:
        return "–"
    if value < 1000:
        return f"{value:.0f}ms"
    return f"{value / 1000:.1f}s" if value < 10_000 else f"{value / 1000:.0f}s"


def number(value: int | None) -> str:
    """A count with thousands set apart."""
    return "–" if value is None else f"{value:,}"


def size(value: int | None) -> str:
    """A number of bytes for people: ``912 B``, ``3.4 kB``, ``8.0 MB``."""
    if value is None:
        return "–"
    if value < 1000:
        return f"{value} B"
    return f"{value / 1000:.1f} kB" if value < 1_000_000 else f"{value / 1_000_000:.1f} MB"


def plural(count: int, noun: str) -> str:
    """``1 message``, ``214 messages``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def sparkline(values: Sequence[int], width: int, *, ascii_only: bool = False) -> str:
    """Counts as a row of bars, newest at the right; nothing at all is a dot, so that silence shows."""
    recent = list(values[-width:])
    top = max(recent, default=0)
    bars = "_.-=*#%@" if ascii_only else _BARS
    marks = (
        [bars[min(7, max(0, -(-value * 8 // top) - 1))] if value else "·" for value in recent] if top else []
    )
    return "".join(marks).rjust(width, "·") if marks else "·" * width


def header_lines(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Header names and values, harmless, with what authenticates hidden."""
    return tuple((inert(name), _masked(name, value)) for name, value in headers.items())


def _masked(name: str, value: str) -> str:
    secret = name.lower() in {"authorization", "cookie", "set-cookie", "x-api-key", "proxy-authorization"}
    return "••••••  (hidden)" if secret else inert(value, 2000)

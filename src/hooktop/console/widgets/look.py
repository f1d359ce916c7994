"""The look: one palette, the words and glyphs of states, and the tones that widgets draw with.

Status colours mean status and nothing else; every coloured word also has a glyph and is a word, so nothing is
lost without colour. The accent belongs to the context.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rich.style import Style
from textual.color import Color
from textual.theme import Theme
from textual.widget import Widget

from hooktop.console.model import Connection, EndpointState, MessageState

BACKGROUND = "#0e1116"
PANEL = "#161b22"
RAISED = "#1f2733"
RULE = "#303a46"
TEXT = "#d5dce4"
BRIGHT = "#f2f5f8"
MUTED = "#8d99a8"
BAD = "#ff7b72"
WARN = "#e3b341"
GOOD = "#57c96a"
BUSY = "#6cb6ff"
HELD = "#c297ff"

ACCENTS = {"teal": "#3fc1b0", "blue": "#6cb6ff", "violet": "#c297ff", "amber": "#e3b341", "rose": "#ff6fae"}
PRODUCTION_ACCENT = "rose"


class Word(NamedTuple):
    """How a state is shown: glyph, word, tone."""

    glyph: str
    word: str
    tone: str

    @property
    def text(self) -> str:
        """Glyph and word, as every list shows them."""
        return f"{self.glyph} {self.word}"


MESSAGE_WORDS: dict[MessageState, Word] = {
    MessageState.WAITING: Word("·", "waiting", "busy"),
    MessageState.SENDING: Word("»", "sending", "busy"),
    MessageState.DELIVERED: Word("✓", "delivered", "good"),
    MessageState.RETRYING: Word("~", "retrying", "warn"),
    MessageState.HELD: Word("‖", "held", "held"),
    MessageState.DEAD: Word("✗", "dead", "bad"),
    MessageState.DISCARDED: Word("⌀", "discarded", "bad"),
    MessageState.CANCELLED: Word("-", "cancelled", "muted"),
    MessageState.PAYLOAD_GONE: Word("□", "payload gone", "muted"),
    MessageState.UNKNOWN: Word("?", "unknown", "warn"),
}

ENDPOINT_WORDS: dict[EndpointState, Word] = {
    EndpointState.ACTIVE: Word("●", "active", "good"),
    EndpointState.PAUSED: Word("‖", "paused", "held"),
    EndpointState.DISABLED: Word("✗", "disabled", "bad"),
}

CONNECTION_WORDS: dict[Connection, Word] = {
    Connection.CONNECTING: Word("○", "CONNECTING", "busy"),
    Connection.LIVE: Word("●", "LIVE", "good"),
    Connection.STALE: Word("◐", "STALE", "warn"),
    Connection.OFFLINE: Word("✗", "OFFLINE", "bad"),
    Connection.AUTH_FAILED: Word("✗", "AUTH FAILED", "bad"),
    Connection.RATE_LIMITED: Word("‖", "RATE LIMITED", "warn"),
    Connection.BAD_ANSWER: Word("✗", "BAD ANSWER", "bad"),
}


def theme(accent: str) -> Theme:
    """Our dark theme with one accent colour; ``accent`` is a name of ``ACCENTS`` or a colour."""
    colour = ACCENTS.get(accent, accent if accent.startswith("#") else ACCENTS["teal"])
    return Theme(
        name=f"hooktop-{accent}",
        primary=colour,
        secondary=BUSY,
        accent=colour,
        warning=WARN,
        error=BAD,
        success=GOOD,
        foreground=TEXT,
        background=BACKGROUND,
        surface=BACKGROUND,
        panel=PANEL,
        dark=True,
        variables={
            "raised": RAISED,
            "rule": RULE,
            "muted": MUTED,
            "bright": BRIGHT,
            "busy": BUSY,
            "held": HELD,
            "block-cursor-background": RAISED,
            "block-cursor-foreground": BRIGHT,
            "block-cursor-text-style": "bold",
            "border": RULE,
            "scrollbar": RULE,
            "scrollbar-background": BACKGROUND,
            "scrollbar-background-hover": BACKGROUND,
            "scrollbar-background-active": BACKGROUND,
            "scrollbar-hover": MUTED,
            "scrollbar-active": colour,
            "input-cursor-background": BRIGHT,
            "input-selection-background": f"{colour} 30%",
        },
    )


def contrast(foreground: str, background: str) -> float:
    """The contrast ratio of two colours as WCAG 2 defines it, from 1 to 21."""
    light, dark = sorted((_luminance(foreground), _luminance(background)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in Color.parse(colour).rgb]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class Toned(Widget):
    """A widget that draws with named tones; the colours come from the theme in force.

    Component classes would do the same, but Textual matches the style sheet against each of them for each widget
    whenever a screen is shown: a dozen tones on a dozen widgets cost more than drawing the screen.
    """

    def tone(self, name: str) -> Style:
        """The style of a tone, without background (but for the marks), so that it lies over any row."""
        app = self.app
        key = (app.theme, name)
        style = _TONE_STYLES.get(key)
        if style is None:
            style = _TONE_STYLES[key] = _tone_style(_TONES.get(name, _TONES["text"]), app.theme_variables)
        return style


class _Tone(NamedTuple):
    colour: str
    bold: bool = False
    ground: str = ""


_TONES = {
    "text": _Tone("foreground"),
    "muted": _Tone("muted"),
    "bright": _Tone("bright", bold=True),
    "title": _Tone("foreground", bold=True),
    "bad": _Tone("error"),
    "warn": _Tone("warning"),
    "good": _Tone("success"),
    "busy": _Tone("busy"),
    "held": _Tone("held"),
    "accent": _Tone("accent"),
    "key": _Tone("accent", bold=True),
    "rule": _Tone("rule"),
    "here": _Tone("background", bold=True, ground="accent"),
    "selected": _Tone("bright", bold=True, ground="raised"),
}

_TONE_STYLES: dict[tuple[str, str], Style] = {}


def _tone_style(tone: _Tone, variables: Mapping[str, str]) -> Style:
    ground = Color.parse(variables[tone.ground]).rich_color if tone.ground else None
    return Style(color=Color.parse(variables[tone.colour]).rich_color, bgcolor=ground, bold=tone.bold or None)

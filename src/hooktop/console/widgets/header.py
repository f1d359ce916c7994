"""The two lines on top of every screen: one line of truth, one line of places to go; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hooktop.console.model import Connection
from hooktop.console.widgets.bars import Part, spread, width_of
from hooktop.console.widgets.look import CONNECTION_WORDS
from hooktop.console.widgets.text import milliseconds, span

PLACES = (
    ("triage", "Triage"),
    ("endpoints", "Endpoints"),
    ("messages", "Messages"),
    ("jobs", "Jobs"),
    ("activity", "Activity"),
    ("connection", "Connection"),
    ("contexts", "Contexts"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the first line says."""

    context: str
    host: str
    mode: str
    """``LIVE API``, ``MOCK`` or ``READ-ONLY``."""
    connection: Connection
    since_s: float = 0.0
    age_s: float | None = None
    latency_ms: float | None = None
    retry_in_s: float | None = None
    attempt: int = 0
    now: datetime | None = None
    """The provider's clock."""


def truth_line(truth: Truth, width: int) -> list[Part]:
    """Context, host, mode, connection, age of the data, latency; the provider's time at the right."""
    clock = "--:--:--" if truth.now is None else truth.now.strftime("%H:%M:%S")
    right = [Part(truth.now.strftime("%d %b  ") if truth.now and width >= 110 else "", "muted")]
    right += [Part("UTC ", "muted"), Part(clock + " ", "bright")]
    mode_tone = "warn" if truth.mode == "READ-ONLY" else "accent"
    left = [
        Part(" hooktop ", "here", "app.about"),
        Part(f" {truth.context} ", "bright", "app.place('contexts')"),
        Part(f" {truth.mode} ", mode_tone),
        *_connection_parts(truth),
    ]
    host = [Part(f"  {truth.host}", "muted")]
    if width_of(left) + width_of(host) + width_of(right) + 2 <= width:
        left += host
    return spread(left, right, width)


def _connection_parts(truth: Truth) -> list[Part]:
    word = CONNECTION_WORDS[truth.connection]
    parts = [Part(f" {word.text} ", word.tone, "app.place('connection')")]
    match truth.connection:
        case Connection.LIVE:
            parts.append(Part(f"{_age(truth)} old  {milliseconds(truth.latency_ms)} ", "muted"))
        case Connection.STALE:
            parts.append(Part(f"{_age(truth)} old ", "warn"))
        case Connection.CONNECTING:
            parts.append(Part("waiting for the first answer ", "muted"))
        case _:
            parts.append(Part(_trouble(truth), "muted"))
    return parts


def _trouble(truth: Truth) -> str:
    told = f"for {span(truth.since_s)} "
    if truth.retry_in_s is not None:
        told += f"· next try in {span(truth.retry_in_s)} (try {truth.attempt + 1}) "
    return told + (f"· data {_age(truth)} old " if truth.age_s is not None else "")


def _age(truth: Truth) -> str:
    if truth.age_s is None:
        return "–"
    return f"{truth.age_s:.0f}s" if truth.age_s < 60 else span(truth.age_s)


def tabs_line(here: str, counts: dict[str, int | None], width: int) -> list[Part]:
    """The places, the present one marked, with how much waits in each."""
    for style in ("full", "short", "bare"):
        parts = _tabs(here, counts, style)
        if width_of(parts) <= width:
            return parts
    return parts


def _tabs(here: str, counts: dict[str, int | None], style: str) -> list[Part]:
    parts: list[Part] = []
    for at, (name, title) in enumerate(PLACES, start=1):
        count = counts.get(name)
        label = title if style != "bare" or name == here else title[:4]
        told = f" {label} {count:,} " if count is not None and style == "full" else f" {label}"
        told = (
            told
            if style == "full" and told.endswith(" ")
            else told + (" " if name == here or style == "full" else "")
        )
        action = f"app.place('{name}')"
        parts.append(Part(f" {at}", "selected" if name == here else "key", action))
        parts.append(Part(told, "selected" if name == here else "muted", action))
    return parts

"""Contexts (named connections) and thresholds: the values of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from hooktop.console.settings.keys import KeySource, SettingsError

DEFAULT_BUDGET_PER_MINUTE = 100
"""A tenth of the 1,000 requests a minute that the strictest documented provider allows a project."""
LAB_BUDGET_PER_MINUTE = 1800
"""For the reference server on the same machine, which nobody else needs."""


class Safety(StrEnum):
    """How careful a context asks the console to be."""

    NORMAL = "normal"
    PRODUCTION = "production"
    READ_ONLY = "read-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """The reference server's control API behind a context, where there is one."""

    url: str
    project_id: str
    admin: KeySource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A named connection of the console."""

    name: str
    provider: str
    url: str
    key: KeySource
    send_url: str = ""
    project: str = ""
    """The project id in the URL, for providers that have one there."""
    safety: Safety = Safety.NORMAL
    read_only: bool = False
    lab: Lab | None = None
    budget_per_minute: int = DEFAULT_BUDGET_PER_MINUTE
    accent: str = ""

    @property
    def is_read_only(self) -> bool:
        """Nothing may be changed through this context."""
        return self.read_only or self.safety is Safety.READ_ONLY

    @property
    def host(self) -> str:
        """Host and port, for the header line."""
        return urlsplit(self.url).netloc or self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When a confirmation asks for more, and when a bulk action stops itself."""

    modal_from: int = 2
    """From this many items on: a modal instead of the inline bar."""
    typed_from: int = 50
    """From this many items on: type the count."""
    canary_above: int = 20
    canary_size: int = 5
    breaker_percent: int = 20
    breaker_window: int = 50
    breaker_in_a_row: int = 3
    rate_per_s: float = 20.0
    concurrency: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the configuration file says, and what was odd about it."""

    contexts: tuple[Context, ...] = ()
    current: str = ""
    thresholds: Thresholds = Thresholds()
    theme: str = ""
    keymap: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None
    warnings: tuple[str, ...] = ()
    """Unknown keys and values, each with file and line; they were ignored."""

    def context(self, name: str = "") -> Context:
        """The named context, or the current one. Raises ``SettingsError`` naming those that exist."""
        wanted = name or self.current
        for context in self.contexts:
            if context.name == wanted:
                return context
        if not self.contexts:
            raise SettingsError(
                "there is no context yet: add one with `hooktop context add`, or try `hooktop demo`"
            )
        known = ", ".join(context.name for context in self.contexts)
        if not wanted:
            raise SettingsError(f"no context is chosen: `hooktop context use NAME` (there are {known})")
        raise SettingsError(f"no context is called {wanted!r} (there are {known})")

    def with_context(self, context: Context) -> Settings:
        """The same settings with one context added or replaced; the first one becomes the current."""
        others = tuple(item for item in self.contexts if item.name != context.name)
        return replace(self, contexts=(*others, context), current=self.current or context.name)

    def without_context(self, name: str) -> Settings:
        """The same settings without one context."""
        others = tuple(item for item in self.contexts if item.name != name)
        fallback = others[0].name if others else ""
        return replace(self, contexts=others, current=fallback if self.current == name else self.current)

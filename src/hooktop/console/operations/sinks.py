"""Where what is watched goes, and what is told about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from hooktop.console.model import Endpoint, Message


class MessageSink(Protocol):
    """Where messages go: a ``MessageStore``."""

    def upsert(self, messages: Iterable[Message]) -> tuple[str, ...]:
        """Add or replace; returns the ids that are new or changed."""

    def remove(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Take out; returns the ids that were there."""

    def get(self, id_: str) -> Message | None:
        """One message by id."""

    def all(self) -> Iterator[Message]:
        """Every message, in no particular order."""


class EndpointSink(Protocol):
    """Where endpoints go: an ``EndpointStore``."""

    def all(self) -> tuple[Endpoint, ...]:
        """Every endpoint."""

    def upsert(self, endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
        """Add or replace; returns the ids that are new or changed."""

    def remove(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Take out; returns the ids that were there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something is different: draw again what shows it."""

    messages: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    note: str = ""
    """For people, when something left: ``2 messages were deleted elsewhere``."""
    connection: bool = False
    """The connection state, latency or age changed."""
    complete: bool = False
    """The window has been read to its end once: counts are whole from now on."""


OnChange = Callable[[Change], None]

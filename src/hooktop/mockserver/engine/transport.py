"""The port through which a delivery leaves the engine, and the one that scripted receivers answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from hooktop.mockserver.delivery.model import Answer, Endpoint, Message

if TYPE_CHECKING:
    from hooktop.mockserver.engine.receivers import Receivers

BODY_KEPT = 64 * 1024
"""Bytes of a receiver's answer that are kept; what is beyond is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt on its way out: exactly these headers and these bytes."""

    endpoint: Endpoint
    message: Message
    payload: bytes
    headers: Mapping[str, str]
    at: int
    number: int

    @property
    def url(self) -> str:
        """Where it goes."""
        return self.endpoint.url


class Transport(Protocol):
    """Carries a delivery to its receiver."""

    def deliver(self, delivery: Delivery) -> Answer:
        """The receiver's answer. Never raises: whatever goes wrong is an Answer with an error."""
        ...


class SimulatedTransport:
    """Answers from the project's scripts; nothing leaves the process."""

    def __init__(self, receivers: Receivers) -> None:
        self._receivers = receivers

    def deliver(self, delivery: Delivery) -> Answer:
        """What the script of the URL's host answers."""
        return self._receivers.answer(delivery).answer


class ClosableTransport(Transport, Protocol):
    """A transport that holds connections."""

    def close(self) -> None:
        """Close all connections."""
        ...


class DeferredTransport:
    """A transport that is made for the first delivery; a server that sends none starts sooner without it."""

    def __init__(self, make: Callable[[], ClosableTransport]) -> None:
        self._make = make
        self._made: ClosableTransport | None = None
        self._lock = Lock()

    def deliver(self, delivery: Delivery) -> Answer:
        """What the transport itself answers."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return self._made.deliver(delivery)

    def close(self) -> None:
        """Close all connections, if there ever were any."""
        with self._lock:
            if self._made is not None:
                self._made.close()

"""What every wing must know of the server it is part of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Event


@dataclass(slots=True, kw_only=True)
class Site:
    """Addresses and rules of the running server; the addresses are known once the port is bound."""

    url: str = "http://127.0.0.1"
    stream_url: str | None = None
    admin_token: str | None = None
    loopback: bool = True
    """The server listens on loopback only, so the control API is open."""
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext
    """Enter it around a request that only waits, so that others find a free thread."""
    stopping: Event = field(default_factory=Event)
    """The server is on its way down: whoever waits should stop waiting."""

"""The port to a webhook platform: one small protocol, one exception tree.

``ProviderError``
 +-- ``Unreachable``        no answer: refused, reset, DNS, TLS, timeout while connecting
 |    +-- ``AnswerLost``    sent, but the answer never came: the call may have been carried out
 +-- ``AuthFailed``         401 or 403
 +-- ``RateLimited``        429 of the API itself (``retry_after_s``)
 +-- ``BadAnswer``          HTML, half a JSON, or a body this API never sends
 +-- ``NotFound``           the item does not exist (any more)
 +-- ``Refused``            the provider understood and said no (``code``, ``status``)
 +-- ``ReadOnly``           this context may not change anything; nothing was sent
 +-- ``Unsupported``        this provider has no such operation here; nothing was sent
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from hooktop.console.model import (
    Attempt,
    Capabilities,
    Endpoint,
    EndpointKind,
    ItemResult,
    Message,
    MessageQuery,
    Page,
    Payload,
)


class ProviderError(Exception):
    """The provider could not do it."""

    def __init__(
        self, message: str, *, status: int | None = None, code: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id


class Unreachable(ProviderError):
    """No answer from the API."""


class AnswerLost(Unreachable):
    """The request was sent but its answer never came."""


class AuthFailed(ProviderError):
    """The API refused the key."""


class RateLimited(ProviderError):
    """The API asked to slow down."""

    def __init__(self, message: str, *, retry_after_s: float, code: str = "", request_id: str = "") -> None:
        super().__init__(message, status=429, code=code, request_id=request_id)
        self.retry_after_s = retry_after_s


class BadAnswer(ProviderError):
    """The server answered with something this API never sends."""


class NotFound(ProviderError):
    """The item does not exist."""


class Refused(ProviderError):
    """The provider said no."""


class ReadOnly(ProviderError):
    """This context is read-only."""


class Unsupported(ProviderError):
    """The provider has no such operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer as the Connection screen and the journal show it; no secret in it."""

    at: datetime
    method: str
    path: str
    status: int | None
    latency_ms: float
    request_id: str
    error: str


@runtime_checkable
class Provider(Protocol):
    """A webhook platform. All methods raise ``ProviderError``."""

    name: str
    """The platform's own name, for people."""

    kinds: tuple[EndpointKind, ...]
    """The kinds of endpoint it has."""

    def capabilities(self, kind: EndpointKind) -> Capabilities:
        """What its verbs mean for one kind of endpoint."""

    @property
    def server_time(self) -> datetime | None:
        """The provider's clock as of its last answer (HTTP ``Date``), ``None`` before the first."""

    async def check(self) -> str:
        """One cheap authenticated call; returns who we are there (project name or key label)."""

    async def endpoints(self, kind: EndpointKind, cursor: str | None = None) -> Page:
        """A page of ``Endpoint``."""

    async def endpoint(self, kind: EndpointKind, endpoint_id: str) -> Endpoint:
        """One endpoint, fresh."""

    async def pause(self, endpoint: Endpoint) -> ItemResult:
        """Ends paused: a toggle is read first and its answer compared with the intention."""

    async def resume(self, endpoint: Endpoint) -> ItemResult:
        """Ends active; ``ItemResult.count`` is the number requeued, where the provider tells."""

    async def set_rate(self, endpoint: Endpoint, per_second: int | None) -> ItemResult:
        """Limit its deliveries per second (``None``: no limit); ``Unsupported`` where that cannot be set."""

    async def messages(
        self, query: MessageQuery, cursor: str | None = None, limit: int | None = None
    ) -> Page:
        """A page of ``Message``, newest first."""

    async def message(self, kind: EndpointKind, message_id: str) -> Message:
        """One message, fresh and complete."""

    async def attempts(self, kind: EndpointKind, message_id: str) -> tuple[Attempt, ...]:
        """Its attempts, oldest first."""

    async def payload(self, message: Message) -> Payload:
        """Its body; ``Unsupported`` where the API does not give it."""

    async def retry_now(self, message: Message) -> ItemResult:
        """Bring its waiting retry forward."""

    async def replay(self, message: Message) -> ItemResult:
        """Send a finished message again (a dead one by the dead-letter way where there is one)."""

    async def cancel(self, message: Message) -> ItemResult:
        """Give up its waiting retry."""

    async def aclose(self) -> None:
        """Close the connections."""


OnExchange = Callable[[Exchange], None]
"""Called after every exchange."""

Sleep = Callable[[float], Awaitable[None]]
"""How an operation waits: ``asyncio.sleep`` in production, a recorder in tests."""

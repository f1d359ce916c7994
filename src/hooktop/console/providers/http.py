"""One HTTP session to a provider: the only place that sends, and the only place that judges what came back.

Nothing but a GET leaves a read-only session. A request is repeated only when it provably never left, or when it
was a GET whose connection broke; everything else is for the caller to look into, by reading. The key is in no
message, no representation and no exchange.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import msgspec

from hooktop.console.clock import Clock, utc_now
from hooktop.console.providers.base import (
    AnswerLost,
    AuthFailed,
    BadAnswer,
    Exchange,
    NotFound,
    OnExchange,
    ProviderError,
    RateLimited,
    ReadOnly,
    Refused,
    Unreachable,
)
from hooktop.console.settings import Secret

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 15.0
RETRY_AFTER_DEFAULT_S = 5.0
RETRY_AFTER_MAX_S = 3600.0
MESSAGE_MAX = 300

Params = Mapping[str, str | int | list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What an error answer says, in the provider's own envelope."""

    code: str = ""
    message: str = ""
    request_id: str = ""
    absent: bool = False
    """The thing asked for does not exist, whatever the status says."""
    refusal: bool = False
    """A fact about this one item, although the status (429) would mean the API as a whole."""


class Dialect(Protocol):
    """How one API words its errors."""

    def fault(self, status: int, body: Any, headers: Mapping[str, str]) -> Fault | None:
        """Read an error body; ``None`` when it is not this API's envelope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A 2xx answer."""

    status: int
    body: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    request_id: str = ""


class Session:
    """Requests to one API with one key."""

    def __init__(
        self,
        base_url: str,
        key: Secret | None,
        dialect: Dialect,
        *,
        read_only: bool = False,
        on_exchange: OnExchange | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = utc_now,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.read_only = read_only
        self.server_time: datetime | None = None
        self._key = key
        self._dialect = dialect
        self._on_exchange = on_exchange
        self._clock = clock
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=10, keepalive_expiry=4.0),
            headers={"User-Agent": f"hooktop/{_version()}", "Accept": "application/json"},
            follow_redirects=False,
            verify=not base_url.startswith("http://"),  # without TLS, reading certificates is only slow
            trust_env=transport is None and not _is_loopback(base_url),
        )

    def __repr__(self) -> str:
        return f"Session({self.base_url!r}, read_only={self.read_only})"

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, path: str, params: Params | None = None) -> Reply:
        """Read. Raises ``ProviderError``."""
        return await self._request("GET", path, params=params)

    async def send(
        self, method: str, path: str, *, body: Any = None, params: Params | None = None, url: str = ""
    ) -> Reply:
        """Change something. Raises ``ProviderError``: ``AnswerLost`` when it may have been carried out."""
        if self.read_only:
            raise ReadOnly("this context is read-only: nothing was sent")
        return await self._request(method, path, params=params, body=body, url=url)

    def key_starts_with(self, prefix: str) -> bool:
        """Whether our key is the one whose first characters an API shows."""
        return bool(prefix) and self._key is not None and self._key.reveal().startswith(prefix)

    async def _request(
        self, method: str, path: str, *, params: Params | None, body: Any = None, url: str = ""
    ) -> Reply:
        request = self._client.build_request(
            method,
            (url or self.base_url) + path,
            params=dict(params) if params else None,
            json=body,
            headers={"Authorization": f"Bearer {self._key.reveal()}"} if self._key is not None else None,
        )
        started = time.perf_counter()
        try:
            response = await self._exchange(request)
            reply = self._judge(request, response)
        except ProviderError as error:
            self._tell(request, started, error.status, error.request_id, error.message)
            raise
        self._tell(request, started, reply.status, reply.request_id, "")
        return reply

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        """One request, a second time only where that is safe."""
        try:
            return await self._attempt(request)
        except AnswerLost:
            raise
        except Unreachable:
            return await self._attempt(request)

    async def _attempt(self, request: httpx.Request) -> httpx.Response:
        """Send once. Raises ``AnswerLost`` when a change may have been carried out, else ``Unreachable``."""
        try:
            return await self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(self._clean(f"no connection to {_host(request)}: {_why(error)}")) from None
        except httpx.InvalidURL as error:
            raise Unreachable(self._clean(f"the URL cannot be used: {error}")) from None
        except (httpx.TimeoutException, httpx.TransportError, httpx.DecodingError) as error:
            lost = f"no answer from {_host(request)}: {_why(error)}"
            if request.method == "GET" and not isinstance(error, httpx.TimeoutException):
                raise Unreachable(self._clean(lost)) from None
            raise AnswerLost(self._clean(lost)) from None

    def _judge(self, request: httpx.Request, response: httpx.Response) -> Reply:
        self._note_time(response)
        status, headers = response.status_code, response.headers
        body, readable = _decode(response)
        if 200 <= status < 300:
            if not readable:
                raise BadAnswer(_unreadable(response), status=status, request_id=_header_id(headers))
            return Reply(status=status, body=body, headers=headers, request_id=_request_id(body, headers))
        fault = self._dialect.fault(status, body, headers) if readable else None
        raise self._error(request, response, fault)

    def _error(self, request: httpx.Request, response: httpx.Response, fault: Fault | None) -> ProviderError:
        """The one place where statuses become exceptions."""
        status = response.status_code
        known = fault or Fault(request_id=_header_id(response.headers))
        text = self._clean(known.message or f"HTTP {status} {response.reason_phrase}".strip())
        facts: dict[str, Any] = {"status": status, "code": known.code, "request_id": known.request_id}
        if status in {401, 403} and not known.refusal:
            return AuthFailed(f"the API refused the key: {text}", **facts)
        if status == 429 and not known.refusal:
            wait = _retry_after(response.headers, self._clock())
            return RateLimited(text, retry_after_s=wait, code=known.code, request_id=known.request_id)
        if status >= 500:
            kind = Unreachable if request.method == "GET" else AnswerLost
            return kind(
                f"the API failed: {f'HTTP {status} {text}' if fault else _unreadable(response)}", **facts
            )
        if known.absent:
            return NotFound(text, **facts)
        if fault is None:
            return BadAnswer(_unreadable(response), **facts)
        return Refused(text, **facts)

    def _note_time(self, response: httpx.Response) -> None:
        try:
            moment = parsedate_to_datetime(response.headers.get("Date", ""))
        except (ValueError, TypeError):
            return
        self.server_time = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def _clean(self, text: str) -> str:
        """Without the key, on one line, not too long."""
        if self._key is not None:
            text = text.replace(self._key.reveal(), str(self._key))
        return " ".join(text.split())[:MESSAGE_MAX]

    def _tell(
        self, request: httpx.Request, started: float, status: int | None, request_id: str, error: str
    ) -> None:
        if self._on_exchange is None:
            return
        self._on_exchange(
            Exchange(
                at=self._clock(),
                method=request.method,
                path=request.url.raw_path.decode("ascii", "replace"),
                status=status,
                latency_ms=(time.perf_counter() - started) * 1000,
                request_id=request_id,
                error=error,
            )
        )


def _version() -> str:
    try:
        return version("hooktop")
    except PackageNotFoundError:
        return "unknown"


def _is_loopback(url: str) -> bool:
    """Loopback never goes through a proxy of the environment."""
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def _host(request: httpx.Request) -> str:
    return request.url.netloc.decode("ascii", "replace")


def _why(error: Exception) -> str:
    """A transport error in a few words."""
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    return str(error) or type(error).__name__


def _decode(response: httpx.Response) -> tuple[Any, bool]:
    if not response.content:
        return None, False
    try:
        return msgspec.json.decode(response.content), True
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None, False


def _unreadable(response: httpx.Response) -> str:
    """What came instead of JSON."""
    status, kind = response.status_code, response.headers.get("Content-Type", "").split(";")[0]
    if 300 <= status < 400:
        return f"HTTP {status}: a redirect, not the API; check the context's URL"
    if kind == "text/html":
        return f"HTTP {status}: an HTML page, not the API; check the context's URL and any proxy"
    if not response.content:
        return f"HTTP {status} without a body where the API sends JSON"
    return f"HTTP {status}: the answer is not the JSON this API sends ({kind or 'no content type'})"


def _header_id(headers: Mapping[str, str]) -> str:
    return str(headers.get("X-Request-ID", ""))[:100]


def _request_id(body: Any, headers: Mapping[str, str]) -> str:
    meta = body.get("meta") if isinstance(body, dict) else None
    found = meta.get("request_id") if isinstance(meta, dict) else None
    return found[:100] if isinstance(found, str) else _header_id(headers)


def _retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds to wait: a number or a date, within reason."""
    text = str(headers.get("Retry-After", "")).strip()
    if text.isascii() and text.isdigit():
        return min(float(text), RETRY_AFTER_MAX_S)
    try:
        wait = (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError):
        return RETRY_AFTER_DEFAULT_S
    return min(max(wait, 0.0), RETRY_AFTER_MAX_S)

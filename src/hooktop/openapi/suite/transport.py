"""Send requests and keep what went over the wire. The only module of the suite that opens connections."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from hooktop import __version__
from hooktop.openapi.suite.pointer import MISSING
from hooktop.openapi.suite.safety import Guard

TIMEOUT_SECONDS = 30.0
LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=32)
MAX_BODY = 16 * 1024 * 1024


class Unreachable(Exception):
    """The target did not answer: refused, timed out, broken off, or no HTTP."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it leaves."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes = b""


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, raw."""

    request: Request
    operation: str
    status: int
    headers: dict[str, str]
    content: bytes
    latency_ms: float

    @property
    def content_type(self) -> str:
        """The media type of the answer as it was sent, empty when there was none."""
        return self.headers.get("content-type", "")

    @cached_property
    def body(self) -> Any:
        """The decoded answer: JSON when it says so and is, else its text; MISSING when it is empty."""
        if not self.content:
            return MISSING
        if "json" in self.content_type:
            try:
                return json.loads(self.content)
            except ValueError:
                pass
        return self.content.decode("utf-8", "replace")

    @property
    def is_json(self) -> bool:
        """Whether the body is what its media type claims."""
        return isinstance(self.body, dict | list)


class Wire:
    """One pool of connections to a target, with the guard in front of it. Use as a context manager."""

    def __init__(self, guard: Guard, base_url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.guard = guard
        self.base_url = base_url.rstrip("/")
        self._base_path = urlsplit(self.base_url).path
        inner = transport or httpx.HTTPTransport(limits=LIMITS, verify=urlsplit(base_url).scheme == "https")
        self._client = httpx.Client(
            transport=_Guarded(inner, self),
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": f"hooktop-contract/{__version__}", "Accept": "application/json"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def send(self, request: Request, operation: str) -> Exchange:
        """The answer to a request. Raises Unsafe (nothing was sent) or Unreachable."""
        started = perf_counter()
        try:
            answer = self._client.request(
                request.method, request.url, headers=request.headers, content=request.content or None
            )
        except httpx.InvalidURL as error:
            raise Unreachable(f"{request.url}: {error}") from error
        except httpx.HTTPError as error:
            raise Unreachable(f"{request.method} {request.url}: {error or type(error).__name__}") from error
        exchange = Exchange(
            request=request,
            operation=operation,
            status=answer.status_code,
            headers=dict(answer.headers),
            content=answer.content[:MAX_BODY],
            latency_ms=(perf_counter() - started) * 1000,
        )
        self.guard.learn(request.method, self.path(request.url), exchange.status, exchange.body)
        return exchange

    def path(self, url: str) -> str:
        """The path of a URL as the document writes it, without the base path of the server."""
        return urlsplit(url).path.removeprefix(self._base_path)


class _Guarded(httpx.BaseTransport):
    """Asks the guard about every request, whoever built it."""

    def __init__(self, inner: httpx.BaseTransport, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = self._wire.path(str(request.url))
        self._wire.guard.check(request.method, path, request.url.query.decode(), request.read())
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()

"""One API request on its way through the server, and the answer a view gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import msgspec
from werkzeug.exceptions import ClientDisconnected

from hooktop.mockserver.http.errors import ApiError
from hooktop.openapi.validation import MISSING

__all__ = ["MISSING", "Answer", "Call", "Malformed"]

if TYPE_CHECKING:
    from flask import Request

    from hooktop.mockserver.engine.faults import Rule
    from hooktop.mockserver.engine.project import Project
    from hooktop.openapi.validation import Violation


_CLOSE = {"Connection": "close"}
"""Of a body that was not read to its end nobody knows where the next request begins."""


class Malformed(ValueError):
    """The request's body is not JSON; `position` is the byte where reading stopped, or None."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class Call:
    """What a view may know of the request it answers.

    `project` is set before any view runs, except on public operations; read it through `tenant`.
    """

    __slots__ = (
        "_body",
        "_query",
        "_raw",
        "fault",
        "key",
        "operation",
        "path",
        "project",
        "request",
        "request_id",
        "violations",
    )

    def __init__(self, operation: str, request: Request, path: Mapping[str, str]) -> None:
        self.operation = operation
        self.request = request
        self.path = path
        self.project: Project | None = None
        self.key = ""
        self.request_id = ""
        self.violations: tuple[Violation, ...] = ()
        self.fault: Rule | None = None
        self._query: dict[str, list[str]] | None = None
        self._raw: bytes | None = None
        self._body: Any = self

    @property
    def tenant(self) -> Project:
        """The project that the key belongs to; only operations with a key may ask."""
        if self.project is None:
            raise LookupError(f"operation {self.operation} has no project: it is public")
        return self.project

    @property
    def now(self) -> int:
        """Milliseconds since the epoch on the project's clock."""
        return self.tenant.clock.now()

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers, found in any case."""
        # Werkzeug's headers are a mapping in all but name.
        return cast("Mapping[str, str]", self.request.headers)

    @property
    def query(self) -> dict[str, list[str]]:
        """Query parameters, each with all its values in the order sent."""
        if self._query is None:
            self._query = self.request.args.to_dict(flat=False) if self.request.query_string else {}
        return self._query

    def argument(self, name: str) -> str | None:
        """First value of a query parameter, or None when it was not sent."""
        values = self.query.get(name)
        return values[0] if values else None

    @property
    def raw(self) -> bytes:
        """The body exactly as sent. Raises ApiError when it does not come, or not in one piece."""
        if self._raw is None:
            self._raw = _read_bytes(self.request) if _may_have_body(self.request) else b""
        return self._raw

    @property
    def body(self) -> Any:
        """The body read as JSON, or MISSING when empty. Raises Malformed when it is not JSON."""
        if self._body is self:
            self._body = _read_json(self.raw)
        return self._body

    @property
    def body_or_missing(self) -> Any:
        """The body read as JSON, or MISSING when it is empty or not JSON."""
        try:
            return self.body
        except Malformed:
            return MISSING


def _may_have_body(request: Request) -> bool:
    environ = request.environ
    return bool(environ.get("CONTENT_LENGTH")) or bool(environ.get("wsgi.input_terminated"))


def _read_bytes(request: Request) -> bytes:
    """All of the body; a client that breaks off, dawdles or miscounts is at fault, not the server."""
    try:
        return request.get_data(cache=False)
    except (OSError, ValueError, ClientDisconnected) as error:
        text = "the body did not come as its headers announce"
        raise ApiError(400, "INVALID_REQUEST", text, headers=_CLOSE) from error


def _read_json(raw: bytes) -> Any:
    if not raw.strip():
        return MISSING
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error)
        _, found, tail = reason.rpartition("(byte ")
        position = int(tail.rstrip(")")) if found and tail.rstrip(")").isdigit() else None
        raise Malformed(reason, position) from error


@dataclass(slots=True)
class Answer:
    """What a view answers. `body` is JSON-able, or bytes sent as they are, or MISSING for none at all."""

    status: int = 200
    body: Any = MISSING
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def encoded(self) -> bytes:
        """The bytes to send: compact JSON in the key order given."""
        if self.body is MISSING:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return msgspec.json.encode(self.body)

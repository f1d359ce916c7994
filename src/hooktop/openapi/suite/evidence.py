"""What a case leaves behind: its findings, what went over the wire, and how to see it again by hand."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hooktop.openapi.suite.matchers import show
from hooktop.openapi.suite.model import Auth, Call, Check, Level, Outcome, Position, Walk
from hooktop.openapi.suite.redaction import Redactor
from hooktop.openapi.suite.transport import Exchange


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One broken expectation."""

    rule: str
    """`status`, `error code`, `message`, `body /data/id`, `document`, `unchanged`, `pages`, ..."""
    expected: str
    actual: str
    position: Position
    during: str | None = None
    """The set-up that was being played, None in the case's own steps."""
    level: Level | None = None
    """MUST when the document itself is broken, whatever the case's own level."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A call that was judged: enough to think of a wrong answer to it."""

    call: Call
    operation: str
    nth: int
    """How many calls of the operation with these credentials went before."""
    auth: Auth
    outcome: Outcome | None
    """The acceptable answer that it gave, matchers filled in; None when any success was expected."""
    exchange: Exchange


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """The second look of an `unchanged` step."""

    asked: Asked
    ignore: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Paged:
    """The pages of the longest walk through a list."""

    walk: Walk
    pages: tuple[Asked, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """A look at what a receiver got."""

    view: Any
    checks: tuple[Check, ...]


@dataclass(slots=True)
class Record:
    """Everything that playing a case produced. Grows while the case is played, then only read."""

    findings: list[Finding] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)
    paged: list[Paged] = field(default_factory=list)
    looked: list[Looked] = field(default_factory=list)
    counts: Counter[tuple[str, Auth]] = field(default_factory=Counter)

    def next_of(self, operation: str, auth: Auth) -> int:
        """The number of the next call of an operation with these credentials, counted from zero."""
        self.counts[operation, auth] += 1
        return self.counts[operation, auth] - 1


def wire_log(exchanges: list[Exchange], redactor: Redactor) -> list[dict[str, Any]]:
    """The exchanges as plain data without secrets."""
    return [
        {
            "n": number,
            "operation": exchange.operation,
            "request": {
                "method": exchange.request.method,
                "url": redactor.text(exchange.request.url),
                "headers": redactor.headers(exchange.request.headers),
                "body": redactor.body(exchange.request.content, "json") if exchange.request.content else None,
            },
            "response": {
                "status": exchange.status,
                "headers": redactor.headers(exchange.headers),
                "body": redactor.body(exchange.content, exchange.content_type) if exchange.content else None,
                "latency_ms": round(exchange.latency_ms, 1),
            },
        }
        for number, exchange in enumerate(exchanges, start=1)
    ]


def reproduction(exchanges: list[Exchange], redactor: Redactor) -> list[str]:
    """The requests as curl commands in order; the key stands as a variable of the shell."""
    return [_curl(exchange, redactor) for exchange in exchanges]


def _curl(exchange: Exchange, redactor: Redactor) -> str:
    request = exchange.request
    words = ["curl", "-sS", "-X", request.method]
    for name, value in redactor.headers(request.headers).items():
        words += ["-H", _quoted(f"{name}: {value}")]
    if request.content:
        words += ["--data-raw", _quoted(redactor.body(request.content, "json"))]
    return " ".join([*words, _quoted(redactor.text(request.url))])


def _quoted(text: str) -> str:
    """Quoted for a shell; a stand-in such as $KEY stays a variable."""
    if "$" in text and "'" not in text:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
        return f'"{escaped}"'
    return shlex.quote(text)


def answered(exchange: Exchange) -> str:
    """An answer in one line: status and the beginning of its body."""
    body = exchange.body
    text = body if isinstance(body, str) else show(body)
    return f"{exchange.status} {json.dumps(text)[1:-1] if isinstance(body, str) else text}"

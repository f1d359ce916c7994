"""The lines of a receiver's script: their JSON form, and the hosts that need no script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from hooktop.mockserver.delivery.model import AnswerError
from hooktop.mockserver.engine.clock import ClockError, iso, parse_iso

_FIELDS = ("status", "headers", "body", "latency_ms", "error", "times", "after", "until")
_ERRORS = ("timeout", "refused", "reset", "tls", "dns")
_MAGIC = re.compile(
    r"(?:status-(?P<status>[1-5]\d\d)|(?P<error>timeout|refused|reset|tls|dns)"
    r"|flaky-(?P<flaky>\d{1,3})|retry-after-(?P<wait>\d{1,6}))\.receiver\.test"
)


class ScriptError(ValueError):
    """A script cannot be; `path` names the place, for instance answers[1].status."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedAnswer:
    """One line of a script. It counts only within [after, until), and `times` times; the last one repeats."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    latency_ms: int | None = None
    """How long the attempt stays in flight on the project's clock; None: it ends at once."""
    error: AnswerError | None = None
    times: int | None = None
    after: int | None = None
    until: int | None = None

    def is_open(self, at: int) -> bool:
        """Whether the line counts at this instant."""
        return (self.after is None or at >= self.after) and (self.until is None or at < self.until)

    def state(self) -> dict[str, Any]:
        """The JSON form."""
        raw: dict[str, Any] = {"status": self.status} if self.error is None else {"error": self.error.value}
        if self.headers:
            raw["headers"] = dict(self.headers)
        if self.body:
            raw["body"] = self.body.decode("utf-8", "replace")
        for name in ("latency_ms", "times"):
            if getattr(self, name) is not None:
                raw[name] = getattr(self, name)
        for name in ("after", "until"):
            if getattr(self, name) is not None:
                raw[name] = iso(getattr(self, name))
        return raw


def parse_answers(raw: Any, path: str) -> tuple[ScriptedAnswer, ...]:
    """The lines of a script from their JSON form. Raises ScriptError."""
    if not isinstance(raw, Sequence) or isinstance(raw, (str, bytes)) or not raw:
        raise ScriptError(path, "give a list of at least one answer")
    return tuple(
        line if isinstance(line, ScriptedAnswer) else _parse_line(line, f"{path}[{number}]")
        for number, line in enumerate(raw)
    )


def _parse_line(raw: Any, path: str) -> ScriptedAnswer:
    if not isinstance(raw, Mapping):
        raise ScriptError(path, "give an object such as {status: 503}")
    for name in raw:
        if name not in _FIELDS:
            raise ScriptError(f"{path}.{name}", f"unknown field; give some of {', '.join(_FIELDS)}")
    headers = raw.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise ScriptError(f"{path}.headers", "give an object of names and values")
    return ScriptedAnswer(
        status=_whole(raw, "status", path, low=100, high=599) or 200,
        headers={str(name): str(value) for name, value in headers.items()},
        body=_body(raw.get("body")),
        latency_ms=_whole(raw, "latency_ms", path),
        error=_error(raw.get("error"), path),
        times=_whole(raw, "times", path, low=1),
        after=_instant(raw.get("after"), f"{path}.after"),
        until=_instant(raw.get("until"), f"{path}.until"),
    )


def _whole(raw: Mapping[str, Any], name: str, path: str, low: int = 0, high: int = 2**31) -> int | None:
    value = raw.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        limits = f"{low} to {high}" if high < 2**31 else f"{low} or more"
        raise ScriptError(f"{path}.{name}", f"give a whole number, {limits}")
    return value


def _error(value: Any, path: str) -> AnswerError | None:
    if value is None:
        return None
    if value not in _ERRORS:
        raise ScriptError(f"{path}.error", f"give one of {', '.join(_ERRORS)}")
    return AnswerError(value)


def _body(value: Any) -> bytes:
    if value is None:
        return b""
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)


def _instant(value: Any, path: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    try:
        return parse_iso(str(value))
    except ClockError as error:
        raise ScriptError(path, str(error)) from error


@lru_cache(maxsize=1024)
def magic_answers(host: str) -> tuple[ScriptedAnswer, ...]:
    """Answers by number of the attempt of a host that needs no script, the last one repeating; else none."""
    magic = _MAGIC.fullmatch(host)
    if magic is None:
        return ()
    if magic["status"]:
        return (ScriptedAnswer(status=int(magic["status"])),)
    if magic["error"]:
        return (ScriptedAnswer(error=AnswerError(magic["error"])),)
    if magic["flaky"]:
        return (*[ScriptedAnswer(status=503)] * int(magic["flaky"]), ScriptedAnswer(body=b'{"ok":true}'))
    return (ScriptedAnswer(status=429, headers={"Retry-After": magic["wait"]}),)

"""The control API of a hooktop server, as far as the suite uses it: projects, clock, receivers, faults."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from hooktop.openapi.suite.transport import Exchange, Request, Wire

START = "2026-01-05T09:00:00.000Z"
"""Where the virtual clock of every isolated case begins."""
PAGE = 1000


class ControlError(Exception):
    """The control API refused what the suite needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """An isolated tenant that the control API made."""

    id: str
    key: str
    base_url: str
    send_url: str
    receive_url: str


class Control:
    """Talks to ``/_mock`` on the origin of the target. Answers raise ControlError unless they are a success."""

    def __init__(self, wire: Wire, token: str | None = None) -> None:
        scheme, host, *_ = urlsplit(wire.base_url)
        self._origin = urlunsplit((scheme, host, "", "", ""))
        self._wire = wire
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def is_there(self) -> bool:
        """Whether the target is a hooktop server. Raises Unreachable when nothing answers at all."""
        exchange = self._send("GET", "/_mock/healthz")
        return exchange.status == 200 and exchange.is_json

    def create(self, api: str, seed: int, faults: Sequence[Mapping[str, Any]] = ()) -> Project:
        """A fresh project with a virtual clock."""
        wanted: dict[str, Any] = {"api": api, "seed": seed, "clock": {"mode": "virtual", "now": START}}
        if faults:
            wanted["faults"] = list(faults)
        data = self._data("POST", "/_mock/v1/projects", wanted)
        base = str(data["base_url"])
        return Project(
            id=data["id"],
            key=data["api_key"],
            base_url=base,
            send_url=data.get("send_url") or base,
            receive_url=data.get("receive_url") or base,
        )

    def drop(self, project: str) -> None:
        """Forget a project and all its data."""
        self._data("DELETE", f"/_mock/v1/projects/{project}")

    def advance(self, project: str, by_seconds: float) -> str:
        """Move the clock, everything due in the span done; the time it shows then."""
        return str(self._data("POST", self._of(project, "clock/advance"), {"by": by_seconds})["now"])

    def advance_to_next(self, project: str) -> str:
        """Move the clock to the next due work and do it; the time it shows then."""
        return str(self._data("POST", self._of(project, "clock/advance-to-next"))["now"])

    def drain(self, project: str) -> None:
        """Do what is due now."""
        self._data("POST", self._of(project, "drain"))

    def script(self, project: str, receiver: str, answers: Sequence[Mapping[str, Any]]) -> None:
        """Set what a receiver answers from now on."""
        self._data(
            "PUT", self._of(project, f"receivers/{quote(receiver, safe='')}"), {"answers": list(answers)}
        )

    def deliveries(self, project: str, receiver: str) -> list[dict[str, Any]]:
        """What a receiver got, oldest first."""
        path = self._of(project, f"receivers/{quote(receiver, safe='')}/deliveries?limit={PAGE}")
        rows = self._data("GET", path) or []
        return [dict(row) for row in reversed(rows)]

    def sweep(self, project: str, message: str) -> None:
        """Delete the payload of a message now."""
        self._data("POST", self._of(project, f"messages/{message}/sweep"))

    def _of(self, project: str, rest: str) -> str:
        return f"/_mock/v1/projects/{project}/{rest}"

    def _data(self, method: str, path: str, body: Any = None) -> Any:
        exchange = self._send(method, path, body)
        if not 200 <= exchange.status < 300:
            raise ControlError(f"{method} {path} answered {exchange.status}: {str(exchange.body)[:300]}")
        if isinstance(exchange.body, dict):
            return exchange.body.get("data")
        return None

    def _send(self, method: str, path: str, body: Any = None) -> Exchange:
        content = b"" if body is None else json.dumps(body).encode()
        return self._wire.send(Request(method, self._origin + path, self._headers, content), "control")


def probe(wire: Wire, token: str | None = None) -> Control | None:
    """The control API on the target's origin, or None when the target is some other server.

    Raises Unreachable when the target does not answer.
    """
    control = Control(wire, token)
    return control if control.is_there() else None

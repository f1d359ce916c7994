"""Verbs for these tests: one project on a virtual clock, every answer judged by the document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from hooktop.mockserver.engine.project import Project
from hooktop.openapi.validation import Judge

JUDGE = Judge.of("hookbridge")
UNKNOWN_ENDPOINT = "ep_" + "0" * 32
UNKNOWN_ID = "01935abc-def0-7123-4567-890abcdef012"


@dataclass(frozen=True)
class Reply:
    """One answer of the API."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and text."""
        return self.status, self.body["error"]["code"], self.body["error"]["message"]


class Bridge:
    """A client of one project."""

    def __init__(self, client: FlaskClient, project: Project, advance: Any, *, judged: bool = True) -> None:
        self.client = client
        self.project = project
        self.judged = judged
        self._advance = advance
        self.key = project.api_key

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = "",
        peer: str = "203.0.113.7",
    ) -> Reply:
        """Send one request; `key` None sends none. The answer must be as the document says."""
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key or self.key}"
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        answer = self.client.open(
            path, method=method, data=data, headers=sent, environ_base={"REMOTE_ADDR": peer}
        )
        parsed = (
            json.loads(answer.data) if answer.data and answer.mimetype == "application/json" else answer.data
        )
        self._judge(method, path, answer.status_code, answer.content_type, parsed)
        return Reply(answer.status_code, parsed, dict(answer.headers))

    def _judge(self, method: str, path: str, status: int, content_type: str, body: Any) -> None:
        found = JUDGE.document.find(method.lower(), path.partition("?")[0])
        if found is None or not self.judged:
            return
        violations = JUDGE.response(found[0].id, status, content_type, body)
        assert not violations, [str(violation) for violation in violations]

    def get(self, path: str, **options: Any) -> Reply:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        return self.call("POST", path, body, **options)

    # --- verbs ---

    def endpoint(self, name: str = "shop", **fields: Any) -> str:
        """Create an outbound endpoint at https://<name>.receiver.example/in; its id."""
        reply = self.post("/v1/endpoints", {"url": f"https://{name}.receiver.example/in", **fields})
        assert reply.status == 201, reply.body
        return str(reply.data["id"])

    def send(self, endpoint_id: str, payload: Any = None, **more: Any) -> str:
        """Send one message; its id."""
        body = {"endpoint_id": endpoint_id, "payload": {"n": 1} if payload is None else payload, **more}
        reply = self.post("/v1/webhooks/send", body)
        assert reply.status == 202, reply.body
        return str(reply.data["message_id"])

    def message(self, id: str) -> dict[str, Any]:
        reply = self.get(f"/v1/messages/{id}")
        assert reply.status == 200, reply.body
        return dict(reply.data)

    def status(self, id: str) -> str:
        return str(self.message(id)["status"])

    def attempts(self, id: str) -> list[dict[str, Any]]:
        return list(self.get(f"/v1/messages/{id}/attempts").data)

    def inbound(self, name: str = "stripe", **fields: Any) -> dict[str, Any]:
        """Create an inbound endpoint that forwards to https://<name>.receiver.example/in."""
        url = {} if fields.get("mode") == "cli" else {"url": f"https://{name}.receiver.example/in"}
        reply = self.post("/v1/inbound-endpoints", {"name": name, **url, **fields})
        assert reply.status == 201, reply.body
        return dict(reply.data)

    def knock(self, endpoint: Mapping[str, Any], raw: bytes = b"{}", **options: Any) -> Reply:
        """Post a webhook to an inbound endpoint's public address."""
        path = "/v1" + endpoint["ingest_url"].partition("/v1")[2]
        return self.call("POST", path + options.pop("query", ""), raw=raw, key=None, **options)

    def script(self, name: str, *answers: Mapping[str, Any]) -> None:
        """What the receiver <name>.receiver.example answers, the last one repeating."""
        self.project.receivers.set(name, list(answers), f"{name}.receiver.example")

    def received(self, name: str) -> list[Any]:
        """What that receiver got, oldest first."""
        return list(reversed(self.project.receivers.received(f"{name}.receiver.example")))

    def advance(self, seconds: float) -> Any:
        """Move the clock; everything due has happened when this returns."""
        return self._advance(self.project, by=round(seconds * 1000))

    def settle(self) -> Any:
        """Do what is due now."""
        return self.advance(0)

    @property
    def now(self) -> int:
        return self.project.now()

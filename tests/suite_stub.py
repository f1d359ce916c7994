"""A stand-in for a server: two operations of the real document, answered from a dictionary; it records all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from hooktop.openapi.documents import load
from hooktop.openapi.suite.asking import Bases
from hooktop.openapi.suite.loading import load_suite
from hooktop.openapi.suite.model import Suite
from hooktop.openapi.suite.redaction import Redactor
from hooktop.openapi.suite.runner import Target
from hooktop.openapi.suite.safety import Guard, Safety
from hooktop.openapi.suite.transport import Wire
from hooktop.openapi.validation import Judge

KEY = "hb_test_canary0000canary0000canary0000"
ENDPOINT = "ep_550e8400e29b41d4a716446655440000"
META = {"request_id": "req_1"}

SHARED = """
api: hookbridge
title: Stub
scheme: Bearer
error: {code: /error/code, message: /error/message}
ignore: [/meta/request_id]
sources: {page: https://example.com/page}
reads:
  endpoint: {call: getEndpoint, path: {id: "${endpoint}"}}
variables: {endpoint: %s}
"""

CASE = """
cases:
  - id: TT-ONE
    level: MUST
    title: A case
    requirement: It MUST work.
    sources: [page]
    since: 0.1.0
    steps:
"""


def write(folder: Path, cases: str, shared: str = SHARED % ENDPOINT) -> Path:
    """A folder of cases."""
    (folder / "suite.yaml").write_text(shared, encoding="utf-8")
    (folder / "cases.yaml").write_text(cases, encoding="utf-8")
    return folder


def suite(folder: Path, cases: str) -> Suite:
    """The suite that these cases make."""
    return load_suite(write(folder, cases), load("hookbridge").operations)


class Server:
    """Endpoints by id, paused or not, over `httpx.MockTransport`; `requests` holds all that came in."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.paused = False
        self.refuses_twice = True
        self.break_answer: Callable[[int, Any], tuple[int, Any]] = lambda status, body: (status, body)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status, body = self.break_answer(*self._route(request))
        return httpx.Response(status, json=body)

    def _route(self, request: httpx.Request) -> tuple[int, Any]:
        if request.url.path.startswith("/_mock"):
            return 404, {}
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return refused(401, "UNAUTHORIZED", "Invalid or missing API key")
        if request.method == "GET":
            return 200, {"data": self._endpoint(), "meta": META}
        return self._pause()

    def _pause(self) -> tuple[int, Any]:
        if self.paused and self.refuses_twice:
            return refused(409, "ALREADY_PAUSED", "Endpoint is already paused")
        self.paused = True
        return 200, {"data": {"id": ENDPOINT, "paused": True}, "meta": META}

    def _endpoint(self) -> Mapping[str, Any]:
        times = {"created_at": "2026-01-05T09:00:00.000Z", "updated_at": "2026-01-05T09:00:00.000Z"}
        return {"id": ENDPOINT, "url": "https://a.example/hook", "paused": self.paused, **times}


def refused(status: int, code: str, message: str) -> tuple[int, Any]:
    """An error answer."""
    return status, {"error": {"code": code, "message": message}, "meta": META}


def target(played: Suite, server: Server, safety: Safety = Safety.FULL) -> Target:
    """A target that is the stub, in one shared tenant."""
    document = load("hookbridge")
    wire = Wire(Guard(safety, document.find), "http://stub.test", server.transport)
    urls = dict.fromkeys(("base_url", "send_url", "receive_url"), "http://stub.test")
    return Target(
        suite=played,
        document=document,
        judge=Judge.of("hookbridge"),
        wire=wire,
        bases=Bases(urls=urls, key=KEY),
        control=None,
        safety=safety,
        redactor=Redactor({"HOOKBRIDGE_KEY": KEY}),
        run_id="run1",
    )


def decoded(request: httpx.Request) -> Any:
    """The JSON body of a request."""
    return json.loads(request.content)

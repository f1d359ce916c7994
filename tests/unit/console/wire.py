"""A scripted API behind ``httpx.MockTransport``: answers by method and path, and remembers what was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from hooktop.console.providers.convoy import Convoy, ConvoyErrors
from hooktop.console.providers.hookbridge import HookBridge, HookBridgeErrors
from hooktop.console.providers.http import Session
from hooktop.console.settings import Secret

KEY = "hb_test_abcdefghijklmnopqrstuvwxyz123456"
DATE = "Fri, 20 Nov 2026 10:00:00 GMT"
Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Wire:
    """Answers are taken in order; the last one of a route repeats."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], list[Answer]] = {}
        self.asked: list[httpx.Request] = []

    def on(self, method: str, path: str, *answers: Answer | Any, status: int = 200) -> Wire:
        made = [
            a if isinstance(a, (httpx.Response, Exception)) or callable(a) else reply(a, status)
            for a in answers
        ]
        self.routes[method, path] = made
        return self

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answers = self.routes.get((request.method, request.url.path))
        if answers is None:
            raise AssertionError(f"nobody expected {request.method} {request.url.path}")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return (
            answer(request)
            if callable(answer)
            else httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        )

    def paths(self, method: str = "") -> list[str]:
        return [r.url.path for r in self.asked if not method or r.method == method]

    def query(self, at: int = -1) -> dict[str, list[str]]:
        params = self.asked[at].url.params
        return {name: params.get_list(name) for name in params}

    def session(self, dialect: Any = None, **options: Any) -> Session:
        return Session(
            "https://api.example",
            Secret(KEY),
            dialect or HookBridgeErrors(),
            transport=httpx.MockTransport(self.handle),
            **options,
        )

    def hookbridge(self, **options: Any) -> HookBridge:
        return HookBridge(self.session(HookBridgeErrors(), **options))

    def convoy(self, **options: Any) -> Convoy:
        return Convoy(self.session(ConvoyErrors(), **options), "p1")


def reply(body: Any, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(
        status,
        headers={"Content-Type": "application/json", "Date": DATE, **named},
        content=json.dumps(body).encode(),
    )


def data(value: Any, **meta: Any) -> httpx.Response:
    return reply({"data": value, "meta": {"request_id": "req_1", **meta}})


def error(status: int, code: str, message: str = "no", **headers: str) -> httpx.Response:
    return reply(
        {"error": {"code": code, "message": message}, "meta": {"request_id": "req_9"}}, status, **headers
    )


def convoy(value: Any, message: str = "ok", status: int = 200) -> httpx.Response:
    return reply({"status": True, "message": message, "data": value}, status)


def convoy_error(status: int, message: str) -> httpx.Response:
    return reply({"status": False, "message": message}, status)


def timeout() -> Exception:
    return httpx.ReadTimeout("late")


def reset() -> Exception:
    return httpx.RemoteProtocolError("Server disconnected without sending a response.")


def refused() -> Exception:
    return httpx.ConnectError("Connection refused")

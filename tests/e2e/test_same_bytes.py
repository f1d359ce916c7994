"""One seed and one script of requests: the same bytes from two processes, whatever their hash seeds."""

from __future__ import annotations

import hashlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

Answers = list[tuple[str, int, str, str]]


@contextmanager
def served(folder: Path, hash_seed: str) -> Iterator[dict[str, Any]]:
    """What the port file of a fresh process says."""
    port_file = folder / f"{hash_seed}.json"
    flags = ["--port", "0", "--port-file", str(port_file), "--seed", "42", "--scenario", "outage"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hooktop", "mock", *flags, "--clock", "virtual", "--stop-with-stdin"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 20)[0], "the server does not start"
        assert process.stdout.readline().startswith(b"READY")
        while not port_file.exists():
            assert process.poll() is None
        yield json.loads(port_file.read_text())
    finally:
        process.communicate(timeout=20)


class Script:
    """Sends requests and keeps every answer, without the port, which no seed decides."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.answers: Answers = []
        self._url: str = facts["url"]
        self._client = httpx.Client(base_url=self._url, timeout=30, trust_env=False)
        for project in facts["projects"]:
            self._play(project)
        self._client.close()

    def _ask(self, key: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        answer = self._client.request(method, path, json=body, headers=headers)
        digest = hashlib.sha256(answer.content.replace(self._url.encode(), b"")).hexdigest()
        shown = "" if path.endswith("/export") else answer.text.replace(self._url, "")
        # Only an answer that concerns a project tells that project's time; others tell the time of day.
        date = answer.headers["Date"] if answer.status_code < 400 and not path.startswith("/_mock") else ""
        request_id = answer.headers["X-Request-ID"]
        self.answers.append((f"{method} {path}", answer.status_code, f"{date} {request_id} {digest}", shown))
        return answer.json() if method == "POST" else None

    def _play(self, project: dict[str, Any]) -> None:
        key, control = project["api_key"], f"/_mock/v1/projects/{project['id']}"
        rule = {"match": {"method": "GET"}, "probability": 0.5, "times": 5, "status": 503}
        self._ask(key, "PUT", f"{control}/faults", {"rules": [rule]})
        if project["api"] == "hookbridge":
            self._outbound(key)
        else:
            self._partners(key, f"/api/v1/projects/{project['id']}")
        self._ask(key, "POST", f"{control}/clock/advance", {"by": "PT6H"})
        for path in ("/journal?limit=1000", "/receivers", "/books", "/export", ""):
            self._ask(key, "GET", f"{control}{path}")

    def _outbound(self, key: str) -> None:
        made = self._ask(key, "POST", "/v1/endpoints", {"url": "https://flaky-2.receiver.test/x"})
        for number in range(5):
            body = {"endpoint_id": made["data"]["id"], "payload": {"n": number}}
            self._ask(key, "POST", "/v1/webhooks/send", body)
        for path in ("/v1/endpoints", "/v1/logs?limit=100", "/v1/metrics", "/v1/api-keys", "/v1/nowhere") * 3:
            self._ask(key, "GET", path)
        self._ask("nobody", "GET", "/v1/endpoints")

    def _partners(self, key: str, base: str) -> None:
        body = {"name": "n", "url": "https://status-503.receiver.test/"}
        made = self._ask(key, "POST", f"{base}/endpoints", body)
        event = {"endpoint_id": made["data"]["uid"], "event_type": "a", "data": {"z": 1}}
        self._ask(key, "POST", f"{base}/events", event)
        for path in ("/endpoints", "/eventdeliveries?perPage=500", "/nowhere") * 3:
            self._ask(key, "GET", f"{base}{path}")


def test_two_processes_answer_alike(tmp_path: Path) -> None:
    told: list[Answers] = []
    for hash_seed in ("1", "99"):
        with served(tmp_path, hash_seed) as facts:
            told.append(Script(facts).answers)

    first, second = told
    assert {status for _, status, _, _ in first} >= {200, 201, 202, 401, 404, 503}
    differing = [(one, other) for one, other in zip(first, second, strict=True) if one != other]
    if differing:
        pytest.fail(f"{len(differing)} answers differ, first {differing[0][0][:3]} and {differing[0][1][:3]}")

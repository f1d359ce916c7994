"""What no script prepared: curl and the official SDK send, real HTTP delivers, commands and keys repair, the receiver counts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hookbridge import HookBridge

from e2e.terminal import Terminal

HERE = Path(__file__).parent
HOOKTOP = [sys.executable, "-m", "hooktop"]


class Receiver:
    """The receiver process: what it answers, what it accepted."""

    def __init__(self, folder: Path) -> None:
        self.secret = folder / "secret"
        self.secret.write_text("not known yet")
        command = [sys.executable, str(HERE / "receiver.py"), str(self.secret)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def answers(self, status: int) -> None:
        httpx.put(f"{self.url}/control", json={"status": status}).raise_for_status()

    def seen(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.url}/control").json())

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


class Mock:
    """``hooktop mock --deliver http`` as a process, its HookBridge project, and commands run against it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port_file = folder / "port.json"
        flags = ["--port", "0", "--port-file", str(port_file), "--deliver", "http", "--clock", "scaled:20"]
        self.process = subprocess.Popen([*HOOKTOP, "mock", *flags], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("READY ")
        facts = json.loads(port_file.read_text())
        self.url: str = facts["url"]
        (self.project,) = [p for p in facts["projects"] if p["api"] == "hookbridge"]
        self.key: str = self.project["api_key"]

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOOKTOP_CONFIG": str(self.folder / "config.yaml"),
            "HOOKTOP_STATE": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder),
            "TEST_HOOK_KEY": self.key,
        }

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*HOOKTOP, *words], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def wait(self, count: int, **match: Any) -> None:
        answer = httpx.post(
            f"{self.url}/_mock/v1/projects/{self.project['id']}/wait",
            json={"match": match, "count": count, "timeout_s": 30},
            timeout=40,
        )
        assert answer.status_code == 200, answer.text

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    running = Receiver(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[Mock]:
    running = Mock(tmp_path)
    yield running
    running.stop()


def send_by_sdk(mock: Mock, endpoint_id: str, numbers: range) -> set[str]:
    with HookBridge(mock.key, base_url=mock.project["base_url"], send_url=mock.project["send_url"]) as sdk:
        return {sdk.send(endpoint_id, {"number": number}).message_id for number in numbers}


def send_by_curl(mock: Mock, endpoint_id: str, numbers: range) -> set[str]:
    curl = shutil.which("curl")
    assert curl, "this test needs curl"
    ids = set()
    for number in numbers:
        body = json.dumps({"endpoint_id": endpoint_id, "payload": {"number": number, "by": "curl [/oops]"}})
        sent = subprocess.run(
            [curl, "-sS", "-f", "-d", body, "-H", "Content-Type: application/json", "-H", "@-"]
            + [f"{mock.project['send_url']}/v1/webhooks/send"],
            input=f"Authorization: Bearer {mock.key}\n",
            capture_output=True,
            text=True,
            check=True,
        )
        ids.add(json.loads(sent.stdout)["data"]["message_id"])
    return ids


def make_endpoint(mock: Mock, receiver: Receiver) -> str:
    with HookBridge(mock.key, base_url=mock.project["base_url"]) as sdk:
        made = sdk.create_endpoint(f"{receiver.url}/hooks", description="till")
    receiver.secret.write_text(made.signing_secret)
    return made.id


@pytest.mark.timeout(240)
def test_an_unscripted_outage_is_repaired_by_commands_and_keys_with_nothing_lost_or_doubled(
    mock: Mock, receiver: Receiver
) -> None:
    receiver.answers(503)
    endpoint_id = make_endpoint(mock, receiver)
    added = mock.command(
        *["context", "add", "till", "--provider", "hookbridge", "--url", mock.project["base_url"]],
        *["--send-url", mock.project["send_url"], "--key-env", "TEST_HOOK_KEY", "--budget", "1200"],
    )
    assert added.returncode == 0, added.stderr

    failing = send_by_sdk(mock, endpoint_id, range(8)) | send_by_curl(mock, endpoint_id, range(8, 12))
    mock.wait(12, state="retrying")
    listed = mock.command("messages", "list", "--filter", "status:retrying code:503", "-o", "json")
    assert listed.returncode == 0, listed.stderr
    assert {row["id"] for row in json.loads(listed.stdout)} == failing

    paused = mock.command("endpoints", "pause", "till", "--yes", "--reason", "the till is down")
    assert paused.returncode == 0, paused.stderr
    again = mock.command("endpoints", "pause", "till", "--yes")
    assert again.returncode == 0, again.stderr
    held = send_by_curl(mock, endpoint_id, range(12, 18)) | send_by_sdk(mock, endpoint_id, range(18, 24))
    mock.wait(12, state="held")
    assert receiver.seen()["accepted"] == {}

    receiver.answers(200)
    resume_and_retry_by_keys(mock)
    mock.wait(24, state="delivered")

    seen = receiver.seen()
    assert seen["bad_signatures"] == []
    assert seen["accepted"] == dict.fromkeys(failing | held, 1)
    assert set(seen["refused"]) <= failing
    assert mock.key not in "".join(p.read_text() for p in mock.folder.rglob("*.jsonl"))


def resume_and_retry_by_keys(mock: Mock) -> None:
    """A person at a terminal: resume the endpoint, then bring every waiting retry forward."""
    terminal = Terminal([*HOOKTOP, "console"], mock.environment, columns=120, lines=40)
    try:
        terminal.wait_for("LIVE", "till", "paused")
        terminal.type("2")
        terminal.wait_for("U Resume", "till")
        terminal.type("U")
        terminal.wait_for("resume till", "esc leave it")
        terminal.type("\r")
        mock.wait(12, state="delivered")
        terminal.type("3")
        terminal.wait_for("retrying")
        terminal.type("/")
        terminal.wait_for("24 match")
        terminal.type("status:retrying")
        terminal.wait_for("12 match")
        terminal.type("\r")
        terminal.wait_gone("12 match")
        terminal.type("*")
        terminal.wait_for("all that match marked")
        terminal.type("T")
        terminal.wait_for("type 12 to start")
        terminal.type("12")
        terminal.press_until_gone("\r", "type 12 to start")
        terminal.wait_for("accepted 12")
        terminal.type("q")
        terminal.type("q")
        assert terminal.wait_exit() == 0
    finally:
        terminal.close()

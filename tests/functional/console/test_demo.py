"""The demo as a user starts it: a child process, the whole drill, the proof, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hooktop.console.cli.demo import contexts_of

COMMAND = [sys.executable, "-m", "hooktop", "demo", "--headless"]


def children_of(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(word) for word in text.split()]


def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HOOKTOP_CONFIG": str(tmp_path / "c.yaml"),
        "HOOKTOP_STATE": str(tmp_path / "state"),
    }


def test_the_drill_balances(tmp_path: Path) -> None:
    done = subprocess.run(
        COMMAND, capture_output=True, text=True, env=environment(tmp_path), timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)
    assert card["balanced"] is True
    assert (card["lost"], card["duplicated"], card["unresolved"], card["contradicted"]) == (0, 0, 0, 0)
    assert card["accepted"] == card["delivered"] + sum(card["refused"].values())
    assert card["refused"]["payload expired"] > 0
    assert "billing-eu answers 503" in done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines()[1:]] == [f"{n}/9" for n in range(1, 10)]
    assert not (tmp_path / "state").exists()


def test_a_demo_that_is_terminated_stops_its_server(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(tmp_path)
    )
    assert demo.stderr is not None
    demo.stderr.readline()
    (server,) = children_of(demo.pid)
    demo.send_signal(signal.SIGTERM)
    demo.communicate(timeout=20)
    assert demo.returncode == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


def test_a_demo_that_is_killed_leaves_no_server_behind(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(tmp_path)
    )
    assert demo.stderr is not None
    demo.stderr.readline()
    (server,) = children_of(demo.pid)
    demo.kill()
    demo.communicate(timeout=20)
    deadline = time.monotonic() + 10
    while is_running(server) and time.monotonic() < deadline:
        os.sched_yield()
    assert not is_running(server)


def is_running(pid: int) -> bool:
    """Whether a process does anything still (one that nobody waits for yet does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_scenario_that_does_not_exist_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--scenario", "no-such-world"],
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "no-such-world" in done.stderr
    assert "Traceback" not in done.stderr


def test_contexts_of_a_port_file_are_in_memory_and_know_their_lab() -> None:
    project = {
        "id": "p1",
        "api": "convoy",
        "name": "partners",
        "api_key": "tops3cret",
        "base_url": "http://h/api",
    }
    settings = contexts_of({"url": "http://h", "admin_token": "t0ken", "projects": [project]})
    context = settings.context()
    assert (context.name, context.project, context.send_url) == ("partners", "p1", "")
    assert context.lab is not None
    assert "tops3cret" not in repr(settings)
    assert "t0ken" not in repr(settings)

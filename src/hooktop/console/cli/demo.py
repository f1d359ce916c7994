"""``hooktop demo``: a reference server as a child process, and the console or the headless drill on it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from hooktop.console.cli import output
from hooktop.console.cli.common import opened, say
from hooktop.console.cli.console import at_terminal, open_console
from hooktop.console.cli.errors import FAILED, USAGE, Failure, reported
from hooktop.console.operations.drill import Drill, Scorecard, Step, run_headless
from hooktop.console.settings import LAB_BUDGET_PER_MINUTE, Context, KeySource, Lab, Secret, Settings

READY_WITHIN_S = 30.0
POLL_S = 0.02
STOP_WITHIN_S = 5.0
ACCENTS = ("teal", "violet", "blue")


@click.command()
@click.option("--scenario", default="outage", show_default=True, help="Name or file of the world to play.")
@click.option(
    "--speed", type=click.IntRange(1, 3600), default=60, show_default=True, help="Times faster than life."
)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--headless", is_flag=True, help="Play the whole drill without a terminal and print the scorecard."
)
@click.option(
    "-o", "--output", "format_", type=click.Choice(output.FORMATS), help="How to print the scorecard."
)
@reported
def demo(
    scenario: str = "outage",
    speed: int = 60,
    seed: int = 7,
    headless: bool = False,
    format_: str | None = None,
) -> None:
    """Play a webhook outage from alarm to proof on a built-in server; no network, nothing to set up.

    With --headless the exit code is 0 only if the books balance.
    """
    if not headless and not at_terminal():
        raise Failure("the demo needs a terminal; without one: hooktop demo --headless", USAGE)
    with server(scenario, speed, seed) as settings:
        if headless:
            card = asyncio.run(_play(settings))
            _show(card, format_)
            if not card.balanced:
                raise SystemExit(FAILED)
        else:
            open_console(settings, settings.context())


@contextmanager
def server(scenario: str, speed: int, seed: int) -> Iterator[Settings]:
    """A reference server of our own, and contexts for its projects; it is stopped in every end."""
    with tempfile.TemporaryDirectory(prefix="hooktop-demo-") as folder:
        port_file, log = Path(folder) / "port.json", Path(folder) / "server.log"
        arguments = ["--port", "0", "--port-file", str(port_file), "--scenario", scenario]
        arguments += ["--clock", f"scaled:{speed}", "--seed", str(seed), "--stop-with-stdin"]
        with _state_in(folder), log.open("wb") as stream, _ends_as_interrupt():
            child = subprocess.Popen(
                [sys.executable, "-m", "hooktop", "mock", *arguments],
                stdin=subprocess.PIPE,  # its end, even when we are killed, is the end of the server
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # an interrupt at the keyboard is for us: we stop the server in order
            )
            try:
                yield contexts_of(_wait_ready(child, port_file, log))
            finally:
                _stop(child)


@contextmanager
def _state_in(folder: str) -> Iterator[None]:
    """Keep the demo's journal out of the real one."""
    before = os.environ.get("HOOKTOP_STATE")
    os.environ["HOOKTOP_STATE"] = str(Path(folder) / "state")
    try:
        yield
    finally:
        if before is None:
            del os.environ["HOOKTOP_STATE"]
        else:
            os.environ["HOOKTOP_STATE"] = before


@contextmanager
def _ends_as_interrupt() -> Iterator[None]:
    """A terminated or hung-up demo still stops its server."""

    def leave(number: int, frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait_ready(child: subprocess.Popen[bytes], port_file: Path, log: Path) -> Mapping[str, Any]:
    """The port file, once it is there (it is written atomically)."""
    for _ in range(int(READY_WITHIN_S / POLL_S)):
        try:
            child.wait(POLL_S)
        except subprocess.TimeoutExpired:
            pass
        else:
            code = child.returncode if child.returncode in {FAILED, USAGE} else FAILED
            raise Failure(f"the built-in server did not start:\n{_tail(log)}", code)
        if port_file.exists():
            found: Mapping[str, Any] = json.loads(port_file.read_text(encoding="utf-8"))
            return found
    raise Failure(f"the built-in server was not ready within {READY_WITHIN_S:.0f} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def contexts_of(port_file: Mapping[str, Any]) -> Settings:
    """Settings, in memory only, for the projects of a port file; the first is the current one."""
    admin = port_file.get("admin_token")
    settings = Settings()
    for place, project in enumerate(port_file["projects"]):
        lab = Lab(
            url=port_file["url"],
            project_id=project["id"],
            admin=KeySource(memory=Secret(admin)) if admin else None,
        )
        settings = settings.with_context(
            Context(
                name=project.get("name") or project["api"],
                provider=project["api"],
                url=project["base_url"],
                send_url=project.get("send_url") or "",
                project=project["id"],
                key=KeySource(memory=Secret(project["api_key"])),
                lab=lab,
                budget_per_minute=LAB_BUDGET_PER_MINUTE,
                accent=ACCENTS[place % len(ACCENTS)],
            )
        )
    return settings


async def _play(settings: Settings) -> Scorecard:
    async with opened("", settings=settings) as open_:
        if open_.lab is None:
            raise Failure("the drill needs the reference server behind its context")
        drill = Drill(open_.provider, open_.lab, journal=open_.journal)
        say(f"{len(drill.steps)} steps on {open_.context.name} ({open_.provider.name}), {open_.context.host}")

        def told(number: int, step: Step, fact: str) -> None:
            say(f"{number}/{len(drill.steps)} {step.title}: {fact}")

        return await run_headless(drill, told)


def _show(card: Scorecard, format_: str | None) -> None:
    if output.chosen(format_) != "table":
        output.emit_one(card.as_document(), format_)
        return
    refused = ", ".join(f"{number:,} {reason}" for reason, number in card.refused) or "none"
    for label, value in (
        ("balanced", "yes" if card.balanced else "NO"),
        ("accepted", f"{card.accepted:,}"),
        ("delivered", f"{card.delivered:,}"),
        ("lost", f"{card.lost:,}"),
        ("duplicated", f"{card.duplicated:,}"),
        ("refused", refused),
        ("unresolved", f"{card.unresolved:,}"),
        (
            "time",
            f"{card.elapsed_s:.1f} s here, {card.project_elapsed_s / 60:.0f} min on the project's clock",
        ),
    ):
        click.echo(f"{label:<11} {value}")

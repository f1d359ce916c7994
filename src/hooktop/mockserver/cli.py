"""`hooktop mock`: run the reference server until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Any, Final

import click

from hooktop.mockserver.settings import DEFAULT_PORT, ClockSetting, Settings

FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130
_SLICE_S: Final = 0.25


class _Clock(click.ParamType[ClockSetting]):
    """`real`, `virtual[:ISO]` or `scaled:N`."""

    name = "clock"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ClockSetting:
        if isinstance(value, ClockSetting):
            return value
        try:
            return ClockSetting.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="0 picks a free port.",
)
@click.option(
    "--port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write addresses and keys as JSON once the server is ready; removed when it stops.",
)
@click.option("--stream-port", type=click.IntRange(0, 65535), help="Port of the WebSocket listener.")
@click.option("--store", default="memory", show_default=True, help="memory, or sqlite:PATH.")
@click.option("--scenario", help="A world to start with: a bundled name or a YAML file.")
@click.option(
    "--clock",
    type=_Clock(),
    default="real",
    show_default=True,
    help="real, virtual, virtual:ISO-TIME or scaled:N.",
)
@click.option(
    "--deliver",
    type=click.Choice(["simulate", "http"]),
    default="simulate",
    show_default=True,
    help="Scripted receivers, or real requests to loopback and allowed hosts.",
)
@click.option("--allow-host", "allow_hosts", multiple=True, help="A host that --deliver http may contact.")
@click.option("--seed", type=int, help="Seed of ids, keys, jitter and faults; a random one unless given.")
@click.option(
    "--admin-token",
    envvar="HOOKTOP_ADMIN_TOKEN",
    help="Token of the control API; required off loopback.  [env: HOOKTOP_ADMIN_TOKEN]",
)
@click.option(
    "--stop-with-stdin",
    is_flag=True,
    hidden=True,
    help="Stop when standard input ends: a program that runs the server keeps it open as long as it lives.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def mock(log_format: str, stop_with_stdin: bool, **flags: Any) -> None:
    """Run the reference server for both APIs, with simulated or real deliveries."""
    settings = Settings(**flags)
    _check(settings)
    sys.exit(_run(settings, log_format, stop_with_stdin))


def _check(settings: Settings) -> None:
    if not settings.is_loopback and not settings.admin_token:
        raise click.UsageError(
            f"--host {settings.host} can be reached from other machines: give --admin-token as well, "
            "or the control API would be open to all of them."
        )
    if settings.stream_port is not None:
        raise click.UsageError("--stream-port: this version has no WebSocket listener; leave the flag out.")
    if settings.store != "memory" and not settings.store.startswith("sqlite:"):
        raise click.UsageError(f"--store {settings.store}: use memory or sqlite:PATH.")


def _run(settings: Settings, log_format: str, stop_with_stdin: bool) -> int:
    """Serve until a signal comes, or the end of standard input; the exit code."""
    from hooktop.mockserver.app import StartError, start
    from hooktop.mockserver.http.logs import set_up

    set_up(log_format)
    stop, seen = _on_signals()
    if stop_with_stdin:
        Thread(target=_await_end_of_input, args=(stop,), name="hooktop-stdin", daemon=True).start()
    try:
        server = start(settings)
    except StartError as error:
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    try:
        click.echo(f"READY {server.url}")
        sys.stdout.flush()
        # In slices: a signal that the system hands to another thread would not wake this one.
        while not stop.wait(_SLICE_S):
            pass
    finally:
        server.stop()
    return INTERRUPTED if signal.SIGINT in seen else 0


def _await_end_of_input(stop: Event) -> None:
    """Set `stop` when nobody holds the other end of standard input any more, however that one ended."""
    # Past the buffered reader: the interpreter's end would wait for its lock.
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    stop.set()


def _on_signals() -> tuple[Event, list[int]]:
    """An event that SIGTERM or SIGINT sets; a second signal ends the process at once."""
    stop, seen = Event(), list[int]()

    def handle(number: int, _frame: FrameType | None) -> None:
        if seen:
            os._exit(INTERRUPTED if number == signal.SIGINT else 128 + number)
        seen.append(number)
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop, seen

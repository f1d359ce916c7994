"""The same application on four WSGI servers: start, throughput, and what a stop under load does to answers.

cheroot is what `hooktop mock` uses. The others are measured when they are installed where this runs:
`pip install waitress gunicorn granian` (best in an environment of its own). `wrk` measures the throughput.
Without arguments the table is printed; `serve NAME PORT` runs one server, for the parent process.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from flask import Flask

from hooktop.mockserver.app import DIALECTS, create_app
from hooktop.mockserver.engine.clock import VirtualClock
from hooktop.mockserver.engine.registry import Registry
from hooktop.mockserver.http.serving import Listener
from hooktop.mockserver.http.site import Site
from hooktop.mockserver.settings import Settings

HERE = Path(__file__).resolve()
THREADS = Settings().threads
ENDPOINTS = 100
CLIENTS = 16
NAMES = ("cheroot", "waitress", "gunicorn", "granian")
PORT_ZERO = {
    "cheroot": "yes, told before serving",
    "waitress": "yes, told before serving",
    "gunicorn": "in its log only",
    "granian": "no",
}


@dataclass(frozen=True)
class World:
    """The application with one project, the same in every process because of its seed."""

    app: Flask
    key: str
    endpoint_id: str


def build() -> World:
    registry = Registry(DIALECTS, seed=1, make_clock=VirtualClock)
    project = registry.create("hookbridge", seed=1)
    made = [
        project.desk.create_endpoint(url=f"https://n{number}.receiver.example/hooks")
        for number in range(ENDPOINTS)
    ]
    return World(create_app(registry, Site()), project.api_key, made[0].id)


def __getattr__(name: str) -> Flask:
    """`wsgi_servers:application`, for servers that import what they serve."""
    if name == "application":
        return build().app
    raise AttributeError(name)


# --- the servers, as processes -----------------------------------------------


def serve(name: str, port: int) -> None:
    {"cheroot": _cheroot, "waitress": _waitress}[name](port)


def _cheroot(port: int) -> None:
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    listener = Listener("127.0.0.1", port, threads=THREADS)
    listener.bind()
    listener.serve(build().app)
    stop.wait()
    listener.stop()


def _waitress(port: int) -> None:
    import waitress  # type: ignore[import-not-found]

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    waitress.serve(build().app, host="127.0.0.1", port=port, threads=THREADS)


def command(name: str, port: int) -> list[str]:
    target = f"{HERE.stem}:application"
    if name == "gunicorn":
        flags = [
            "-k",
            "gthread",
            "--threads",
            str(THREADS),
            "-b",
            f"127.0.0.1:{port}",
            "--log-level",
            "error",
        ]
        return [sys.executable, "-m", "gunicorn", *flags, target]
    if name == "granian":
        flags = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-log"]
        flags += ["--blocking-threads", str(THREADS), "--workers", "1"]
        return [sys.executable, "-m", "granian", *flags, target]
    return [sys.executable, str(HERE), "serve", name, str(port)]


@contextmanager
def running(name: str) -> Iterator[tuple[int, float, subprocess.Popen[bytes]]]:
    """The server answering: its port, seconds from exec to the first answer, its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    began = time.perf_counter()
    process = subprocess.Popen(command(name, port), env=environment, stderr=subprocess.DEVNULL)
    try:
        yield port, _first_answer(port, process) - began, process
    finally:
        process.kill()
        process.wait()


def _first_answer(port: int, process: subprocess.Popen[bytes]) -> float:
    deadline = time.perf_counter() + 20
    while time.perf_counter() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(b"GET /_mock/healthz HTTP/1.0\r\n\r\n")
                if connection.recv(15).startswith(b"HTTP/1."):
                    return time.perf_counter()
        except OSError:
            time.sleep(0.005)
    raise SystemExit(f"the server did not start on port {port}")


# --- measuring ---------------------------------------------------------------


def throughput(port: int, world: World, seconds: int = 6) -> tuple[float, str]:
    """Requests a second and p99 of GET one endpoint at 32 kept connections."""
    url = f"http://127.0.0.1:{port}/v1/endpoints/{world.endpoint_id}"
    flags = ["-t1", "-c32", f"-d{seconds}s", "--latency", "-H", f"Authorization: Bearer {world.key}", url]
    subprocess.run(["wrk", *flags[:2], "-d1s", *flags[3:]], capture_output=True, check=True)
    out = subprocess.run(["wrk", *flags], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        return float("nan"), "errors"
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), re.search(r"99%\s+(\S+)", out)[1]  # type: ignore[index]


@dataclass
class Client(Thread):
    """Asks for a long list over one kept connection until it is closed, and notes how it ended."""

    port: int
    key: str
    answered: int = 0
    ending: str = ""
    ready: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = Thread.__hash__

    def run(self) -> None:
        request = (
            f"GET /v1/endpoints?limit=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.port), timeout=15) as connection:
            while not self.ending:
                try:
                    connection.sendall(request.encode())
                    self._read(connection)
                except OSError:
                    self.ending = self.ending or "no answer"

    def _read(self, connection: socket.socket) -> None:
        received = b""
        while (size := _whole(received)) is None or len(received) < size:
            try:
                more = connection.recv(65536)
            except OSError:
                more = b""
            if not more:
                self.ending = "cut" if received else "no answer"
                return
            received += more
        self.answered += 1
        self.ready.set()
        if b"connection: close" in received.partition(b"\r\n\r\n")[0].lower():
            self.ending = "closed politely"


def _whole(received: bytes) -> int | None:
    head, found, _ = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return len(head) + 4 + int(length[1]) if found and length else None


def stop_under_load(port: int, world: World, process: subprocess.Popen[bytes]) -> tuple[Counter[str], float]:
    """How the clients' connections ended, and how long the server took to end."""
    clients = [Client(port, world.key) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.ready.wait(10)
    began = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
    took = time.perf_counter() - began
    for client in clients:
        client.join(10)
    return Counter(client.ending or "hung" for client in clients), took


def main() -> None:
    if not shutil.which("wrk"):
        print("wrk is not installed here: the WSGI servers are not measured")
        return
    world = build()
    print(
        f"WSGI servers on this application, {THREADS} threads, {os.cpu_count()} cores, wrk at 32 connections"
    )
    print(
        f"{'server':<10}{'ready':>9}{'req/s':>9}{'p99':>10}  {'port 0':<26}{'stop':>7}  endings of {CLIENTS} busy clients"
    )
    for name in NAMES:
        if importlib.util.find_spec(name) is None:
            print(f"{name:<10} not installed: pip install {name}")
            continue
        print(row(name, world), flush=True)


def row(name: str, world: World) -> str:
    with running(name) as (port, ready, process):
        rate, p99 = throughput(port, world)
        endings, took = stop_under_load(port, world, process)
    told = ", ".join(f"{number} {ending}" for ending, number in endings.most_common())
    return f"{name:<10}{ready:>7.2f} s{rate:>9,.0f}{p99:>10}  {PORT_ZERO[name]:<26}{took:>5.2f} s  {told}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        main()

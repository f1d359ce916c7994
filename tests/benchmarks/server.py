"""The reference server beside Prism on the same document, in the same run.

Needs ``wrk`` on PATH; Prism is measured when its command is found: ``PRISM=/path/to/prism`` or ``prism`` on PATH
(``npm install @stoplight/prism-cli@5.14.2``). What is missing is said, not guessed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "src" / "hooktop" / "openapi" / "hookbridge.yaml"
ENDPOINT = "ep_550e8400e29b41d4a716446655440000"
MESSAGES = 10_000


@dataclass
class Running:
    """A started server."""

    url: str
    ready_s: float
    facts: dict[str, Any]
    process: subprocess.Popen[str]

    @property
    def control(self) -> str:
        return f"{self.url}/_mock/v1"


@contextmanager
def hooktop(*flags: str) -> Iterator[Running]:
    """``hooktop mock`` as a process; yields when it says READY."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port.json"
        command = [
            sys.executable,
            "-m",
            "hooktop",
            "mock",
            "--port",
            "0",
            "--port-file",
            str(port_file),
            *flags,
        ]
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        ready = time.perf_counter() - began
        assert line.startswith("READY "), line
        try:
            facts = json.loads(port_file.read_text())
            yield Running(url=facts["url"], ready_s=ready, facts=facts, process=process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def prism_command() -> str | None:
    return os.environ.get("PRISM") or shutil.which("prism")


@contextmanager
def prism(port: int = 4210) -> Iterator[Running | None]:
    """Prism at its default settings on the same document, or ``None`` when it is not installed."""
    command = prism_command()
    if command is None:
        yield None
        return
    began = time.perf_counter()
    process = subprocess.Popen(
        [command, "mock", "-p", str(port), str(DOCUMENT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Prism is listening" in line:
            break
    ready = time.perf_counter() - began
    # Its log is read and thrown away, so that a full pipe never slows it down.
    drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
    try:
        yield Running(url=f"http://127.0.0.1:{port}", ready_s=ready, facts={}, process=process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)
        drain.kill()
        drain.wait()


def median_ready(start: Any, runs: int = 5) -> float:
    times = []
    for _ in range(runs):
        with start() as running:
            if running is None:
                return float("nan")
            times.append(running.ready_s)
    return statistics.median(times)


def wrk(url: str, key: str, seconds: int = 8) -> tuple[float, str, int]:
    """Requests a second at 32 keep-alive connections, the p99 as wrk prints it, and the answers that were not 2xx."""
    command = ["wrk", "-t2", "-c32", f"-d{seconds}s", "--latency", "-H", f"Authorization: Bearer {key}", url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])  # type: ignore[index]
    p99 = re.search(r"99%\s+(\S+)", out)[1]  # type: ignore[index]
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return rate, p99, int(failed[1]) if failed else 0


def project_of(running: Running, **body: Any) -> dict[str, Any]:
    answer = httpx.post(f"{running.control}/projects", json={"api": "hookbridge", **body})
    answer.raise_for_status()
    return dict(answer.json()["data"])


def endpoint_of(project: dict[str, Any], url: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{project['base_url']}/v1/endpoints",
        json={"url": url},
        headers={"Authorization": f"Bearer {project['api_key']}"},
    )
    answer.raise_for_status()
    return dict(answer.json()["data"])


def send_many(project: dict[str, Any], endpoint_id: str, count: int) -> float:
    """Send over HTTP, one after the other; gives sends a second."""
    headers = {"Authorization": f"Bearer {project['api_key']}"}
    with httpx.Client(headers=headers) as client:
        began = time.perf_counter()
        for number in range(count):
            body = {"endpoint_id": endpoint_id, "payload": {"number": number}}
            client.post(f"{project['send_url']}/v1/webhooks/send", json=body).raise_for_status()
        return count / (time.perf_counter() - began)


def throughput(rounds: int = 3) -> None:
    """Both servers up, measured in turn: what the machine does meanwhile strikes both alike."""
    print(
        f"\nGET one endpoint, 32 keep-alive connections, authorisation, validation and journal on; {rounds} rounds in turn"
    )
    print(f"  {'server':<24}{'requests/s':>12}{'p99':>10}{'not 2xx':>9}")
    with hooktop() as ours, prism() as peer:
        project = project_of(ours)
        endpoint = endpoint_of(project, "https://orders.receiver.example/hooks")
        targets = [
            ("hooktop mock", f"{project['base_url']}/v1/endpoints/{endpoint['id']}", project["api_key"])
        ]
        if peer is not None:
            targets.append(
                ("Prism (keeps no state)", f"{peer.url}/v1/endpoints/{ENDPOINT}", "hb_test_" + "a" * 32)
            )
        for _, url, key in targets:
            wrk(url, key, 2)
        rates: dict[str, list[float]] = {name: [] for name, _, _ in targets}
        for _ in range(rounds):
            for name, url, key in targets:
                rate, p99, failed = wrk(url, key, 6)
                rates[name].append(rate)
                print(f"  {name:<24}{rate:>12,.0f}{p99:>10}{failed:>9}")
    if peer is None:
        print("  Prism is not installed here: not measured")
        return
    mine, theirs = rates.values()
    ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
    print(
        f"  ratio hooktop / Prism: {statistics.median(ratios):.2f} median, {min(ratios):.2f} to {max(ratios):.2f}"
    )


def ready() -> None:
    print("\nexec to ready, median of 5")
    print(f"  {'hooktop mock':<30}{median_ready(hooktop):>8.3f} s")
    with_world = median_ready(lambda: hooktop("--scenario", "outage", "--clock", "scaled:60"), 3)
    print(f"  {'hooktop mock --scenario outage':<30}{with_world:>8.3f} s")
    print(f"  {'Prism':<30}{median_ready(prism, 3):>8.3f} s")


def isolation() -> None:
    with hooktop() as ours, httpx.Client() as client:
        times = []
        for _ in range(100):
            began = time.perf_counter()
            client.post(f"{ours.control}/projects", json={"api": "hookbridge"}).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
        print(
            f"\nnew isolated project over HTTP: median {statistics.median(times):.1f} ms, p95 {sorted(times)[94]:.1f} ms"
        )


def simulated() -> None:
    print(f"\ndeliveries of {MESSAGES:,} messages, simulated receivers, virtual clock")
    with hooktop("--clock", "virtual") as ours:
        project = project_of(ours, clock={"mode": "virtual"})
        headers = {"Authorization": f"Bearer {project['api_key']}"}
        endpoint = endpoint_of(project, "https://orders.receiver.example/hooks")
        httpx.post(
            f"{project['base_url']}/v1/endpoints/{endpoint['id']}/pause", headers=headers
        ).raise_for_status()
        sends = send_many(project, endpoint["id"], MESSAGES)
        resume = f"{project['base_url']}/v1/endpoints/{endpoint['id']}/resume"
        httpx.post(resume, headers=headers, timeout=60).raise_for_status()
        began = time.perf_counter()
        clock = f"{ours.control}/projects/{project['id']}/clock/advance"
        fired = httpx.post(clock, json={"by": "PT5M"}, timeout=120).json()["data"]["fired_count"]
        took = time.perf_counter() - began
        print(f"  sends accepted over one connection: {sends:,.0f}/s")
        print(f"  delivered in one advance: {fired:,} in {took:.2f} s = {fired / took:,.0f}/s")


@contextmanager
def receiver(secret: str) -> Iterator[int]:
    with tempfile.NamedTemporaryFile("w", suffix=".secret") as file:
        file.write(secret)
        file.flush()
        script = ROOT / "tests" / "e2e" / "receiver.py"
        process = subprocess.Popen(
            [sys.executable, str(script), file.name], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()
            process.wait(10)


def real(count: int = 5_000) -> None:
    print(
        f"\ndeliveries of {count:,} messages over real HTTP to a loopback receiver, signed, attempts and journal kept"
    )
    with hooktop("--deliver", "http") as ours:
        project = project_of(ours, clock={"mode": "virtual"}, deliver="http")
        headers = {"Authorization": f"Bearer {project['api_key']}"}
        with receiver("unknown-so-every-signature-is-computed-and-refused") as port:
            endpoint = endpoint_of(project, f"http://127.0.0.1:{port}/hooks")
            base = f"{project['base_url']}/v1/endpoints/{endpoint['id']}"
            httpx.post(f"{base}/pause", headers=headers).raise_for_status()
            send_many(project, endpoint["id"], count)
            httpx.post(f"{base}/resume", headers=headers, timeout=60).raise_for_status()
            began = time.perf_counter()
            clock = f"{ours.control}/projects/{project['id']}/clock/advance"
            fired = httpx.post(clock, json={"by": "PT1M"}, timeout=300).json()["data"]["fired_count"]
            took = time.perf_counter() - began
            print(f"  {fired:,} in {took:.2f} s = {fired / took:,.0f}/s")


def main() -> None:
    print(f"reference server, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    ready()
    if shutil.which("wrk"):
        throughput()
    else:
        print("\nwrk is not installed here: throughput not measured")
    isolation()
    simulated()
    real()


if __name__ == "__main__":
    main()

"""From the command to the first rows on the screen: ``hooktop console`` in a real pty, against a running reference server."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.server import hooktop

from e2e.terminal import Terminal

RUNS = 7


def first_rows(url: str, key: str, wanted: str) -> tuple[float, float]:
    """Seconds from exec to the first frame, and to the first row that names ``wanted``."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(
            "current: bench\ncontexts:\n  bench:\n    provider: hookbridge\n"
            f"    url: {url}\n    key: {{env: BENCH_HOOK_KEY}}\n",
            encoding="utf-8",
        )
        environment = {
            **os.environ,
            "HOOKTOP_CONFIG": str(config),
            "XDG_STATE_HOME": folder,
            "BENCH_HOOK_KEY": key,
        }
        began = time.perf_counter()
        terminal = Terminal([sys.executable, "-m", "hooktop", "console"], environment, columns=160, lines=50)
        try:
            terminal.wait_for("Triage")
            frame = time.perf_counter() - began
            terminal.wait_for(wanted)
            return frame, time.perf_counter() - began
        finally:
            terminal.close()


def main() -> None:
    with hooktop("--scenario", "outage", "--clock", "virtual", "--seed", "7") as server:
        project = server.facts["projects"][0]
        times = [first_rows(project["base_url"], project["api_key"], "billing-eu") for _ in range(RUNS)]
    frames, rows = zip(*times, strict=True)
    print("\nhooktop console on a server with 5,300 messages, exec to ...")
    print(
        f"  first frame                {statistics.median(frames):.2f} s median, {max(frames):.2f} s worst of {RUNS}"
    )
    print(
        f"  the failing endpoint named {statistics.median(rows):.2f} s median, {max(rows):.2f} s worst of {RUNS}"
    )


if __name__ == "__main__":
    main()

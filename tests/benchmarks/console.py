"""The console in a real pseudo-terminal: first paint, and key to first byte, with 100,000 messages in its store.

``python -m tests.benchmarks console``. The child runs the whole application (watch, stores, screens) on a platform in
memory; what is measured is what a person waits for: from writing a key to the terminal to its first byte back.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass

from driving import make_context
from fakes import FakeProvider, outage_world
from hooktop.console.app import HooktopApp
from hooktop.console.model import EndpointKind, Message, MessageQuery, Page
from hooktop.console.screens.desk import Ports
from hooktop.console.settings import Settings

COLUMNS, LINES = 160, 50
SIZES = (1_000, 100_000)
KEYS = 200
QUIET_S = 0.03
PAGE = 500


class BigProvider(FakeProvider):
    """The fake platform with its lists sorted once."""

    def __init__(self, count: int) -> None:
        super().__init__(outage_world(count))
        rows = sorted(self.world.messages.values(), key=lambda row: (row.created_at, row.id), reverse=True)
        self._rows = {kind: [row for row in rows if row.kind is kind] for kind in EndpointKind}

    async def messages(
        self, query: MessageQuery, cursor: str | None = None, limit: int | None = None
    ) -> Page:
        await self._call("messages", query.kind.value)
        rows: list[Message] = self._rows[query.kind]
        if query.states:
            rows = [row for row in rows[:5000] if row.state in query.states]
        start = int(cursor or 0)
        end = start + PAGE
        return Page(items=tuple(rows[start:end]), cursor=str(end) if end < len(rows) else None)


def child(count: int) -> None:
    """The application under measurement."""
    provider = BigProvider(count)
    context = make_context()
    ports = Ports(connect=lambda _context, _on_exchange: provider, open_lab=lambda _context: None)
    app = HooktopApp(Settings(contexts=(context,), current=context.name), ports=ports)
    app.desk.session.messages.upsert(provider.world.messages.values())
    os.write(2, b"\x1b]9;loaded\x07")
    app.run()


@dataclass
class Terminal:
    """A child in a pty."""

    master: int
    process: subprocess.Popen[bytes]

    def read(self, wait_s: float) -> bytes:
        ready, _, _ = select.select([self.master], [], [], wait_s)
        return os.read(self.master, 1 << 20) if ready else b""

    def settle(self) -> int:
        """Read until nothing came for a moment; the number of bytes."""
        total = 0
        while piece := self.read(QUIET_S):
            total += len(piece)
        return total

    def wait_for(self, text: bytes, limit_s: float = 60.0) -> None:
        seen, until = b"", time.perf_counter() + limit_s
        while text not in seen:
            if time.perf_counter() > until:
                raise TimeoutError(f"never saw {text!r}")
            seen = seen[-200_000:] + self.read(0.2)

    def key(self, key: bytes) -> tuple[float, int]:
        """Milliseconds to the first byte, and bytes written for it."""
        self.settle()
        started = time.perf_counter()
        os.write(self.master, key)
        first = self.read(5.0)
        waited = (time.perf_counter() - started) * 1000
        return waited, len(first) + self.settle()


def start(count: int) -> Terminal:
    """Run the child in a pty of the measured size."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_FPS": "200"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.console", str(count)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        start_new_session=True,
    )
    os.close(slave)
    return Terminal(master, process)


def measure(count: int) -> None:
    """One size: the table of its figures."""
    terminal = start(count)
    try:
        terminal.wait_for(b"]9;loaded")
        loaded = time.perf_counter()
        terminal.wait_for(b"billing-eu")
        print(
            f"\n{count:,} messages, {COLUMNS}x{LINES}; first rows painted {time.perf_counter() - loaded:.2f} s after start"
        )
        time_out = time.perf_counter() + 3
        while time.perf_counter() < time_out:
            terminal.read(0.1)
        os.write(terminal.master, b"3")
        terminal.wait_for(b"STATUS")
        print(f"{'key':<22}{'p50 ms':>8}{'p95 ms':>8}{'bytes':>8}")
        for name, keys in (
            ("cursor j k", [b"j", b"k"] * (KEYS // 2)),
            ("scroll by a row", [b"\x1b[6~"] + [b"j"] * (KEYS // 2)),
            ("page down and up", [b"\x1b[6~", b"\x1b[5~"] * (KEYS // 4)),
            ("end, start G g", [b"G", b"g"] * (KEYS // 4)),
            ("other place 1 3", [b"1", b"3"] * (KEYS // 8)),
        ):
            figures = [terminal.key(key) for key in keys]
            waits = sorted(wait for wait, _ in figures)
            size = statistics.median(size for _, size in figures)
            print(
                f"{name:<22}{statistics.median(waits):>8.1f}{waits[len(waits) * 95 // 100]:>8.1f}{size:>8.0f}"
            )
        with open(f"/proc/{terminal.process.pid}/status", encoding="utf-8") as status:
            resident = next(line for line in status if line.startswith("VmRSS"))
        print(f"resident {int(resident.split()[1]) // 1024} MB")
    finally:
        terminal.process.terminate()
        terminal.process.wait(10)
        os.close(terminal.master)


def main() -> None:
    """Measure every size."""
    for count in SIZES:
        measure(count)


if __name__ == "__main__":
    child(int(sys.argv[1]))

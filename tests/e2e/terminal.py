"""A real pseudo-terminal with a screen behind it: type keys, wait for what a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence

import pyte


class Terminal:
    """A program running in a pty of a fixed size; ``text`` is what stands on its screen."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], columns: int, lines: int
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(lines)},
            start_new_session=True,
        )
        os.close(slave)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def _pump(self, seconds: float) -> None:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return
        try:
            self._stream.feed(os.read(self._master, 65536))
        except OSError:
            self.process.wait(10)

    def wait_for(self, *wanted: str, timeout: float = 30.0) -> str:
        """Read until every wanted text stands on the screen; the screen is the message when it never does."""
        deadline = time.monotonic() + timeout
        while not all(part in self.text for part in wanted):
            if time.monotonic() > deadline or self.process.poll() is not None:
                missing = [part for part in wanted if part not in self.text]
                raise AssertionError(f"never saw {missing}; the screen is:\n{self.text}")
            self._pump(0.1)
        return self.text

    def wait_gone(self, unwanted: str, timeout: float = 30.0) -> str:
        """Read until a text has left the screen."""
        deadline = time.monotonic() + timeout
        while unwanted in self.text:
            assert time.monotonic() < deadline, f"{unwanted!r} never went away; the screen is:\n{self.text}"
            self._pump(0.1)
        return self.text

    def press_until_gone(self, key: str, unwanted: str, timeout: float = 10.0) -> str:
        """Press a key until a text has left the screen: a dialog that just opened is deaf for a moment."""
        deadline = time.monotonic() + timeout
        while unwanted in self.text:
            assert time.monotonic() < deadline, (
                f"{key!r} never closed {unwanted!r}; the screen is:\n{self.text}"
            )
            self.type(key)
            self._pump(0.3)
        return self.text

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def wait_exit(self, timeout: float = 15.0) -> int:
        deadline = time.monotonic() + timeout
        while self.process.poll() is None and time.monotonic() < deadline:
            self._pump(0.1)
        return self.process.wait(1)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self._master)

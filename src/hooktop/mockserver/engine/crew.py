"""A crew of daemon threads: unlike an executor's, they never keep the process from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Crew:
    """At most `size` threads, started when there is work for them. Work must not raise."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._threads = 0
        self._pending = 0
        self._jobs: SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()
        self._quiet = threading.Condition()

    def submit(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Have a thread do the work."""
        with self._quiet:
            self._pending += 1
            if self._threads < min(self._size, self._pending):
                self._threads += 1
                threading.Thread(target=self._toil, name="hooktop-delivery", daemon=True).start()
        self._jobs.put((work, arguments))

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """The work's results in the order of the items, done side by side."""
        if len(items) < 2:
            return [work(item) for item in items]
        results: list[Any] = [None] * len(items)
        left = threading.Semaphore(0)

        def do(number: int, item: T) -> None:
            results[number] = work(item)
            left.release()

        for number, item in enumerate(items):
            self.submit(do, number, item)
        for _ in items:
            left.acquire()
        return results

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is left to do; False when the time was over before that."""
        deadline = monotonic() + timeout
        with self._quiet:
            while self._pending:
                if not self._quiet.wait(deadline - monotonic()) and monotonic() >= deadline:
                    return False
        return True

    def stop(self) -> None:
        """Let idle threads end; later work starts new ones."""
        with self._quiet:
            threads, self._threads = self._threads, 0
        for _ in range(threads):
            self._jobs.put(None)

    def _toil(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, arguments = job
            try:
                work(*arguments)
            finally:
                with self._quiet:
                    self._pending -= 1
                    if not self._pending:
                        self._quiet.notify_all()

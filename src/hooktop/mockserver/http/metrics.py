"""Counters of the running server, written as Prometheus text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from threading import Lock
from typing import Final

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency histogram, in seconds."""


class Metrics:
    """Requests by API, operation and status, with their latency; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._bad_answers: Counter[tuple[str, str]] = Counter()
        self._latency = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def count(self, api: str, operation: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        bucket = next((place for place, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        with self._lock:
            self._requests[api, operation, status] += 1
            self._latency[bucket] += 1
            self._seconds += seconds

    def count_bad_answer(self, api: str, operation: str) -> None:
        """Count one answer of ours that broke its own document."""
        with self._lock:
            self._bad_answers[api, operation] += 1

    @property
    def bad_answers(self) -> int:
        """How many answers broke their own document so far."""
        return sum(self._bad_answers.values())

    def lines(self) -> Iterator[str]:
        """The counters in the Prometheus text format."""
        with self._lock:
            requests, bad = sorted(self._requests.items()), sorted(self._bad_answers.items())
            latency, seconds = list(self._latency), self._seconds
        yield "# HELP hooktop_requests_total API requests answered; status 0 is a dropped connection."
        yield "# TYPE hooktop_requests_total counter"
        for (api, operation, status), number in requests:
            yield f'hooktop_requests_total{{api="{api}",operation="{operation}",status="{status}"}} {number}'
        yield "# HELP hooktop_invalid_answers_total Answers that broke their own OpenAPI document."
        yield "# TYPE hooktop_invalid_answers_total counter"
        for (api, operation), number in bad:
            yield f'hooktop_invalid_answers_total{{api="{api}",operation="{operation}"}} {number}'
        yield from _histogram(latency, seconds)


def _histogram(latency: list[int], seconds: float) -> Iterator[str]:
    yield "# HELP hooktop_request_seconds Time from reading a request to its answer."
    yield "# TYPE hooktop_request_seconds histogram"
    total = 0
    for bound, number in zip((*BOUNDS, "+Inf"), latency, strict=True):
        total += number
        yield f'hooktop_request_seconds_bucket{{le="{bound}"}} {total}'
    yield f"hooktop_request_seconds_sum {seconds:.6f}"
    yield f"hooktop_request_seconds_count {total}"


METRICS: Final = Metrics()
"""The counters of this process."""

"""When a bulk action stops itself. Pure but for what it remembers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from hooktop.console.model import ItemResult, Result

GONE = frozenset({404, 410})
"""Refusals that are facts about one item (it or its payload is gone), not signs of trouble."""


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Opens on more than ``percent`` failures of the last ``window``, or ``in_a_row`` hard failures."""

    percent: int = 20
    window: int = 50
    in_a_row: int = 3
    sample: int = 10
    """No verdict by share on fewer results than this."""
    _last: deque[bool] = field(default_factory=deque, repr=False)
    _hard: int = 0

    def saw(self, result: ItemResult) -> str:
        """Take one result; the reason to stop, or an empty string."""
        hard = result.result is Result.UNKNOWN or (result.status is not None and result.status >= 500)
        self._hard = self._hard + 1 if hard or result.status == 429 and not result.code else 0
        self._last.append(hard or (result.result is Result.REJECTED and result.status not in GONE))
        while len(self._last) > self.window:
            self._last.popleft()
        failed = sum(self._last)
        if self._hard >= self.in_a_row:
            return f"stopped: {self._hard} answers in a row were failures of the API"
        if len(self._last) >= self.sample and failed * 100 > self.percent * len(self._last):
            return f"stopped: {failed} of the last {len(self._last)} failed (limit {self.percent} %)"
        return ""

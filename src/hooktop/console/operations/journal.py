"""The journal: an append-only record of every change, one JSON object a line, readable by its owner only."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hooktop.console.clock import Clock, utc_now
from hooktop.console.model import ItemResult, Result
from hooktop.console.operations.plan import Plan

IDS_MAX = 1000
"""A larger set is recorded by count and digest."""
FILE_NAME = "journal.jsonl"


class JournalError(Exception):
    """The journal cannot be written, so nothing is changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One action as recorded: how it started and, once it has, how it ended."""

    id: str
    at: datetime
    user: str
    context: str
    action: str
    filter_text: str
    count: int
    ids: tuple[str, ...]
    digest: str
    """SHA-256 over the ids in order, one a line."""
    reason: str
    command: str
    ended_at: datetime | None = None
    counts: tuple[tuple[str, int], ...] = ()
    request_ids: tuple[str, ...] = ()
    stopped: str = ""
    elapsed_s: float | None = None


class Journal:
    """Writes to and reads from ``journal.jsonl`` in a folder, or keeps all in memory when there is none."""

    def __init__(self, folder: Path | None, *, context: str = "", clock: Clock = utc_now) -> None:
        self.path = None if folder is None else folder / FILE_NAME
        self.context = context
        self._clock = clock
        self._memory: list[dict[str, Any]] = []

    def started(self, plan: Plan, reason: str = "") -> str:
        """Record that ``plan`` begins; returns the entry's id. Raises ``JournalError``."""
        ids = [item.id for item in plan.items]
        digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()
        at = self._clock()
        entry = f"{at.strftime('%Y%m%dT%H%M%S%f')}-{digest[:8]}"
        self._write(
            {
                "event": "started",
                "id": entry,
                "at": at.isoformat(),
                "user": _user(),
                "context": plan.context or self.context,
                "action": plan.verb.value,
                "filter": plan.filter_text,
                "count": len(ids),
                "ids": ids if len(ids) <= IDS_MAX else [],
                "digest": digest,
                "reason": reason,
                "command": plan.command,
            }
        )
        return entry

    def ended(self, entry: str, results: Sequence[ItemResult], stopped: str, elapsed_s: float) -> None:
        """Record how an action ended. Raises ``JournalError``."""
        counts = Counter(result.result.value for result in results)
        unsure = [r.id for r in results if r.result is Result.UNKNOWN]
        self._write(
            {
                "event": "ended",
                "id": entry,
                "at": self._clock().isoformat(),
                "counts": dict(counts),
                "unknown_ids": unsure[:IDS_MAX],
                "request_ids": [r.request_id for r in results if r.request_id][:IDS_MAX],
                "stopped": stopped,
                "elapsed_s": round(elapsed_s, 3),
            }
        )

    def entries(self) -> tuple[Entry, ...]:
        """Everything recorded, newest first; lines that cannot be read are left out."""
        ends: dict[str, dict[str, Any]] = {}
        starts: list[dict[str, Any]] = []
        for line in self._lines():
            (
                starts.append(line)
                if line.get("event") == "started"
                else ends.update({line.get("id", ""): line})
            )
        return tuple(_entry(start, ends.get(start["id"])) for start in reversed(starts))

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self.path is None:
            yield from self._memory
            return
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except OSError as error:
            raise JournalError(f"{self.path}: the journal cannot be read: {error.strerror}") from None
        for line in text.splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict) and "id" in value:
                yield value

    def _write(self, line: dict[str, Any]) -> None:
        if self.path is None:
            self._memory.append(line)
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(line, separators=(",", ":")) + "\n")
        except OSError as error:
            raise JournalError(f"{self.path}: the journal cannot be written: {error.strerror}") from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _entry(start: dict[str, Any], end: dict[str, Any] | None) -> Entry:
    end = end or {}
    return Entry(
        id=str(start["id"]),
        at=datetime.fromisoformat(start["at"]),
        user=str(start.get("user", "")),
        context=str(start.get("context", "")),
        action=str(start.get("action", "")),
        filter_text=str(start.get("filter", "")),
        count=int(start.get("count", 0)),
        ids=tuple(start.get("ids", ())),
        digest=str(start.get("digest", "")),
        reason=str(start.get("reason", "")),
        command=str(start.get("command", "")),
        ended_at=datetime.fromisoformat(end["at"]) if "at" in end else None,
        counts=tuple(sorted(end.get("counts", {}).items())),
        request_ids=tuple(end.get("request_ids", ())),
        stopped=str(end.get("stopped", "")),
        elapsed_s=end.get("elapsed_s"),
    )

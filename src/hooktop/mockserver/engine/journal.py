"""The last API requests of a project, and whether what a test expects is among them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

KEPT = 1_000
_SHOWN_OF_KEY = 12
FIELDS = (
    "operation",
    "method",
    "path",
    "query",
    "key",
    "status",
    "request_id",
    "fault",
    "valid",
    "since",
    "until",
)
"""What a match may name; text may hold * and ?."""


class MatchError(ValueError):
    """A match names a field that does not exist; the message names it and those that do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One API request and how it was answered."""

    seq: int
    at: int
    operation: str
    method: str
    path: str
    query: str = ""
    key: str = ""
    """The first characters of the key; never the whole of it."""
    status: int = 0
    request_id: str = ""
    violations: Sequence[Any] = ()
    fault: str | None = None
    latency_ms: float = 0.0

    @property
    def valid(self) -> bool:
        """Whether request and answer both followed the document."""
        return not self.violations


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """An entry that differs from the match in as few fields as any, and in which."""

    entry: Entry
    differs: Mapping[str, Any]
    """Field -> what the entry has in place of what was wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the journal holds what was expected."""

    ok: bool
    wanted: int
    found: int
    matches: tuple[Entry, ...]
    near: tuple[NearMiss, ...]


class Journal:
    """A bounded ring of entries, newest last. `on_entry` is called after each new one."""

    def __init__(self, on_entry: Callable[[], None] = lambda: None, kept: int = KEPT) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._on_entry = on_entry
        self._seq = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def record(
        self,
        *,
        at: int,
        operation: str,
        method: str,
        path: str,
        status: int,
        query: str = "",
        key: str = "",
        request_id: str = "",
        violations: Sequence[Any] = (),
        fault: Any = None,
        latency_ms: float = 0.0,
    ) -> Entry:
        """Add a request. Of the key only the beginning is kept, of the fault its rule's id."""
        with self._lock:  # requests end on many threads; the ring stays in the order of its numbers
            self._seq += 1
            entry = Entry(
                seq=self._seq,
                at=at,
                operation=operation,
                method=method,
                path=path,
                query=query,
                key=key[:_SHOWN_OF_KEY],
                status=status,
                request_id=request_id,
                violations=violations,
                fault=None if fault is None else str(getattr(fault, "id", fault)),
                latency_ms=latency_ms,
            )
            self._entries.append(entry)
        self._on_entry()
        return entry

    def find(
        self, match: Mapping[str, Any] | None = None, *, limit: int = KEPT, before: int | None = None
    ) -> list[Entry]:
        """Entries that match, newest first, older than the entry of number `before`. Raises MatchError."""
        wanted = checked(match or {})
        found = []
        for entry in reversed(tuple(self._entries)):
            if (before is None or entry.seq < before) and not differences(entry, wanted):
                found.append(entry)
                if len(found) >= limit:
                    break
        return found

    def verify(self, match: Mapping[str, Any], count: int | None = None, *, near: int = 3) -> Verdict:
        """Whether exactly `count` entries match (None: at least one); if not, also what came closest."""
        wanted = checked(match)
        matches = self.find(wanted)
        ok = bool(matches) if count is None else len(matches) == count
        return Verdict(
            ok=ok,
            wanted=1 if count is None else count,
            found=len(matches),
            matches=tuple(matches),
            near=() if ok else self.near_misses(wanted, near),
        )

    def near_misses(self, match: Mapping[str, Any], limit: int = 3) -> tuple[NearMiss, ...]:
        """Entries that do not match, those with the fewest differences first."""
        found = []
        for entry in reversed(tuple(self._entries)):
            differs = differences(entry, match)
            if differs:
                found.append(NearMiss(entry=entry, differs=differs))
        found.sort(key=lambda miss: len(miss.differs))
        return tuple(found[:limit])

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()


def checked(match: Mapping[str, Any]) -> Mapping[str, Any]:
    """The match itself. Raises MatchError when it names an unknown field."""
    unknown = sorted(set(match) - set(FIELDS))
    if unknown:
        raise MatchError(f"match.{unknown[0]}: unknown field; give some of {', '.join(FIELDS)}")
    return match


def differences(entry: Entry, match: Mapping[str, Any]) -> dict[str, Any]:
    """Fields in which the entry is not what the match wants, with what the entry has."""
    return {name: _seen(entry, name) for name, wanted in match.items() if not _fits(entry, name, wanted)}


def _seen(entry: Entry, name: str) -> Any:
    return entry.at if name in ("since", "until") else getattr(entry, name)


def _fits(entry: Entry, name: str, wanted: Any) -> bool:
    if name == "since":
        return entry.at >= int(wanted)
    if name == "until":
        return entry.at < int(wanted)
    seen = getattr(entry, name)
    if isinstance(wanted, (list, tuple)):
        return seen in wanted
    if isinstance(wanted, str) and isinstance(seen, str):
        return fnmatchcase(seen, wanted)
    return bool(seen == wanted)

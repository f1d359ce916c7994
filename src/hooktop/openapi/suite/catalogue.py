"""Find cases: the bundled suites, selection by id pattern and level, and what a case looks like to a reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final

from hooktop.openapi.documents import load
from hooktop.openapi.suite.loading import bundled, load_suite
from hooktop.openapi.suite.model import Case, Level, Source, Suite

APIS: Final = ("hookbridge", "convoy")


@cache
def suite_of(api: str, folder: Path | None = None) -> Suite:
    """The suite of an API, bundled or from a folder. Raises CaseError or DocumentError."""
    return load_suite(folder or bundled(api), load(api).operations)


def select(cases: Sequence[Case], patterns: Iterable[str] = (), levels: Iterable[Level] = ()) -> list[Case]:
    """The cases whose id matches one of the patterns and whose level is one of the levels; all when none given."""
    globs, wanted = [pattern.upper() for pattern in patterns], set(levels)
    return [
        case
        for case in cases
        if (not globs or any(fnmatchcase(case.id, pattern) for pattern in globs))
        and (not wanted or case.level in wanted)
    ]


def link(suite: Suite, source: Source) -> str:
    """Where a reader finds the source."""
    address = suite.sources[source.page]
    return address if source.operation is None else f"{address} ({source.operation})"


def as_data(suite: Suite, case: Case) -> dict[str, Any]:
    """A case as plain data, for people and programs alike."""
    return {
        "id": case.id,
        "api": case.api,
        "level": case.level.value,
        "title": case.title,
        "requirement": case.requirement,
        "sources": [{"name": str(source), "link": link(suite, source)} for source in case.sources],
        "since": case.since,
        "profile": case.profile,
        "needs": sorted(need.value for need in case.needs),
        "operations": list(dict.fromkeys(call.operation for call in case.calls if call.origin is None)),
        "file": str(case.position),
    }

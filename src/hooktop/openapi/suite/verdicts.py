"""Grade cases, and a whole run: pure functions from findings to verdicts to an exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hooktop.openapi.suite.evidence import Finding
from hooktop.openapi.suite.model import Case, Level, Verdict
from hooktop.openapi.suite.transport import Exchange

EXIT_CONFORMANT: Final = 0
EXIT_FAILURE: Final = 1
EXIT_USAGE: Final = 2
EXIT_NOTHING_TESTED: Final = 3
EXIT_UNCERTAIN: Final = 4
EXIT_INTERRUPTED: Final = 130

TURNED_AWAY: Final = frozenset({401, 403, 404, 429})
"""A run in which every answer is one of these has met a closed door, not an API."""
PROVEN: Final = frozenset({Verdict.PASS, Verdict.NON_STRICT, Verdict.INFO})
PLAYED: Final = PROVEN | {Verdict.FAIL, Verdict.FLAKY}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a case came to, with its evidence."""

    case: Case
    verdict: Verdict
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    duration_ms: float = 0.0


def grade(case: Case, findings: Iterable[Finding]) -> Verdict:
    """The verdict of one play: a broken MUST fails, whatever is laxer is told and does not."""
    levels = {finding.level or (Level.MUST if finding.during else case.level) for finding in findings}
    if Level.MUST in levels:
        return Verdict.FAIL
    if Level.SHOULD in levels:
        return Verdict.NON_STRICT
    return Verdict.INFO if levels else Verdict.PASS


def agree(first: Verdict, again: Verdict) -> Verdict:
    """The verdict after a failed case was repeated on fresh resources."""
    return first if again is first else Verdict.FLAKY


def is_closed_door(results: Sequence[Result]) -> bool:
    """Whether nothing passed and every answer turned us away where something else was due."""
    rules = {finding.rule for result in results for finding in result.findings}
    answers = [exchange.status for result in results for exchange in result.exchanges]
    proven = any(result.verdict in PROVEN for result in results)
    return (
        not proven
        and rules <= {"status", "document"}
        and bool(answers)
        and all(status in TURNED_AWAY for status in answers)
    )


def exit_code(results: Sequence[Result], *, interrupted: bool = False) -> int:
    """The exit code of a run: 0, 1, 3, 4 or 130 (2 is for usage and never comes from results)."""
    if interrupted:
        return EXIT_INTERRUPTED
    counts = Counter(result.verdict for result in results)
    uncertain = counts[Verdict.FLAKY] + counts[Verdict.INCONCLUSIVE]
    if is_closed_door(results) or not (uncertain or any(counts[verdict] for verdict in PLAYED)):
        return EXIT_NOTHING_TESTED
    if counts[Verdict.FAIL]:
        return EXIT_FAILURE
    return EXIT_UNCERTAIN if uncertain else EXIT_CONFORMANT

"""The JSON report: everything, the wire log of every case included, passes too."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hooktop import __version__
from hooktop.openapi.suite.catalogue import as_data
from hooktop.openapi.suite.evidence import Finding, reproduction, wire_log
from hooktop.openapi.suite.model import Suite
from hooktop.openapi.suite.redaction import Redactor
from hooktop.openapi.suite.verdicts import Result, exit_code

FORMAT = 1
"""Raised when a field changes its meaning or goes away."""


def render(
    suite: Suite,
    results: Sequence[Result],
    redactor: Redactor,
    *,
    seconds: float,
    run_id: str,
    interrupted: bool = False,
) -> str:
    """The report as a document of its own."""
    counts = Counter(result.verdict.value for result in results)
    report = {
        "format": FORMAT,
        "hooktop": __version__,
        "api": suite.api,
        "run": run_id,
        "exit_code": exit_code(results, interrupted=interrupted),
        "seconds": round(seconds, 3),
        "verdicts": dict(sorted(counts.items())),
        "cases": [_case(suite, result, redactor) for result in results],
    }
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def _case(suite: Suite, result: Result, redactor: Redactor) -> dict[str, Any]:
    exchanges = list(result.exchanges)
    return {
        **as_data(suite, result.case),
        "verdict": result.verdict.value,
        "reason": redactor.text(result.reason),
        "duration_ms": round(result.duration_ms, 1),
        "findings": [_finding(finding, redactor) for finding in result.findings],
        "reproduce": reproduction(exchanges, redactor) if result.findings else [],
        "wire": wire_log(exchanges, redactor),
    }


def _finding(finding: Finding, redactor: Redactor) -> dict[str, Any]:
    return {
        "rule": redactor.text(finding.rule),
        "expected": redactor.text(finding.expected),
        "actual": redactor.text(finding.actual),
        "at": str(finding.position),
        "while_reaching": finding.during,
    }

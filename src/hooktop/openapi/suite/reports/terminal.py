"""The terminal report: the verdict first, then every failure with what was expected, and how to see it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import click

from hooktop.openapi.suite.catalogue import link
from hooktop.openapi.suite.evidence import Finding, reproduction
from hooktop.openapi.suite.model import Suite, Verdict
from hooktop.openapi.suite.redaction import Redactor
from hooktop.openapi.suite.verdicts import (
    EXIT_CONFORMANT,
    EXIT_FAILURE,
    EXIT_INTERRUPTED,
    EXIT_NOTHING_TESTED,
    EXIT_UNCERTAIN,
    Result,
    exit_code,
)

COLOURS = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.FLAKY: "magenta",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NON_STRICT: "yellow",
    Verdict.INFO: "blue",
    Verdict.SKIP: "bright_black",
    Verdict.UNIMPLEMENTED: "bright_black",
}
HEADLINES = {
    EXIT_CONFORMANT: ("CONFORMANT", "green"),
    EXIT_FAILURE: ("NOT CONFORMANT", "red"),
    EXIT_NOTHING_TESTED: ("NOTHING TESTED", "red"),
    EXIT_UNCERTAIN: ("NOT PROVEN", "yellow"),
    EXIT_INTERRUPTED: ("INTERRUPTED", "yellow"),
}
SHOWN_REQUESTS = 12


def render(
    suite: Suite, results: Sequence[Result], redactor: Redactor, *, seconds: float, interrupted: bool = False
) -> str:
    """The whole report, styled; click removes the style where there is no terminal."""
    code = exit_code(results, interrupted=interrupted)
    lines = [
        *_headline(suite, results, code, seconds),
        *_reasons(results),
        *(line for result in results if result.findings for line in _broken(suite, result, redactor)),
    ]
    return "\n".join(lines)


def _headline(suite: Suite, results: Sequence[Result], code: int, seconds: float) -> Iterator[str]:
    words, colour = HEADLINES[code]
    counts = Counter(result.verdict for result in results)
    shown = ", ".join(f"{counts[verdict]} {verdict.lower()}" for verdict in Verdict if counts[verdict])
    yield click.style(f" {words} ", fg="black", bg=colour, bold=True) + f"  {suite.title}"
    yield f"{len(results)} cases: {shown or 'none'} in {seconds:.1f} s"


def _reasons(results: Sequence[Result]) -> Iterator[str]:
    """Cases that were not judged, one line for each reason."""
    reasons = Counter((result.verdict, result.reason) for result in results if result.reason)
    for (verdict, reason), count in reasons.most_common():
        yield f"  {_badge(verdict)} {count} x {reason}"


def _badge(verdict: Verdict) -> str:
    return click.style(verdict.value, fg=COLOURS[verdict], bold=True)


def _broken(suite: Suite, result: Result, redactor: Redactor) -> Iterator[str]:
    case = result.case
    yield ""
    yield f"{_badge(result.verdict)} {click.style(case.id, bold=True)}  {case.title}"
    yield f"  {case.requirement}"
    for finding in result.findings:
        yield from _finding(finding, redactor)
    yield "  source    " + "; ".join(link(suite, source) for source in case.sources)
    yield "  again     " + click.style("export the key first, ids differ from run to run", dim=True)
    commands = reproduction(list(result.exchanges), redactor)
    hidden = max(0, len(commands) - SHOWN_REQUESTS)
    if hidden:
        yield f"    (the first {hidden} requests are in the JSON report)"
    for number, command in list(enumerate(commands, start=1))[hidden:]:
        yield f"    {number:>2}. {command}"


def _finding(finding: Finding, redactor: Redactor) -> Iterator[str]:
    during = f", while reaching {finding.during!r}" if finding.during else ""
    yield f"  {click.style(redactor.text(finding.rule), fg='cyan')} ({finding.position}{during})"
    yield f"    expected  {redactor.text(finding.expected)}"
    yield f"    actual    {redactor.text(finding.actual)}"

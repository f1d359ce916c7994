"""JUnit XML: one testcase for each case, always the same name, so that a dashboard can follow a requirement."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from hooktop.openapi.suite.evidence import Finding, reproduction
from hooktop.openapi.suite.model import Suite, Verdict
from hooktop.openapi.suite.redaction import Redactor
from hooktop.openapi.suite.verdicts import Result

FAILED = frozenset({Verdict.FAIL, Verdict.FLAKY})
UNJUDGED = frozenset({Verdict.SKIP, Verdict.UNIMPLEMENTED, Verdict.INCONCLUSIVE})
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot hold in any form."""


def render(suite: Suite, results: Sequence[Result], redactor: Redactor, *, seconds: float) -> str:
    """The report as a document of its own."""
    root = ET.Element("testsuites")
    attributes = {
        "name": f"hooktop contract {suite.api}",
        "tests": str(len(results)),
        "failures": str(sum(result.verdict in FAILED for result in results)),
        "errors": "0",
        "skipped": str(sum(result.verdict in UNJUDGED for result in results)),
        "time": f"{seconds:.3f}",
    }
    node = ET.SubElement(root, "testsuite", attributes)
    for result in results:
        _case(node, suite, result, redactor)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(node: ET.Element, suite: Suite, result: Result, redactor: Redactor) -> None:
    case = result.case
    attributes = {
        "classname": f"{suite.api}.{case.profile}",
        "name": f"{case.id} {case.title}",
        "time": f"{result.duration_ms / 1000:.3f}",
    }
    item = ET.SubElement(node, "testcase", attributes)
    properties = ET.SubElement(item, "properties")
    facts = {
        "verdict": result.verdict,
        "level": case.level,
        "requirement": case.requirement,
        "since": case.since,
    }
    for name, value in facts.items():
        ET.SubElement(properties, "property", {"name": name, "value": str(value)})
    if result.verdict in FAILED:
        text = _clean(_details(result, redactor))
        message = _clean(redactor.text(result.reason or _line(result.findings[0])))
        ET.SubElement(item, "failure", {"type": result.verdict, "message": message}).text = text
    elif result.verdict in UNJUDGED:
        ET.SubElement(
            item, "skipped", {"message": _clean(redactor.text(f"{result.verdict}: {result.reason}"))}
        )
    elif result.findings:
        ET.SubElement(item, "system-out").text = _clean(_details(result, redactor))


def _details(result: Result, redactor: Redactor) -> str:
    findings = [redactor.text(_line(finding)) for finding in result.findings]
    commands = reproduction(list(result.exchanges), redactor)
    numbered = [f"{number}. {command}" for number, command in enumerate(commands, start=1)]
    return "\n".join([*findings, "", *numbered])


def _line(finding: Finding) -> str:
    return f"{finding.rule}: expected {finding.expected}; actual {finding.actual} ({finding.position})"


def _clean(text: str) -> str:
    return ILLEGAL.sub("\ufffd", text)

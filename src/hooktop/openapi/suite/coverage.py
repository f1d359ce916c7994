"""The map of the contract: every documented answer, and every answer printed on a source page, with its cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hooktop.openapi.documents import Document, Response
from hooktop.openapi.suite.loading import EVERY
from hooktop.openapi.suite.matchers import same
from hooktop.openapi.suite.model import Call, Case, Outcome, Printed, Suite, Waiver, flat
from hooktop.openapi.suite.pointer import read


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One answer that is owed a case."""

    operation: str
    status: str
    code: str | None
    page: str | None
    cases: tuple[str, ...]
    waiver: str | None
    is_choice: bool
    """Every case that asks for this answer accepts another one as well, as the sources leave the choice."""

    @property
    def is_hole(self) -> bool:
        """Neither a case nor a reason."""
        return not self.cases and self.waiver is None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bound:
    case: Case
    operation: str
    outcome: Outcome | None
    call: Call


def coverage(suite: Suite, document: Document) -> list[Row]:
    """What the document and the source pages owe, in the document's order, pages last."""
    bound = [item for case in suite.cases for item in _bound(case)]
    rows = [
        _row(suite, bound, operation.id, status, code, is_alone=len(codes) == 1)
        for operation in document.operations.values()
        for status, response in operation.responses.items()
        for codes in [_codes(suite, response)]
        for code in codes
    ]
    return [*rows, *(_printed(suite, bound, item) for item in suite.printed)]


def percentage(rows: Iterable[Row]) -> float:
    """How much of what is owed has a case or a waiver."""
    listed = list(rows)
    return 100.0 if not listed else 100.0 * sum(not row.is_hole for row in listed) / len(listed)


def unused(suite: Suite, rows: Iterable[Row]) -> list[Waiver]:
    """Waivers for something that a case does reach, or that nobody documents."""
    used = {row.waiver for row in rows if not row.cases}
    return [waiver for waiver in suite.waivers if _sentence(waiver) not in used]


def _bound(case: Case) -> Iterator[_Bound]:
    for step in flat(case.steps):
        if isinstance(step, Call) and step.origin is None:
            for outcome in step.outcomes or (None,):
                yield _Bound(case=case, operation=step.operation, outcome=outcome, call=step)


def _codes(suite: Suite, response: Response) -> list[str | None]:
    """The error codes that the document's examples of an answer show; None for an answer without any."""
    if suite.error_code is None:
        return [None]
    examples = [value for media in response.content.values() for value in media.examples.values()]
    codes = [read(example, suite.error_code) for example in examples]
    found = list(dict.fromkeys(code for code in codes if isinstance(code, str)))
    return [*found] or [None]


def _row(
    suite: Suite, bound: list[_Bound], operation: str, status: str, code: str | None, *, is_alone: bool
) -> Row:
    """The row of a documented answer; where it has one code only, asking for the status asks for the code."""
    found = [
        item
        for item in bound
        if item.operation == operation
        and (_answers(item, status, code) or (is_alone and _is_bare(item, status)))
    ]
    waiver = next((w for w in suite.waivers if _waives(w, operation, status, code)), None)
    return Row(
        operation=operation,
        status=status,
        code=code,
        page=None,
        cases=tuple(dict.fromkeys(one.case.id for one in found)),
        is_choice=bool(found) and all(len(one.call.outcomes) > 1 for one in found),
        waiver=_sentence(waiver) if waiver else None,
    )


def _answers(item: _Bound, status: str, code: str | None) -> bool:
    if item.outcome is None:
        return status.startswith("2") and code is None
    return str(item.outcome.status) == status and (code is None or item.outcome.code == code)


def _is_bare(item: _Bound, status: str) -> bool:
    if item.outcome is None or item.outcome.code is not None:
        return False
    return status in (str(item.outcome.status), f"{item.outcome.status // 100}XX")


def _waives(waiver: Waiver, operation: str, status: str, code: str | None) -> bool:
    about = waiver.operation in (EVERY, operation) and str(waiver.status) == status
    return about and waiver.code in (None, code) and waiver.page is None


def _printed(suite: Suite, bound: list[_Bound], item: Printed) -> Row:
    found = [
        one
        for one in bound
        if one.operation == item.operation
        and _answers(one, str(item.status), item.code)
        and (item.message is None or _says(suite, one, item.message))
    ]
    waiver = next((w for w in suite.waivers if w.page == item.page and _waives_printed(w, item)), None)
    return Row(
        operation=item.operation,
        status=str(item.status),
        code=item.code or item.message,
        page=item.page,
        cases=tuple(dict.fromkeys(one.case.id for one in found)),
        is_choice=bool(found) and all(len(one.call.outcomes) > 1 for one in found),
        waiver=_sentence(waiver) if waiver else None,
    )


def _waives_printed(waiver: Waiver, item: Printed) -> bool:
    about = waiver.operation == item.operation and waiver.status == item.status
    return about and waiver.code in (None, item.code)


def _says(suite: Suite, item: _Bound, message: str) -> bool:
    """Whether the case asks for exactly this text."""
    if item.outcome is None:
        return False
    wanted: list[Any] = [check.matcher.argument for check in item.outcome.checks if check.name == "message"]
    return any(same(argument, message) for argument in wanted)


def _sentence(waiver: Waiver) -> str:
    return f"{waiver.reason} ({waiver.position})"

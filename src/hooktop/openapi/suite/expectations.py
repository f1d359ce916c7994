"""Read what an answer is expected to be: `expect: 409`, a mapping, or a list of acceptable answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hooktop.openapi.suite.matchers import RULES, Matcher
from hooktop.openapi.suite.model import Check, Outcome, Position
from hooktop.openapi.suite.pointer import parts
from hooktop.openapi.suite.tree import CaseError, Reader, Table, plain


@dataclass(frozen=True, slots=True)
class ErrorForm:
    """Where an API keeps the code and the text of an error."""

    code: str | None
    message: str


def read_outcomes(value: Any, where: str, at: Position, form: ErrorForm) -> tuple[Outcome, ...]:
    """The acceptable answers that an `expect` field names. Raises CaseError."""
    if isinstance(value, int):
        return (Outcome(status=value),)
    if isinstance(value, Table) and "any" in value:
        reader = Reader(value, where)
        rows = reader.rows("any")
        reader.done()
        if not rows:
            raise CaseError(at, where, "any: must list at least one answer")
        return tuple(
            outcome
            for index, row in enumerate(rows)
            for outcome in read_outcomes(row, f"{where}.any[{index}]", at, form)
        )
    return (_outcome(Reader(value, where, at), form),)


def _outcome(reader: Reader, form: ErrorForm) -> Outcome:
    status = reader.take("status", int)
    if not 100 <= status <= 599:
        raise reader.fail("status", "must be an HTTP status, 100 to 599")
    code = reader.raw("error")
    checks = [*_code(reader, code, form), *_message(reader, status, form), *_headers(reader), *_body(reader)]
    reader.done()
    return Outcome(status=status, checks=tuple(checks), code=code if isinstance(code, str) else None)


def _code(reader: Reader, code: Any, form: ErrorForm) -> list[Check]:
    if code is None:
        return []
    if form.code is None:
        raise reader.fail("error", "this API has no error codes; use message")
    return [Check(place=form.code, matcher=_matcher(reader, "error", code), name="error code")]


def _message(reader: Reader, status: int, form: ErrorForm) -> list[Check]:
    message = reader.raw("message")
    if message is None:
        return []
    place = form.message if status >= 400 else "/message"
    return [Check(place=place, matcher=_matcher(reader, "message", message), name="message")]


def _headers(reader: Reader) -> list[Check]:
    child = reader.child("headers")
    if child is None:
        return []
    return [
        Check(place=f"header:{name}", matcher=_matcher(child, name, child.raw(name)), name=f"header {name}")
        for name in child.table
    ]


def _body(reader: Reader) -> list[Check]:
    child = reader.child("body")
    return [] if child is None else list(read_checks(child))


def read_checks(reader: Reader) -> tuple[Check, ...]:
    """The questions of a mapping of pointers to matchers. Raises CaseError."""
    checks = []
    for place in reader.table:
        try:
            parts(place)
        except ValueError as error:
            raise reader.fail(place, str(error)) from None
        matcher = _matcher(reader, place, reader.raw(place))
        checks.append(Check(place=place, matcher=matcher, name=f"body {place or '(whole)'}"))
    return tuple(checks)


def _matcher(reader: Reader, key: str, value: Any) -> Matcher:
    if not isinstance(value, dict):
        return Matcher(kind="equals", argument=plain(value))
    kinds = [name for name in value if name in RULES]
    rest = set(value) - set(kinds) - {"within"}
    if len(kinds) != 1 or rest:
        names = ", ".join(RULES)
        raise reader.fail(key, f"must hold exactly one matcher ({names}); for a literal object write equals:")
    kind = kinds[0]
    rule, argument = RULES[kind], plain(value[kind])
    if not rule.accepts(argument):
        raise reader.fail(key, f"{kind} wants {rule.wants}, not {argument!r}")
    if "within" in value and kind != "time":
        raise reader.fail(key, "within belongs to time")
    return Matcher(kind=kind, argument=argument, within=value.get("within"))

"""Load the cases of an API from its folder: `suite.yaml` for what they share, every other file for cases.

Raises `CaseError`, which names file, line and field, for anything that could not be played.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from hooktop.openapi.suite.expectations import ErrorForm
from hooktop.openapi.suite.machines import cells, unreachable
from hooktop.openapi.suite.model import Break, Case, Level, Position, Printed, Source, Suite, Waiver
from hooktop.openapi.suite.scope import fill_known
from hooktop.openapi.suite.steps import Kit, read_steps
from hooktop.openapi.suite.tree import CaseError, Reader, Table, plain, read_file

CASE_ID = re.compile(r"[A-Z]{2,4}(-[A-Z0-9]+)+")
SHARED = "suite.yaml"
EVERY = "*"
"""A waiver for every operation of the document."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Book:
    """What one folder shares: the kit of its steps and the names of its sources."""

    api: str
    kit: Kit
    sources: frozenset[str]


def bundled(api: str) -> Path:
    """The folder of the cases that travel with hooktop."""
    return Path(str(resources.files("hooktop.fixtures"))) / "contract" / api


def load_suite(folder: Path, operations: Collection[str]) -> Suite:
    """The suite of a folder, in the order of file names. Raises CaseError."""
    shared = read_file(folder / SHARED, f"{folder.name}/{SHARED}")
    reader = Reader(shared, "suite")
    suite, book = _shared(reader, operations)
    for path in sorted(folder.glob("*.yaml")):
        if path.name != SHARED:
            suite = _with_file(suite, Reader(read_file(path, f"{folder.name}/{path.name}"), path.stem), book)
    _unique(suite.cases)
    return suite


def _shared(reader: Reader, operations: Collection[str]) -> tuple[Suite, _Book]:
    error = reader.child("error")
    if error is None:
        raise CaseError(reader.position, "suite.error", "is missing")
    form = ErrorForm(code=error.text("code", "") or None, message=error.text("message"))
    error.done()
    api, sources = reader.text("api"), reader.mapping("sources")
    kit = Kit(
        form=form,
        operations=frozenset(operations),
        setups=_tables(reader, "setups"),
        reads=_tables(reader, "reads"),
        ignore=frozenset(reader.texts("ignore", ())),
    )
    suite = Suite(
        api=api,
        title=reader.text("title"),
        base_path=reader.text("base-path", ""),
        hosts=reader.mapping("hosts"),
        path_defaults=reader.mapping("path-defaults"),
        error_code=form.code,
        error_message=form.message,
        scheme=reader.text("scheme"),
        variables=reader.mapping("variables"),
        sources=sources,
        cleanup=reader.mapping("cleanup"),
        cases=(),
        waivers=(),
        printed=(),
        unreachable=(),
    )
    reader.done()
    return suite, _Book(api=api, kit=kit, sources=frozenset(sources))


def _tables(reader: Reader, key: str) -> dict[str, Table]:
    found = reader.take(key, dict, {})
    for name, value in found.items():
        if not isinstance(value, Table):
            raise reader.fail(key, f"{name} must be a mapping")
    return found


def _with_file(suite: Suite, reader: Reader, book: _Book) -> Suite:
    cases = [case for row in reader.rows("cases") for case in _rows(row, reader, book)]
    for index, machine in enumerate(reader.rows("machines")):
        table = Reader(machine, f"machines[{index}]", reader.position).table
        cases += [
            _case(Reader(cell.table, cell.table["id"]), book) for cell in cells(table, f"machines[{index}]")
        ]
    waived = [item for machine in reader.rows("machines") for item in unreachable(machine, "machines")]
    waivers = [item for row in reader.rows("waivers") for item in _waivers(Reader(row, "waivers"), book)]
    printed = [item for row in reader.rows("printed") for item in _printed(Reader(row, "printed"), book)]
    reader.done()
    return replace(
        suite,
        cases=(*suite.cases, *cases),
        waivers=(*suite.waivers, *waivers),
        printed=(*suite.printed, *printed),
        unreachable=(*suite.unreachable, *waived),
    )


def _rows(row: Any, reader: Reader, book: _Book) -> Iterator[Case]:
    """The cases of an entry: itself, or one for each row of its table."""
    entry = Reader(row, "cases", reader.position)
    name = entry.table.get("id", "cases")
    if not entry.has("each"):
        yield _case(Reader(entry.table, str(name)), book)
        return
    for index, values in enumerate(entry.rows("each")):
        line = Reader(values, f"{name}.each[{index}]", entry.table.position("each"))
        filled = entry.table.filled(partial(fill_known, values=plain(line.table)))
        del filled["each"]
        filled.line = line.table.line
        yield _case(Reader(filled, str(line.raw("id", name))), book)


def _case(reader: Reader, book: _Book) -> Case:
    at = reader.table.position("steps")
    case = Case(
        id=_id(reader),
        api=book.api,
        level=_level(reader),
        title=reader.text("title"),
        requirement=_requirement(reader),
        sources=_sources(reader, book),
        since=reader.text("since"),
        profile=reader.text("profile", "core"),
        position=reader.position,
        steps=read_steps(reader.raw("steps"), f"{reader.where}.steps", at, book.kit),
        breaks=tuple(_break(Reader(row, f"{reader.where}.breaks")) for row in reader.rows("breaks")),
    )
    reader.done()
    return case


def _id(reader: Reader) -> str:
    value = reader.take("id", str)
    if not CASE_ID.fullmatch(value):
        raise reader.fail(
            "id", f"{value!r} must be capitals and digits joined by dashes, such as HB-EP-PAUSE-001"
        )
    return value


def _level(reader: Reader) -> Level:
    value = reader.take("level", str)
    try:
        return Level(value)
    except ValueError:
        raise reader.fail("level", f"{value!r} is not known; choose MUST, SHOULD or MAY") from None


def _requirement(reader: Reader) -> str:
    text = reader.text("requirement")
    if not any(level.value in text for level in Level):
        raise reader.fail("requirement", "must say MUST, SHOULD or MAY")
    return text


def _sources(reader: Reader, book: _Book) -> tuple[Source, ...]:
    found = []
    for text in reader.texts("sources"):
        page, _, operation = text.partition("#")
        if page not in book.sources:
            raise reader.fail("sources", f"{page!r} is not among the sources of the suite")
        found.append(Source(page, operation or None))
    return tuple(found)


def _break(reader: Reader) -> Break:
    found = Break(
        name=reader.text("name"),
        operation=reader.text("operation"),
        nth=reader.take("nth", int, 0),
        patch=tuple(plain(reader.rows("patch"))),
    )
    reader.done()
    return found


def _waivers(reader: Reader, book: _Book) -> Iterator[Waiver]:
    operations, status, reason = reader.texts("operation"), reader.take("status", int), reader.text("reason")
    codes = reader.texts("code", ("",))
    page = reader.text("page", "") or None
    reader.done()
    for operation in operations:
        if operation != EVERY:
            _known(operation, reader, book)
        for code in codes:
            yield Waiver(
                operation=operation,
                status=status,
                code=code or None,
                page=page,
                reason=reason,
                position=reader.position,
            )


def _printed(reader: Reader, book: _Book) -> Iterator[Printed]:
    page, operation = reader.text("page"), reader.text("operation")
    if page not in book.sources:
        raise reader.fail("page", f"{page!r} is not among the sources of the suite")
    _known(operation, reader, book)
    rows = reader.rows("answers")
    reader.done()
    for row in rows:
        answer = Reader(row, f"printed.{page}.answers")
        yield Printed(
            page=page,
            operation=operation,
            status=answer.take("status", int),
            code=answer.text("code", "") or None,
            message=answer.text("message", "") or None,
            position=answer.position,
        )
        answer.done()


def _known(operation: str, reader: Reader, book: _Book) -> None:
    if operation not in book.kit.operations:
        raise reader.fail("operation", f"{operation!r} is no operation of the document")


def _unique(cases: tuple[Case, ...]) -> None:
    first: dict[str, Position] = {}
    for case in cases:
        if case.id in first:
            raise CaseError(case.position, case.id, f"this id is taken by the case at {first[case.id]}")
        first[case.id] = case.position

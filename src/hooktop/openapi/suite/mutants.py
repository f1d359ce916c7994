"""Think of every wrong answer that a case must notice: one for each thing that it asserts.

A mutant is a fault rule of the control API. It spoils one answer of one call, after the server has carried
the operation out, and nothing else. A case that still passes is not a proof of what it claims.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hooktop.openapi.suite.evidence import Asked, Compared, Looked, Paged, Record
from hooktop.openapi.suite.matchers import other, spoilt
from hooktop.openapi.suite.model import Auth, Case
from hooktop.openapi.suite.pointer import MISSING, absolute, join, leaves, read, without

RECEIVED = "(a receiver)"
"""Stands in for an operation where the fault shows at the receiver."""
TELLING = ("attempt_count", "num_trials", "paused", "attempt_no", "updated_at", "uid")
"""Fields in which a change shows and the answer stays valid, the most telling first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """One seeded fault."""

    label: str
    rule_broken: str
    """The rule whose finding must appear, or how its name begins; empty when any finding will do."""
    operation: str
    nth: int
    patch: tuple[Mapping[str, Any], ...] = ()
    status: int | None = None
    origin: str | None = None
    auth: Auth = Auth.KEY

    @property
    def is_servers(self) -> bool:
        """Whether the server can be told to commit it; a call without a valid key belongs to no project."""
        return self.auth is Auth.KEY and self.operation != RECEIVED

    def rule(self) -> dict[str, Any]:
        """The fault rule of the control API."""
        rule: dict[str, Any] = {"match": {"operation": self.operation}, "skip": self.nth, "times": 1}
        if self.patch:
            rule["patch"] = [dict(change) for change in self.patch]
        if self.status is not None:
            rule["patch_status"] = self.status
        return rule


def mutants(case: Case, record: Record) -> list[Mutant]:
    """Every mutant of a case, from the record of a clean play."""
    found = [mutant for asked in record.asked for mutant in _of_call(asked)]
    found += [mutant for compared in record.compared for mutant in _of_comparison(compared)]
    found += [mutant for paged in record.paged for mutant in _of_pages(paged)]
    found += [mutant for nth, looked in enumerate(record.looked) for mutant in _of_look(nth, looked)]
    found += [
        Mutant(
            label=f"break: {item.name}",
            rule_broken="",
            operation=item.operation,
            nth=item.nth,
            patch=item.patch,
        )
        for item in case.breaks
    ]
    return found


def _of_call(asked: Asked) -> Iterator[Mutant]:
    exchange, outcome = asked.exchange, asked.outcome
    if asked.call.outcomes:
        yield _mutant(asked, "status", "status", status=_other_status(asked))
    if outcome is None:
        return
    for check in outcome.checks:
        if check.place.startswith("header:"):
            continue
        actual = read(exchange.body, check.place)
        change = _change(absolute(exchange.body, check.place), spoilt(check.matcher, actual))
        yield _mutant(asked, check.name, check.name, patch=(change,))
    if isinstance(exchange.body, dict) and asked.call.judged and outcome.checks:
        yield _mutant(
            asked, "undocumented field", "document", patch=({"pointer": "/undocumented", "value": 1},)
        )


def _of_comparison(compared: Compared) -> Iterator[Mutant]:
    """A refused action that changed something after all, seen in the most telling field of the comparison."""
    body = without(compared.asked.exchange.body, compared.ignore)
    scalars = [place for place, value in leaves(body) if place and not isinstance(value, dict | list)]
    if not scalars:
        yield _mutant(compared.asked, "changed after all: status", "unchanged", status=500)
        return
    place = min(scalars, key=lambda item: _rank(item.rpartition("/")[2]))
    patch = (_change(place, other(read(body, place))),)
    yield _mutant(compared.asked, f"changed after all: {place}", "unchanged", patch=patch)


def _rank(name: str) -> int:
    return TELLING.index(name) if name in TELLING else len(TELLING)


def _of_look(nth: int, looked: Looked) -> Iterator[Mutant]:
    """A delivery that came, stayed away, or looked otherwise."""
    for check in looked.checks:
        value = spoilt(check.matcher, read(looked.view, check.place))
        patch = (_change(check.place, value),)
        rule = f"received {check.place}"
        yield Mutant(label=rule, rule_broken=rule, operation=RECEIVED, nth=nth, patch=patch)


def _of_pages(paged: Paged) -> Iterator[Mutant]:
    walk, first, last = paged.walk, paged.pages[0], paged.pages[-1]
    rows = read(first.exchange.body, walk.items)
    at = walk.items
    yield _pages(first, "a row is left out", ({"pointer": at + join(0), "remove": True},))
    yield _pages(first, "a row comes twice", ({"pointer": at + join(1), "value": rows[0]},))
    yield _pages(first, "ends after the first page", _end(walk.cursor, walk.more))
    yield _pages(
        last, "a foreign row", ({"pointer": at + join("-"), "value": _foreign(rows[0], walk.item_id)},)
    )
    if walk.more:
        yield _pages(last, "never ends", ({"pointer": walk.more, "value": True},))
    if walk.descending:
        yield _pages(first, "out of order", _swapped(at, rows))


def _pages(asked: Asked, what: str, patch: tuple[Mapping[str, Any], ...]) -> Mutant:
    return Mutant(
        label=f"pages: {what}", rule_broken="pages", operation=asked.operation, nth=asked.nth, patch=patch
    )


def _end(cursor: str, more: str | None) -> tuple[Mapping[str, Any], ...]:
    ended: tuple[Mapping[str, Any], ...] = ({"pointer": cursor, "value": ""},)
    return (*ended, {"pointer": more, "value": False}) if more else ended


def _foreign(row: Any, item_id: str) -> Any:
    name = str(read(row, item_id))
    return {**row, item_id.removeprefix("/"): ("1" if name[-1] != "1" else "2").join((name[:-1], ""))}


def _swapped(at: str, rows: list[Any]) -> tuple[Mapping[str, Any], ...]:
    return {"pointer": at + join(0), "value": rows[1]}, {"pointer": at + join(1), "value": rows[0]}


def _mutant(
    asked: Asked,
    label: str,
    rule: str,
    patch: tuple[Mapping[str, Any], ...] = (),
    status: int | None = None,
) -> Mutant:
    return Mutant(
        label=f"{asked.operation}: {label}",
        rule_broken=rule,
        operation=asked.operation,
        nth=asked.nth,
        patch=patch,
        status=status,
        origin=asked.call.origin,
        auth=asked.auth,
    )


def _other_status(asked: Asked) -> int:
    """A status that no acceptable answer has: success where a refusal is due, and the other way round."""
    accepted = {outcome.status for outcome in asked.call.outcomes}
    return next(status for status in (200, 500, 503) if status not in accepted)


def _change(place: str, value: Any) -> dict[str, Any]:
    return {"pointer": place, "remove": True} if value is MISSING else {"pointer": place, "value": value}


def applied(patch: tuple[Mapping[str, Any], ...], body: Any) -> Any:
    """A copy of the body with the changes made, as the control API would make them."""
    for change in patch:
        body = _applied(body, str(change["pointer"]).split("/")[1:], change)
    return body


def _applied(node: Any, path: list[str], change: Mapping[str, Any]) -> Any:
    if not path:
        return change.get("value")
    name = path[0].replace("~1", "/").replace("~0", "~")
    if not isinstance(node, dict):
        return node
    if len(path) == 1 and change.get("remove"):
        return {key: value for key, value in node.items() if key != name}
    return {**node, name: _applied(node.get(name), path[1:], change)}

"""Derive cases from a state machine: every state with every action, legal or refused, or waived with a reason.

A machine is data: how to reach each state, and for each action what a server must answer from which states.
The derivation refuses a machine in which a pair is missing or covered twice, so a matrix is always complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from hooktop.openapi.suite.model import Unreachable
from hooktop.openapi.suite.scope import fill_known
from hooktop.openapi.suite.tree import Reader, Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A case as a table of the case grammar, and the pair it came from."""

    table: Table
    state: str
    action: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _State:
    name: str
    words: str
    given: list[Any]
    values: Mapping[str, Any]
    witness: list[str]


def cells(machine: Table, where: str) -> Iterator[Cell]:
    """Every pair of a machine as a case table. Raises CaseError when a pair is missing or double."""
    reader = Reader(machine, where)
    common = {
        "since": reader.text("since"),
        "profile": reader.text("profile", "core"),
    }
    prefix, title = reader.text("id"), reader.text("title")
    witness = list(reader.texts("witness", ()))
    states = {state.name: state for state in _states(reader, witness)}
    actions = reader.take("actions", Table)
    waived = set(_unreachable(reader, states, actions))
    reader.done()
    for name in actions:
        action = Reader(actions[name], f"{where}.actions.{name}", actions.position(name))
        yield from _action(action, name, states, waived, common, f"{prefix}-{_part(name)}", title)


def _states(reader: Reader, witness: list[str]) -> Iterator[_State]:
    table = reader.take("states", Table)
    for name in table:
        state = Reader(table[name], f"{reader.where}.states.{name}", table.position(name))
        given = state.raw("given", [])
        yield _State(
            name=name,
            words=state.text("while"),
            given=[_given(given, state)] if isinstance(given, str) else list(given),
            values={"state": name, **state.mapping("values")},
            witness=list(state.texts("witness", witness)),
        )
        state.done()


def _given(name: str, reader: Reader) -> Table:
    step = Table(reader.table.file, reader.table.lines.get("given", reader.table.line))
    step["given"] = name
    return step


def _unreachable(reader: Reader, states: Mapping[str, Any], actions: Table) -> Iterator[tuple[str, str]]:
    for index, row in enumerate(reader.rows("unreachable")):
        entry = Reader(row, f"{reader.where}.unreachable[{index}]")
        entry.text("reason")
        for state in _listed(entry, "states", states):
            for action in _listed(entry, "actions", actions):
                yield state, action
        entry.done()


def _action(
    action: Reader,
    name: str,
    states: Mapping[str, _State],
    waived: set[tuple[str, str]],
    common: dict[str, Any],
    prefix: str,
    title: str,
) -> Iterator[Cell]:
    call = action.take("call", Table)
    sources = action.raw("sources")
    words = action.text("words", name.replace("-", " "))
    open_states = [state for state in states if (state, name) not in waived]
    for index, row in enumerate(action.rows("rules")):
        rule = Reader(row, f"{action.where}.rules[{index}]", action.position)
        for state in _listed(rule, "states", states):
            if state not in open_states:
                raise rule.fail("states", f"{state}: the pair with {name} is covered twice, or waived")
            open_states.remove(state)
            fields = {**common, "id": f"{prefix}-{_part(state)}", "sources": rule.raw("sources", sources)}
            fields["title"] = f"{title}: {words} while {states[state].words}"
            yield Cell(table=_case(rule, call, states[state], fields), state=state, action=name)
        rule.done()
    action.done()
    if open_states:
        raise action.fail(
            "rules", f"no rule for {', '.join(open_states)}; add one, or name it as unreachable"
        )


def _listed(reader: Reader, key: str, known: Mapping[str, Any]) -> tuple[str, ...]:
    names = reader.texts(key)
    for name in names:
        if name not in known:
            raise reader.fail(key, f"{name!r} is not known; known: {', '.join(known)}")
    return names


def _case(rule: Reader, call: Table, state: _State, fields: dict[str, Any]) -> Table:
    """The case of one pair, written in the grammar of ordinary cases."""
    values = {**state.values, "while": state.words}
    table = Table(rule.table.file, rule.table.line)
    table.update(fields, level=rule.text("level", "MUST"), requirement=rule.text("requirement"))
    act = Table(rule.table.file, rule.table.line)
    act.update(call)
    allow, refuse = rule.raw("allow"), rule.raw("refuse")
    then, breaks = rule.rows("then"), rule.rows("breaks")
    if (allow is None) == (refuse is None):
        raise rule.fail("states", "a rule has either allow or refuse")
    act["expect"] = allow if allow is not None else refuse
    steps = [*state.given, *([act] if allow is not None else [_refused(act, state, rule)]), *then]
    table["steps"] = steps
    if breaks:
        table["breaks"] = breaks
    return table.filled(partial(fill_known, values=values))


def _refused(act: Table, state: _State, rule: Reader) -> Table:
    """A refused call between two looks at the world: refusing means changing nothing."""
    if not state.witness:
        return act
    step = Table(rule.table.file, rule.table.line)
    step["unchanged"] = state.witness
    step["while"] = [act]
    return step


def _part(name: str) -> str:
    return name.upper().replace("_", "-").replace(" ", "-")


def unreachable(machine: Table, where: str) -> Iterator[Unreachable]:
    """The pairs that a machine waives."""
    reader = Reader(machine, where)
    for index, row in enumerate(reader.rows("unreachable")):
        entry = Reader(row, f"{where}.unreachable[{index}]")
        yield Unreachable(
            machine=reader.text("id"),
            states=entry.texts("states"),
            actions=entry.texts("actions"),
            reason=entry.text("reason"),
            position=entry.position,
        )

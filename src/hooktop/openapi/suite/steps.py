"""Read the steps of a case: one verb each, the rest of the mapping being its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from hooktop.openapi.suite.expectations import ErrorForm, read_checks, read_outcomes
from hooktop.openapi.suite.model import (
    Advance,
    Assign,
    Auth,
    Call,
    Position,
    Received,
    Repeat,
    Script,
    Signature,
    Step,
    Sweep,
    Unchanged,
    Walk,
)
from hooktop.openapi.suite.pointer import MISSING
from hooktop.openapi.suite.scope import fill_known, seconds
from hooktop.openapi.suite.tree import CaseError, Reader, Table, kind, plain

RECEIVER = "${receiver}"
"""The main receiver of a case, when a step names none."""
SIGNATURE_FORMS = ("timestamp.body", "t,v1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kit:
    """What steps refer to by name: set-ups, reads, operations, and the form of errors."""

    form: ErrorForm
    operations: frozenset[str]
    setups: Mapping[str, Table]
    reads: Mapping[str, Table]
    ignore: frozenset[str]
    origin: str | None = None


def read_steps(value: Any, where: str, at: Position, kit: Kit) -> tuple[Step, ...]:
    """The steps of a list. Raises CaseError."""
    if not isinstance(value, list):
        raise CaseError(at, where, f"must be a list of steps, not {kind(value)}")
    found: list[Step] = []
    for index, item in enumerate(value):
        found += _step(Reader(item, f"{where}[{index}]", at), kit)
    return tuple(found)


def read_call(reader: Reader, kit: Kit, verb: str = "call") -> Call:
    """The call that a mapping describes. Raises CaseError."""
    operation = reader.take(verb, str)
    if operation not in kit.operations:
        raise reader.fail(verb, f"{operation!r} is no operation of the document")
    call = Call(
        position=reader.position,
        operation=operation,
        path=reader.mapping("path"),
        query=reader.mapping("query"),
        headers=reader.mapping("headers"),
        body=plain(reader.raw("body", MISSING)),
        raw=reader.take("raw", str, "") or None,
        auth=_choice(reader, "auth", Auth, Auth.KEY),
        outcomes=_expected(reader, kit),
        save=reader.mapping("save"),
        judged=reader.take("judged", bool, True),
        origin=kit.origin,
    )
    reader.done()
    return call


def _expected(reader: Reader, kit: Kit) -> tuple[Any, ...]:
    value, at = reader.raw("expect"), reader.table.position("expect")
    return () if value is None else read_outcomes(value, f"{reader.where}.expect", at, kit.form)


def _choice(reader: Reader, key: str, options: type[Auth], default: Auth) -> Auth:
    value = reader.take(key, str, default.value)
    try:
        return options(value)
    except ValueError:
        names = ", ".join(option.value for option in options)
        raise reader.fail(key, f"{value!r} is not known; choose one of {names}") from None


def _step(reader: Reader, kit: Kit) -> tuple[Step, ...]:
    verbs = [verb for verb in VERBS if reader.has(verb)]
    if len(verbs) != 1:
        raise CaseError(reader.position, reader.where, f"must have exactly one verb of {', '.join(VERBS)}")
    made = VERBS[verbs[0]](reader, kit)
    reader.done()
    return made


def _call(reader: Reader, kit: Kit) -> tuple[Step, ...]:
    return (read_call(reader, kit),)


def _advance(reader: Reader, _: Kit) -> tuple[Step, ...]:
    by = reader.raw("advance")
    if not (isinstance(by, str) and "${" in by):
        try:
            seconds(by)
        except (ValueError, TypeError) as error:
            raise reader.fail("advance", str(error)) from None
    return (Advance(position=reader.position, by=by),)


def _to_next(reader: Reader, _: Kit) -> tuple[Step, ...]:
    reader.take("advance-to-next", bool)
    return (Advance(position=reader.position, to_next=True),)


def _drain(reader: Reader, _: Kit) -> tuple[Step, ...]:
    reader.take("drain", bool)
    return (Advance(position=reader.position),)


def _receiver(reader: Reader, _: Kit) -> tuple[Step, ...]:
    answers = reader.rows("receiver")
    name = reader.text("name", RECEIVER)
    if not answers or not all(isinstance(answer, dict) for answer in answers):
        raise reader.fail("receiver", "must list at least one answer, each a mapping such as {status: 503}")
    return (Script(position=reader.position, receiver=name, answers=tuple(plain(answers))),)


def _received(reader: Reader, _: Kit) -> tuple[Step, ...]:
    child = reader.child("received")
    assert child is not None
    return (
        Received(
            position=reader.position,
            receiver=reader.text("name", RECEIVER),
            checks=read_checks(child),
            signature=_signature(reader.child("signature")),
            save=reader.mapping("save"),
        ),
    )


def _signature(reader: Reader | None) -> Signature | None:
    if reader is None:
        return None
    form = reader.text("form")
    if form not in SIGNATURE_FORMS:
        raise reader.fail("form", f"must be one of {', '.join(SIGNATURE_FORMS)}")
    timestamp = reader.text("timestamp", "") or None
    signature = Signature(
        header=reader.text("header"), secret=reader.text("secret"), form=form, timestamp=timestamp
    )
    reader.done()
    return signature


def _sweep(reader: Reader, _: Kit) -> tuple[Step, ...]:
    return (Sweep(position=reader.position, message=reader.text("sweep")),)


def _set(reader: Reader, _: Kit) -> tuple[Step, ...]:
    return (Assign(position=reader.position, values=reader.mapping("set")),)


def _unchanged(reader: Reader, kit: Kit) -> tuple[Step, ...]:
    reads = tuple(_named_read(name, reader, kit) for name in reader.texts("unchanged"))
    at = reader.table.position("while")
    return (
        Unchanged(
            position=reader.position,
            reads=reads,
            steps=read_steps(reader.raw("while"), f"{reader.where}.while", at, kit),
            ignore=kit.ignore | frozenset(reader.texts("ignore", ())),
        ),
    )


def _named_read(name: str, reader: Reader, kit: Kit) -> Call:
    if name not in kit.reads:
        raise reader.fail("unchanged", f"no read is called {name!r}; known: {', '.join(kit.reads)}")
    return read_call(Reader(kit.reads[name], f"reads.{name}"), kit)


def _repeat(reader: Reader, kit: Kit) -> tuple[Step, ...]:
    times = reader.raw("repeat")
    if not isinstance(times, int) or times < 0:
        raise reader.fail("repeat", "must be a whole number")
    at = reader.table.position("steps")
    steps = read_steps(reader.raw("steps"), f"{reader.where}.steps", at, kit)
    return (Repeat(position=reader.position, times=times, steps=steps),)


def _walk(reader: Reader, kit: Kit) -> tuple[Step, ...]:
    child = reader.child("walk")
    assert child is not None
    call = child.child("list")
    if call is None:
        raise CaseError(child.position, child.where, "list is missing")
    at = child.table.position("create")
    walk = Walk(
        position=reader.position,
        call=read_call(call, kit),
        limit=child.take("limit", int),
        create=read_steps(child.raw("create"), f"{child.where}.create", at, kit),
        created=child.text("created"),
        items=child.text("items"),
        item_id=child.text("item-id"),
        cursor=child.text("cursor"),
        more=child.text("more", "") or None,
        limit_parameter=child.text("limit-parameter", "limit"),
        cursor_parameter=child.text("cursor-parameter", "cursor"),
        descending=child.text("descending", "") or None,
    )
    child.done()
    return (walk,)


def _given(reader: Reader, kit: Kit) -> tuple[Step, ...]:
    name = reader.text("given")
    if name not in kit.setups:
        raise reader.fail("given", f"no set-up is called {name!r}; known: {', '.join(kit.setups)}")
    setup = Reader(kit.setups[name], f"setups.{name}")
    values = {**setup.mapping("with"), **reader.mapping("with")}
    rows = [row.filled(partial(fill_known, values=values)) for row in setup.rows("steps")]
    setup.done()
    at = setup.table.position("steps")
    return read_steps(rows, f"setups.{name}.steps", at, replace(kit, origin=name))


VERBS: Mapping[str, Callable[[Reader, Kit], tuple[Step, ...]]] = {
    "call": _call,
    "given": _given,
    "advance": _advance,
    "advance-to-next": _to_next,
    "drain": _drain,
    "receiver": _receiver,
    "received": _received,
    "sweep": _sweep,
    "set": _set,
    "unchanged": _unchanged,
    "repeat": _repeat,
    "walk": _walk,
}
"""Every verb of a step and what reads it."""

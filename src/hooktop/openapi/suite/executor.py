"""Play the steps of one case against a tenant and write down what happened."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from hooktop.openapi.documents import Document
from hooktop.openapi.suite.asking import (
    Bases,
    auth_of,
    build,
    judge_document,
    judge_outcomes,
    resolved,
    resolved_check,
)
from hooktop.openapi.suite.control import START, Control
from hooktop.openapi.suite.evidence import Asked, Compared, Finding, Looked, Record
from hooktop.openapi.suite.matchers import passes, show, words
from hooktop.openapi.suite.model import (
    Advance,
    Assign,
    Auth,
    Call,
    Case,
    Check,
    Position,
    Received,
    Repeat,
    Script,
    Signature,
    Step,
    Suite,
    Sweep,
    Unchanged,
    Walk,
)
from hooktop.openapi.suite.pointer import MISSING, difference, read, without
from hooktop.openapi.suite.redaction import Redactor
from hooktop.openapi.suite.scope import UnknownName, fill, seconds
from hooktop.openapi.suite.signatures import is_signed
from hooktop.openapi.suite.transport import Exchange, Unreachable, Wire
from hooktop.openapi.suite.walking import walk_list
from hooktop.openapi.validation import Judge


class Tamper(Protocol):
    """Changes what the judge sees: how a fault is seeded where no fault rule of the server reaches."""

    def answer(self, auth: Auth, nth: int, exchange: Exchange) -> Exchange:
        """The answer to a call, given its credentials and its number."""

    def received(self, nth: int, view: Any) -> Any:
        """What a receiver got, given the number of the look at it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """Where a case is played: URLs, key, what tells its objects from others', and the control API if any."""

    bases: Bases
    variables: Mapping[str, Any]
    project: str = ""
    control: Control | None = None

    @property
    def is_isolated(self) -> bool:
        """Whether nobody else is in it."""
        return self.control is not None


BUILT_IN: Mapping[str, Any] = {"t0": START, "now": START, "megabyte": "x" * 1024 * 1024}
"""Variables of every case: the start of the clock, its last known time, and a text of 1 MiB."""


class _Stop(Exception):
    """A finding was written; the steps after it prove nothing."""


@dataclass(kw_only=True)
class Player:
    """Plays one case. Findings end the case at the step that made them; Unsafe and ControlError pass through."""

    suite: Suite
    document: Document
    judge: Judge
    wire: Wire
    tenant: Tenant
    redactor: Redactor
    tamper: Tamper | None = None
    values: dict[str, Any] = field(default_factory=dict)
    record: Record = field(default_factory=Record)
    made: list[tuple[str, str]] = field(default_factory=list)
    """Variable and id of every object that the case made and that has to go when the tenant is shared."""

    def play(self, case: Case) -> Record:
        """The record of the whole case."""
        self.values = {**BUILT_IN, **self.suite.variables, **self.tenant.variables}
        try:
            self.steps(case.steps)
        except _Stop:
            pass
        except Unreachable as error:
            self._note("connection", "an answer", str(error), case.position)
        except (UnknownName, ValueError) as error:
            self._note("case", "values that the steps can go on with", str(error), case.position)
        return self.record

    def _note(self, rule: str, expected: str, actual: str, position: Position) -> None:
        finding = Finding(rule=rule, expected=expected, actual=actual, position=position)
        self.record.findings.append(finding)

    def steps(self, steps: tuple[Step, ...]) -> None:
        """Play steps in order."""
        for step in steps:
            self._step(step)

    def _step(self, step: Step) -> None:
        match step:
            case Call():
                self.ask(step)
            case Assign():
                self.values.update(fill(dict(step.values), self.values))
            case Unchanged():
                self._unchanged(step)
            case Repeat():
                for number in range(1, step.times + 1):
                    self.values["n"] = number
                    self.steps(step.steps)
            case Walk():
                walk_list(self, step)
            case Advance() | Script() | Received() | Sweep():
                self._control(step)

    def _control(self, step: Advance | Script | Received | Sweep) -> None:
        control, project = self.tenant.control, self.tenant.project
        assert control is not None, "the runner plays no case whose needs are not met"
        match step:
            case Advance():
                self._advance(step, control)
            case Script():
                answers = fill([dict(answer) for answer in step.answers], self.values)
                control.script(project, fill(step.receiver, self.values), answers)
            case Sweep():
                control.sweep(project, fill(step.message, self.values))
            case Received():
                rows = control.deliveries(project, fill(step.receiver, self.values))
                self._received(step, rows)

    def _advance(self, step: Advance, control: Control) -> None:
        if step.to_next:
            self.values["now"] = control.advance_to_next(self.tenant.project)
        elif step.by is None:
            control.drain(self.tenant.project)
        else:
            by = seconds(fill(step.by, self.values))
            self.values["now"] = control.advance(self.tenant.project, by)

    # --- calls ---------------------------------------------------------------

    def ask(self, call: Call) -> Asked:
        """Send a call and judge the answer. Raises _Stop when it is not what it must be."""
        asked, findings = self.judged(call)
        self.broken(findings)
        self._save(call, asked.exchange.body, call.save)
        self.record.asked.append(asked)
        return asked

    def judged(self, call: Call, *, any_status: bool = False) -> tuple[Asked, list[Finding]]:
        """Send a call; what was asked, and all that is wrong with the answer."""
        exchange, nth, auth = self._send(call)
        outcomes = tuple(resolved(outcome, self.values) for outcome in call.outcomes)
        outcome, findings = (None, []) if any_status else judge_outcomes(outcomes, exchange, call)
        if call.judged:
            findings += judge_document(self.judge, exchange, call)
        operation = exchange.operation
        asked = Asked(call=call, operation=operation, nth=nth, auth=auth, outcome=outcome, exchange=exchange)
        return asked, findings

    def _send(self, call: Call) -> tuple[Exchange, int, Auth]:
        request = build(call, self.suite, self.document, self.tenant.bases, self.values)
        operation = fill(call.operation, self.values)
        auth = auth_of(call, self.document.operations[operation])
        # A call without a valid key is no call of this project: its faults do not count it either.
        nth = self.record.next_of(operation, auth)
        exchange = self.wire.send(request, operation)
        self.redactor.learn(exchange.body)
        if self.tamper is not None:
            exchange = self.tamper.answer(auth, nth, exchange)
        self.record.exchanges.append(exchange)
        return exchange, nth, auth

    def broken(self, findings: list[Finding]) -> None:
        """Write findings down and end the case; nothing happens when there are none."""
        if findings:
            self.record.findings += findings
            raise _Stop

    def _save(self, call: Call | Received, body: Any, wanted: Mapping[str, str]) -> None:
        for name, place in wanted.items():
            value = read(body, fill(place, self.values))
            if value is MISSING:
                self.broken([_nothing(place, call.position)])
            self.values[name] = value
            if name in self.suite.cleanup:
                self.made.append((name, str(value)))

    # --- steps that look ----------------------------------------------------------

    def _unchanged(self, step: Unchanged) -> None:
        before = [self._look(call, step) for call in step.reads]
        self.steps(step.steps)
        for first in before:
            asked = self._look(first.call, step, first)
            self.record.compared.append(Compared(asked=asked, ignore=step.ignore))

    def _look(self, call: Call, step: Unchanged, before: Asked | None = None) -> Asked:
        """Read, and compare with an earlier look; that nothing is there may be the truth both times."""
        asked, findings = self.judged(call, any_status=True)
        self.broken(findings + (_changes(before, asked, step) if before is not None else []))
        return asked

    def _received(self, step: Received, rows: list[dict[str, Any]]) -> None:
        view: dict[str, Any] = {"count": len(rows), "all": rows}
        if rows:
            view |= {"first": rows[0], "last": rows[-1]}
        if self.tamper is not None:
            view = self.tamper.received(len(self.record.looked), view)
        checks = tuple(resolved_check(check, self.values) for check in step.checks)
        self.record.looked.append(Looked(view=view, checks=checks))
        findings = _misses(view, checks, step.position)
        if step.signature is not None:
            findings += self._signed(step.signature, view["all"], step.position)
        self.broken(findings)
        self._save(step, view, step.save)

    def _signed(self, signature: Signature, rows: list[dict[str, Any]], position: Position) -> list[Finding]:
        filled = Signature(
            header=signature.header,
            secret=str(fill(signature.secret, self.values)),
            form=signature.form,
            timestamp=signature.timestamp,
        )
        wrong = [row for row in rows if not is_signed(filled, row.get("headers", {}), delivered_body(row))]
        if rows and not wrong:
            return []
        actual = f"{len(wrong)} of {len(rows)} deliveries are not"
        expected = f"deliveries signed in {signature.header} ({signature.form}, HMAC-SHA256)"
        return [Finding(rule="signature", expected=expected, actual=actual, position=position)]


def delivered_body(row: Mapping[str, Any]) -> bytes:
    """The bytes that a receiver got, as the control API shows them."""
    body = row.get("body") or ""
    return base64.b64decode(body) if row.get("body_encoding") == "base64" else str(body).encode()


def _misses(view: Any, checks: tuple[Check, ...], position: Position) -> list[Finding]:
    return [
        Finding(
            rule=f"received {check.place}",
            expected=words(check.matcher),
            actual=show(read(view, check.place)),
            position=position,
        )
        for check in checks
        if not passes(check.matcher, read(view, check.place))
    ]


def _changes(before: Asked, after: Asked, step: Unchanged) -> list[Finding]:
    first, second = (
        {"status": asked.exchange.status, "body": without(asked.exchange.body, step.ignore)}
        for asked in (before, after)
    )
    return [
        Finding(
            rule=f"unchanged {after.operation} {place}",
            expected=show(old),
            actual=show(new),
            position=step.position,
        )
        for place, old, new in difference(first, second)
    ]


def _nothing(place: str, position: Position) -> Finding:
    return Finding(
        rule=f"body {place}", expected="a value to go on with", actual="nothing", position=position
    )

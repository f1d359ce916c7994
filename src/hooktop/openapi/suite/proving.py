"""Prove cases: play each clean, then once for every mutant, and demand that it fails each time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from hooktop.openapi.suite.evidence import Record
from hooktop.openapi.suite.model import Auth, Case
from hooktop.openapi.suite.mutants import RECEIVED, Mutant, applied, mutants
from hooktop.openapi.suite.runner import Target, play_on, tenant_of, unplayable
from hooktop.openapi.suite.transport import Exchange


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What became of the mutants of one case."""

    case: Case
    killed: int = 0
    survived: tuple[str, ...] = ()
    obstacle: str = ""
    """Why nothing could be proven: the case was not playable, or failed without any fault."""

    @property
    def is_proven(self) -> bool:
        """The case fails with every fault that concerns it, and there is at least one."""
        return not self.obstacle and not self.survived and self.killed > 0


class _Once:
    """Set-ups are shared by many cases: each of their assertions is proven by the first case that plays it."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, int]] = set()
        self._lock = Lock()

    def is_new(self, mutant: Mutant) -> bool:
        if mutant.origin is None:
            return True
        key = (mutant.origin, mutant.label, mutant.nth)
        with self._lock:
            fresh = key not in self._seen
            self._seen.add(key)
        return fresh


def prove(
    target: Target,
    cases: Sequence[Case],
    *,
    workers: int = 1,
    on_proof: Callable[[Proof], None] = lambda _: None,
) -> list[Proof]:
    """The proofs of all cases, in their order."""
    once = _Once()

    def one(case: Case) -> Proof:
        proof = prove_case(target, case, once.is_new)
        on_proof(proof)
        return proof

    if workers == 1:
        return [one(case) for case in cases]
    with ThreadPoolExecutor(workers, thread_name_prefix="prove") as pool:
        return list(pool.map(one, cases))


def prove_case(target: Target, case: Case, wanted: Callable[[Mutant], bool] = lambda _: True) -> Proof:
    """The proof of one case on an isolating target."""
    obstacle = unplayable(target, case)
    if obstacle is not None:
        return Proof(case=case, obstacle=obstacle[1])
    with tenant_of(target, case) as tenant:
        clean = play_on(target, case, tenant)
    if clean.findings:
        return Proof(case=case, obstacle=f"fails without any fault: {clean.findings[0].rule}")
    tried = [mutant for mutant in mutants(case, clean) if wanted(mutant)]
    survived = [mutant.label for mutant in tried if not _is_killed(target, case, mutant)]
    return Proof(case=case, killed=len(tried) - len(survived), survived=tuple(survived))


def _is_killed(target: Target, case: Case, mutant: Mutant) -> bool:
    """Whether the very assertion that the fault concerns has noticed it; failing for another reason is no proof."""
    findings = play_mutant(target, case, mutant).findings
    return any(finding.rule.startswith(mutant.rule_broken) for finding in findings)


def play_mutant(target: Target, case: Case, mutant: Mutant) -> Record:
    """The record of a case on a server that commits the fault."""
    faults = [mutant.rule()] if mutant.is_servers else []
    with tenant_of(target, case, faults=faults) as tenant:
        return play_on(target, case, tenant, None if mutant.is_servers else _Seeded(mutant))


@dataclass(frozen=True, slots=True)
class _Seeded:
    """The fault seeded between the server and the judge: for calls that reach no project, and for receivers."""

    mutant: Mutant

    def answer(self, auth: Auth, nth: int, exchange: Exchange) -> Exchange:
        mutant = self.mutant
        if (exchange.operation, nth, auth) != (mutant.operation, mutant.nth, mutant.auth):
            return exchange
        content = json.dumps(applied(mutant.patch, exchange.body)).encode()
        return replace(exchange, status=mutant.status or exchange.status, content=content)

    def received(self, nth: int, view: Any) -> Any:
        meant = self.mutant.operation == RECEIVED and nth == self.mutant.nth
        return applied(self.mutant.patch, view) if meant else view

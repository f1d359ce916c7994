"""Play many cases: each on resources of its own, failures twice, several at a time, results in case order."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event
from time import perf_counter
from typing import Any

from hooktop.openapi.documents import Document
from hooktop.openapi.suite.asking import Bases
from hooktop.openapi.suite.control import Control, ControlError
from hooktop.openapi.suite.evidence import Record
from hooktop.openapi.suite.executor import Player, Tamper, Tenant
from hooktop.openapi.suite.model import Call, Case, Need, Position, Suite, Verdict
from hooktop.openapi.suite.redaction import Redactor
from hooktop.openapi.suite.safety import SAFE_METHODS, Safety, Unsafe
from hooktop.openapi.suite.transport import Unreachable, Wire
from hooktop.openapi.suite.verdicts import Result, agree, grade
from hooktop.openapi.validation import Judge

MAIN_RECEIVER = "main.receiver.example"


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a run goes and what it may do there."""

    suite: Suite
    document: Document
    judge: Judge
    wire: Wire
    bases: Bases
    control: Control | None
    safety: Safety
    redactor: Redactor
    run_id: str
    profiles: frozenset[str] = frozenset()
    """Empty: the target claims every profile."""
    left: list[str] = field(default_factory=list)
    """Objects of this run that could not be removed."""

    @property
    def is_isolating(self) -> bool:
        """Whether every case gets a project of its own."""
        return self.control is not None and self.safety is not Safety.READ_ONLY


def run(
    target: Target,
    cases: Sequence[Case],
    *,
    workers: int = 1,
    on_result: Callable[[Result], None] = lambda _: None,
    stop: Event | None = None,
) -> list[Result]:
    """The results of all cases, in their order. Stops early, with what it has, when `stop` is set."""
    stopped = stop or Event()

    def one(case: Case) -> Result | None:
        if stopped.is_set():
            return None
        result = judge_case(target, case)
        on_result(result)
        return result

    if workers == 1:
        return [result for result in map(one, cases) if result is not None]
    with ThreadPoolExecutor(workers, thread_name_prefix="case") as pool:
        return [result for result in pool.map(one, cases) if result is not None]


def judge_case(target: Target, case: Case) -> Result:
    """The result of a case; one that fails is repeated once on fresh resources."""
    obstacle = unplayable(target, case)
    if obstacle is not None:
        return Result(case=case, verdict=obstacle[0], reason=obstacle[1])
    first = _play(target, case, again=False)
    if first.verdict is not Verdict.FAIL:
        return first
    second = _play(target, case, again=True)
    if agree(first.verdict, second.verdict) is Verdict.FAIL:
        return first
    return replace(
        first, verdict=Verdict.FLAKY, reason=f"failed once, then {second.verdict} on fresh resources"
    )


def unplayable(target: Target, case: Case) -> tuple[Verdict, str] | None:
    """Why a case cannot be played against this target at all, or None."""
    if target.profiles and case.profile not in target.profiles:
        return Verdict.UNIMPLEMENTED, f"profile {case.profile} is not claimed"
    if target.safety is Safety.READ_ONLY and _changes(target, case):
        return Verdict.SKIP, f"safety {target.safety} allows no changes"
    if case.needs and not target.is_isolating:
        missing = ", ".join(f"needs-{need}" for need in sorted(case.needs, key=_weight))
        return Verdict.INCONCLUSIVE, f"{missing}: the target has no control API for it"
    return None


def _weight(need: Need) -> int:
    return list(Need).index(need)


def _changes(target: Target, case: Case) -> bool:
    """Whether the case sends anything but reads."""
    operations = target.document.operations
    return any(operations[call.operation].method not in SAFE_METHODS for call in case.calls)


def _play(target: Target, case: Case, *, again: bool) -> Result:
    started = perf_counter()
    try:
        with tenant_of(target, case, again=again) as tenant:
            record = play_on(target, case, tenant)
    except Unsafe as error:
        return Result(case=case, verdict=Verdict.SKIP, reason=str(error))
    except (ControlError, Unreachable) as error:
        return Result(case=case, verdict=Verdict.INCONCLUSIVE, reason=f"no fresh resources: {error}")
    return Result(
        case=case,
        verdict=grade(case, record.findings),
        findings=tuple(record.findings),
        exchanges=tuple(record.exchanges),
        duration_ms=(perf_counter() - started) * 1000,
    )


def play_on(target: Target, case: Case, tenant: Tenant, tamper: Tamper | None = None) -> Record:
    """The record of a case on a given tenant; in a shared one, what it made is removed afterwards."""
    player = Player(
        suite=target.suite,
        document=target.document,
        judge=target.judge,
        wire=target.wire,
        tenant=tenant,
        redactor=target.redactor,
        tamper=tamper,
    )
    try:
        return player.play(case)
    finally:
        if not tenant.is_isolated:
            _clean(target, player)


@contextmanager
def tenant_of(
    target: Target, case: Case, *, again: bool = False, faults: Sequence[Mapping[str, Any]] = ()
) -> Iterator[Tenant]:
    """A fresh project with a virtual clock, or the key's own tenant where there is no control API."""
    if not target.is_isolating:
        yield _shared(target, case, again=again)
        return
    control = target.control
    assert control is not None
    seed = zlib.crc32(case.id.encode()) + again
    project = control.create(target.suite.api, seed, faults)
    target.redactor.add(project.key, "$KEY")
    urls = {"base_url": project.base_url, "send_url": project.send_url, "receive_url": project.receive_url}
    variables = {
        "project": project.id,
        "run": target.run_id,
        "receiver": MAIN_RECEIVER,
        "target": f"https://{MAIN_RECEIVER}",
    }
    try:
        yield Tenant(
            bases=Bases(urls=urls, key=project.key), variables=variables, project=project.id, control=control
        )
    finally:
        control.drop(project.id)


def _shared(target: Target, case: Case, *, again: bool) -> Tenant:
    tag = f"{target.run_id}-{case.id.lower()}{'-again' if again else ''}"
    variables = {
        "project": "current",
        "run": target.run_id,
        "receiver": "example.com",
        "target": f"https://example.com/hooktop/{tag}",
    }
    return Tenant(bases=target.bases, variables=variables)


def _clean(target: Target, player: Player) -> None:
    """Delete what a case made in a shared tenant; what cannot be deleted is remembered by name."""
    for variable, name in player.made:
        if not _is_deleted(player, target.suite.cleanup[variable], name):
            target.left.append(f"{variable} {name}")


def _is_deleted(player: Player, operation: str, name: str) -> bool:
    if not operation:
        return False
    call = Call(position=Position("cleanup", 0), operation=operation, path={"id": name})
    try:
        status = player.judged(call)[0].exchange.status
    except (Unreachable, Unsafe):
        return False
    return status < 300 or status == 404

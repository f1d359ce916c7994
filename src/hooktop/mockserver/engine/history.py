"""Playing a scenario: its past is made by running the engine over it, its producers then go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hooktop.mockserver.delivery.lifecycle import Refused
from hooktop.mockserver.engine.clock import VirtualClock
from hooktop.mockserver.engine.dialect import EndpointDraft
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.engine.receivers import host_of
from hooktop.mockserver.engine.scenario import EndpointPlan, ProjectPlan
from hooktop.mockserver.engine.scripts import parse_answers
from hooktop.mockserver.engine.store import EndpointQuery
from hooktop.mockserver.engine.traffic import Burst, Happening, Producer
from hooktop.mockserver.engine.work import run_batch


def play(project: Project, plan: ProjectPlan) -> None:
    """Make the plan's world in a fresh project, as of its clock's present instant."""
    clock = project.clock
    now = clock.now()
    project.clock = VirtualClock(now - plan.history_ms)
    project.created_at = project.clock.now()
    try:
        with project.lock, project.store.transaction():
            ids = {endpoint.name: _install(project, endpoint, now).id for endpoint in plan.endpoints}
            project.traffic.start(project, producers(plan, ids, now), project.clock.now())
            project.traffic.plan(
                [_happening(item.act, ids[item.endpoint], now + item.at_ms) for item in plan.happenings]
            )
            while run_batch(project, now).steps:
                pass
            if not plan.live:
                project.traffic.stop()
    finally:
        project.clock = clock


def _install(project: Project, plan: EndpointPlan, now: int) -> Any:
    if plan.answers:
        answers = parse_answers([_at(line, now) for line in plan.answers], "receiver")
        project.receivers.set(plan.name, answers, host_of(plan.url))
    draft = EndpointDraft(
        name=plan.name,
        kind=plan.kind,
        url=plan.url,
        description=plan.description,
        rate_per_s=plan.rate_per_s,
        burst=plan.burst,
        config=plan.config,
    )
    return project.dialect.install(project, draft)


def _at(line: Mapping[str, Any], now: int) -> Mapping[str, Any]:
    """The line with instants in place of spans."""
    return {
        name: now + value if name in ("after", "until") and value is not None else value
        for name, value in line.items()
    }


def producers(plan: ProjectPlan, ids: Mapping[str, str], now: int) -> list[Producer]:
    """The producers of a plan whose start is `now`; endpoints that are not in `ids` are left out."""
    return [
        Producer(
            endpoint_id=ids[endpoint.name],
            per_hour=endpoint.per_hour,
            templates=endpoint.templates,
            bursts=tuple(
                Burst(since=now + burst.since_ms, until=now + burst.until_ms, per_hour=burst.per_hour)
                for burst in endpoint.bursts
            ),
            retention_ms=endpoint.retention_ms,
        )
        for endpoint in plan.endpoints
        if endpoint.templates and endpoint.name in ids
    ]


def _happening(act: str, endpoint_id: str, at: int) -> Happening:
    verbs: Mapping[str, Callable[[Project], Any]] = {
        "pause": lambda project: project.desk.pause(endpoint_id),
        "resume": lambda project: project.desk.resume(endpoint_id),
        "switch_off": lambda project: project.desk.switch_off(endpoint_id),
        "delete": lambda project: project.desk.delete_endpoint(endpoint_id),
    }
    verb = verbs[act]

    def do(project: Project) -> None:
        try:
            verb(project)
        except Refused:
            # An operator may have done the same by hand before a happening of the future comes.
            return

    return Happening(at=at, act=do)


def go_on(project: Project, plan: ProjectPlan) -> None:
    """After a restart: let the plan's producers go on from where they were."""
    if not plan.live:
        return
    endpoints = project.store.endpoints(EndpointQuery(limit=2**31))
    ids = {endpoint.name: endpoint.id for endpoint in endpoints}
    started = project.created_at + plan.history_ms
    state = project.traffic.state()
    project.traffic.start(project, producers(plan, ids, started), project.created_at)
    project.traffic.go_on_from(state)

"""Alive, ready, and the figures of the process."""

from __future__ import annotations

from collections.abc import Iterator

from hooktop.mockserver.control.wing import ControlWing, data
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.metrics import METRICS


def register(wing: ControlWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("getHealth", "GET", "/_mock/healthz", public=True)
    def healthz(call: Call) -> Answer:
        return data(call, {"status": "ok"})

    @wing.operation("getReadiness", "GET", "/_mock/readyz", public=True)
    def readyz(call: Call) -> Answer:
        checks = dict(_checks(wing))
        ready = all(checks.values())
        return data(
            call, {"status": "ready" if ready else "starting", "checks": checks}, 200 if ready else 503
        )

    @wing.operation("getServerMetrics", "GET", "/_mock/metrics")
    def metrics(call: Call) -> Answer:
        text = "\n".join([*METRICS.lines(), *_projects(wing)]) + "\n"
        return Answer(200, text.encode(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _checks(wing: ControlWing) -> Iterator[tuple[str, bool]]:
    yield "documents", all(each.judge is not None for each in wing.wings.values())
    yield "scheduler", wing.registry.scheduler.is_running
    yield "serving", not wing.site.stopping.is_set()


def _projects(wing: ControlWing) -> Iterator[str]:
    yield "# HELP hooktop_projects Live projects by API."
    yield "# TYPE hooktop_projects gauge"
    apis = [project.api for project in wing.registry.all()]
    for name in sorted(wing.wings):
        yield f'hooktop_projects{{api="{name}"}} {apis.count(name)}'

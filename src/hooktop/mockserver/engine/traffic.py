"""Producers that go on sending: seeded arrivals for each endpoint, and happenings at set instants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hooktop.mockserver.engine.dialect import Arrival
from hooktop.mockserver.engine.templates import Template

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """A span in which a producer sends at another rate."""

    since: int
    until: int
    per_hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """What one endpoint gets, how often, and in which proportion."""

    endpoint_id: str
    per_hour: float
    templates: tuple[Template, ...]
    bursts: tuple[Burst, ...] = ()
    retention_ms: int | None = None

    def rate_at(self, at: int) -> float:
        """Arrivals an hour at this instant."""
        for burst in self.bursts:
            if burst.since <= at < burst.until:
                return burst.per_hour
        return self.per_hour

    def next_change(self, at: int) -> int | None:
        """The next instant at which the rate changes."""
        edges = [edge for burst in self.bursts for edge in (burst.since, burst.until) if edge > at]
        return min(edges, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One act at a set instant."""

    at: int
    act: Callable[[Project], Any]


class Traffic:
    """All producers and happenings of a project, in order of time."""

    def __init__(self) -> None:
        self._producers: dict[str, Producer] = {}
        self._next: dict[str, tuple[int, int]] = {}
        """Producer -> (instant of its next arrival, number of that arrival)."""
        self._kept: dict[str, tuple[int, int]] = {}
        """Places of producers that may only be known later: state is read before the scenario is."""
        self._happenings: list[Happening] = []
        self._earliest: int | None = None
        self.changed = False

    def __bool__(self) -> bool:
        return bool(self._producers or self._happenings)

    def start(self, project: Project, producers: Sequence[Producer], at: int) -> None:
        """Let producers begin at this instant."""
        for producer in producers:
            self._producers[producer.endpoint_id] = producer
            self._next[producer.endpoint_id] = (_next_arrival(project, producer, at, 0), 0)
        self._look()

    def plan(self, happenings: Sequence[Happening]) -> None:
        """Add acts at set instants."""
        self._happenings = sorted([*self._happenings, *happenings], key=lambda happening: happening.at)
        self._look()

    def stop(self) -> None:
        """No more arrivals; happenings stay."""
        self._producers.clear()
        self._next.clear()
        self._look()

    def next_at(self) -> int | None:
        """When the next arrival or happening is due."""
        return self._earliest

    def run(self, project: Project, at: int) -> int:
        """Do all that is due at or before this instant; gives the number of acts."""
        done = 0
        while self._happenings and self._happenings[0].at <= at:
            self._happenings.pop(0).act(project)
            done += 1
        for endpoint_id in [key for key, (due, _) in self._next.items() if due <= at]:
            self._arrive(project, self._producers[endpoint_id])
            done += 1
        self._look()
        return done

    def _arrive(self, project: Project, producer: Producer) -> None:
        due, number = self._next[producer.endpoint_id]
        endpoint = project.store.endpoint(producer.endpoint_id)
        if endpoint is None or endpoint.deleted_at is not None:
            del self._producers[producer.endpoint_id], self._next[producer.endpoint_id]
            return
        self._next[producer.endpoint_id] = (_next_arrival(project, producer, due, number + 1), number + 1)
        self.changed = True
        template = _pick(project, producer, number)
        arrival = Arrival(
            event_type=template.event_type,
            payload=template.render(project.chance, f"{producer.endpoint_id}/{number}", due),
            retention_ms=producer.retention_ms,
            headers=template.headers,
        )
        project.dialect.produce(project, endpoint, arrival)

    def _look(self) -> None:
        due = [instant for instant, _ in self._next.values()]
        if self._happenings:
            due.append(self._happenings[0].at)
        self._earliest = min(due, default=None)

    def state(self) -> dict[str, Any]:
        """How far each producer has come, JSON-able. Happenings belong to a scenario's past and are not kept."""
        return {"next": {key: list(place) for key, place in (self._kept | self._next).items()}}

    def go_on_from(self, state: Mapping[str, Any]) -> None:
        """Go back to what `state` gave, for the producers that are known."""
        self._kept = {key: (at, number) for key, (at, number) in state["next"].items()}
        self._next = {key: place for key, place in self._kept.items() if key in self._producers}
        self._look()


def _next_arrival(project: Project, producer: Producer, after: int, number: int) -> int:
    """The next instant of a Poisson process whose rate may change on the way."""
    owed = -math.log(1.0 - project.chance.at("arrival", producer.endpoint_id, number))
    at = after
    for _ in range(1_000):
        rate, change = producer.rate_at(at) / HOUR_MS, producer.next_change(at)
        if change is None or (rate > 0 and owed <= rate * (change - at)):
            return at + max(1, math.ceil(owed / rate)) if rate > 0 else at + 1_000 * HOUR_MS
        owed -= rate * (change - at)
        at = change
    return at


def _pick(project: Project, producer: Producer, number: int) -> Template:
    if len(producer.templates) == 1:
        return producer.templates[0]
    total = sum(template.weight for template in producer.templates)
    place = project.chance.at("template", producer.endpoint_id, number) * total
    for template in producer.templates:
        place -= template.weight
        if place < 0:
            return template
    return producer.templates[-1]

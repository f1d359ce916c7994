"""Scenarios: worlds in readable YAML, validated, and played by running the engine over their past."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from hooktop.mockserver.delivery.model import Kind
from hooktop.mockserver.engine.scenario_file import ScenarioError, Source, read_source
from hooktop.mockserver.engine.scripts import ScriptError, parse_answers
from hooktop.mockserver.engine.templates import Template, TemplateError, compile_template

__all__ = [
    "EndpointPlan",
    "HappeningPlan",
    "ProjectPlan",
    "Scenario",
    "ScenarioError",
    "load_scenario",
    "names",
]

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SPAN = re.compile(r"(-?)(\d+)(ms|s|m|h|d)")
ACTS = ("pause", "resume", "switch_off", "delete")
"""What a happening may do to an endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstPlan:
    """A span, relative to the start, in which a producer sends at another rate."""

    since_ms: int
    until_ms: int
    per_hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPlan:
    """One endpoint, what it gets and what its receiver answers. Times are relative to the start."""

    name: str
    kind: Kind
    url: str
    description: str
    per_hour: float
    bursts: tuple[BurstPlan, ...]
    templates: tuple[Template, ...]
    answers: tuple[Mapping[str, Any], ...]
    retention_ms: int | None
    rate_per_s: int | None
    burst: int | None
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HappeningPlan:
    """One act on an endpoint at an instant relative to the start."""

    at_ms: int
    act: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """One project of a scenario."""

    api: str
    name: str
    seed: int
    history_ms: int
    live: bool
    """Whether the producers go on after the start."""
    endpoints: tuple[EndpointPlan, ...]
    happenings: tuple[HappeningPlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A world: one project for each provider it knows."""

    name: str
    about: str = ""
    projects: tuple[ProjectPlan, ...] = field(default_factory=tuple)
    source: str = ""
    reference: str = ""
    """What `load_scenario` finds it by, from any folder: a name, or the absolute path of a file."""

    def project_of(self, api: str) -> ProjectPlan:
        """The plan for this api. Raises ScenarioError when there is none."""
        for plan in self.projects:
            if plan.api == api:
                return plan
        raise ScenarioError(self.source, 0, "projects", f"no project of api {api!r}")


def names() -> list[str]:
    """Scenarios that come with the program."""
    folder = files("hooktop.fixtures") / "scenarios"
    return sorted(
        entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")
    )


def load_scenario(name_or_path: str) -> Scenario:
    """A scenario that comes with the program, or one in a file. Raises ScenarioError."""
    path = Path(name_or_path)
    reference = str(path.absolute())
    if path.suffix not in (".yaml", ".yml") and not path.is_file():
        reference = name_or_path
        path = Path(str(files("hooktop.fixtures") / "scenarios" / f"{name_or_path}.yaml"))
        if not path.is_file():
            known = ", ".join(names())
            raise ScenarioError(
                name_or_path, 0, "", f"no such scenario; give one of {known}, or a .yaml file"
            )
    return replace(_Reader(read_source(path)).scenario(path.stem), reference=reference)


class _Reader:
    """Turns a parsed file into plans; the first thing wrong is raised with its place."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def scenario(self, name: str) -> Scenario:
        raw = self._mapping(self._source.value, "", ("name", "about", "projects"))
        plans = tuple(self._project(item, path) for item, path in self._items(raw, "projects", ""))
        if not plans:
            raise self._source.error("projects", "give at least one project")
        return Scenario(
            name=self._text(raw, "name", "", name),
            about=self._text(raw, "about", ""),
            projects=plans,
            source=self._source.file,
        )

    def _project(self, value: Any, path: str) -> ProjectPlan:
        known = ("api", "name", "seed", "history", "live", "endpoints", "happenings")
        raw = self._mapping(value, path, known)
        endpoints = tuple(self._endpoint(item, at) for item, at in self._items(raw, "endpoints", path))
        self._refuse_twice([endpoint.name for endpoint in endpoints], f"{path}.endpoints")
        named = {endpoint.name for endpoint in endpoints}
        return ProjectPlan(
            api=self._text(raw, "api", path, required=True),
            name=self._text(raw, "name", path, "default"),
            seed=int(self._number(raw, "seed", path, 0)),
            history_ms=self._span(raw, "history", path, 24 * _UNITS["h"]) or 0,
            live=self._flag(raw, "live", path, True),
            endpoints=endpoints,
            happenings=tuple(
                self._happening(item, at, named) for item, at in self._items(raw, "happenings", path)
            ),
        )

    def _endpoint(self, value: Any, path: str) -> EndpointPlan:
        known = (
            "name", "kind", "url", "description", "per_hour", "bursts", "events", "receiver", "retention",
            "rate_per_s", "burst", "config",
        )  # fmt: skip
        raw = self._mapping(value, path, known)
        name = self._text(raw, "name", path, required=True)
        kind = self._text(raw, "kind", path, "outbound")
        if kind not in tuple(Kind):
            raise self._source.error(f"{path}.kind", f"{kind!r}: give one of {', '.join(Kind)}")
        templates = tuple(self._template(item, at) for item, at in self._items(raw, "events", path))
        per_hour = self._number(raw, "per_hour", path, 0)
        if per_hour and not templates:
            raise self._source.error(f"{path}.events", "give at least one event, for per_hour is not 0")
        return EndpointPlan(
            name=name,
            kind=Kind(kind),
            url=self._text(raw, "url", path, f"https://{name}.receiver.example/hooks"),
            description=self._text(raw, "description", path, name),
            per_hour=per_hour,
            bursts=tuple(self._burst(item, at) for item, at in self._items(raw, "bursts", path)),
            templates=templates,
            answers=self._answers(raw, f"{path}.receiver"),
            retention_ms=self._span(raw, "retention", path, None),
            rate_per_s=self._optional(raw, "rate_per_s", path),
            burst=self._optional(raw, "burst", path),
            config=self._mapping(raw.get("config") or {}, f"{path}.config"),
        )

    def _template(self, value: Any, path: str) -> Template:
        raw = self._mapping(value, path, ("type", "weight", "payload", "headers"))
        try:
            fill = compile_template(raw.get("payload", {}))
        except TemplateError as error:
            raise self._source.error(f"{path}.payload", str(error)) from error
        headers = self._mapping(raw.get("headers") or {}, f"{path}.headers")
        return Template(
            event_type=self._text(raw, "type", path, required=True),
            fill=fill,
            weight=self._number(raw, "weight", path, 1),
            headers={name: str(text) for name, text in headers.items()},
        )

    def _burst(self, value: Any, path: str) -> BurstPlan:
        raw = self._mapping(value, path, ("from", "until", "per_hour"))
        since, until = self._span(raw, "from", path, None), self._span(raw, "until", path, 0)
        if since is None or until is None or since >= until:
            raise self._source.error(path, "give from and until, from before until, such as -2h and 1h")
        return BurstPlan(since_ms=since, until_ms=until, per_hour=self._number(raw, "per_hour", path, 0))

    def _answers(self, raw: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any], ...]:
        """Checked here, so that an error has a line; made into a script when the start is known."""
        if raw.get("receiver") is None:
            return ()
        answers = []
        for line, at in self._items(raw, "receiver", path.rpartition(".")[0]):
            line = dict(self._mapping(line, at))
            for edge in ("after", "until"):
                if edge in line:
                    line[edge] = self._span(line, edge, at, None)
            answers.append(line)
        try:
            parse_answers(answers, path)
        except ScriptError as error:
            raise self._source.error(error.path, error.reason) from error
        return tuple(answers)

    def _happening(self, value: Any, path: str, named: set[str]) -> HappeningPlan:
        raw = self._mapping(value, path, ("at", *ACTS))
        acts = [act for act in ACTS if act in raw]
        if len(acts) != 1:
            raise self._source.error(path, f"give exactly one of {', '.join(ACTS)}")
        endpoint = self._text(raw, acts[0], path)
        if endpoint not in named:
            raise self._source.error(f"{path}.{acts[0]}", f"no endpoint is called {endpoint!r}")
        return HappeningPlan(at_ms=self._span(raw, "at", path, 0) or 0, act=acts[0], endpoint=endpoint)

    # --- parts of values ---------------------------------------------------

    def _mapping(self, value: Any, path: str, known: Sequence[str] | None = None) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._source.error(path, "give a mapping (name: value)")
        for name in value:
            if known is not None and name not in known:
                inner = f"{path}.{name}" if path else name
                raise self._source.error(inner, f"unknown key; give some of {', '.join(known)}")
        return value

    def _items(self, raw: Mapping[str, Any], name: str, path: str) -> list[tuple[Any, str]]:
        inner = f"{path}.{name}" if path else name
        value = raw.get(name) or []
        if not isinstance(value, list):
            raise self._source.error(inner, "give a list (- ...)")
        return [(item, f"{inner}[{number}]") for number, item in enumerate(value)]

    def _text(
        self, raw: Mapping[str, Any], name: str, path: str, default: str = "", *, required: bool = False
    ) -> str:
        value = raw.get(name)
        inner = f"{path}.{name}" if path else name
        if value is None:
            if required:
                raise self._source.error(inner, "is missing")
            return default
        if not isinstance(value, str):
            raise self._source.error(inner, f"{value!r}: give text")
        return value.strip()

    def _number(self, raw: Mapping[str, Any], name: str, path: str, default: float) -> float:
        value = raw.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise self._source.error(f"{path}.{name}", f"{value!r}: give a number, 0 or more")
        return value

    def _optional(self, raw: Mapping[str, Any], name: str, path: str) -> int | None:
        return None if raw.get(name) is None else int(self._number(raw, name, path, 0))

    def _flag(self, raw: Mapping[str, Any], name: str, path: str, default: bool) -> bool:
        value = raw.get(name, default)
        if not isinstance(value, bool):
            raise self._source.error(f"{path}.{name}", f"{value!r}: give true or false")
        return value

    def _span(self, raw: Mapping[str, Any], name: str, path: str, default: int | None) -> int | None:
        """Milliseconds of a span such as 30s, 40m, 5h, 2d, with a minus for the past; 0 and now are the start."""
        value = raw.get(name)
        if value is None:
            return default
        if value in (0, "now"):
            return 0
        found = _SPAN.fullmatch(str(value))
        if found is None:
            raise self._source.error(f"{path}.{name}", f"{value!r}: give a span such as 30s, -40m, 5h or 2d")
        size = int(found[2]) * _UNITS[found[3]]
        return -size if found[1] else size

    def _refuse_twice(self, found: Sequence[str], path: str) -> None:
        for number, name in enumerate(found):
            if name in found[:number]:
                raise self._source.error(f"{path}[{number}].name", f"{name!r} is there twice")

"""Faults of the API itself: which request meets which one. Doing it is the HTTP layer's part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

from hooktop.mockserver.engine.chance import Chance

_TYPES: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "match": (dict,),
    "skip": (int,),
    "times": (int,),
    "probability": (int, float),
    "ttl": (int, float),
    "status": (int,),
    "code": (str,),
    "message": (str,),
    "retry_after": (int,),
    "latency_ms": (int,),
    "drop": (str,),
    "truncate": (bool,),
    "malformed": (bool,),
    "html": (bool,),
    "patch": (list,),
    "patch_status": (int,),
}
LONGEST_LATENCY_MS = 600_000
_MATCHED = ("operation", "method", "path", "header")


class FaultError(ValueError):
    """A rule cannot be; `path` names the place, for instance rules[0].match.colour."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One fault: whom it meets, how often, and what it does.

    `status` answers in place of the operation; `drop`, `truncate`, `malformed`, `html`, `patch` and
    `patch_status` spoil the answer after the operation was carried out (`drop: before` excepted).
    """

    id: str
    match: Mapping[str, Any] = field(default_factory=dict)
    skip: int = 0
    """Let so many matching requests pass first."""
    times: int | None = None
    """Then meet so many; None: all."""
    probability: float = 1.0
    ttl: float | None = None
    """Seconds of the project's clock after which the rule is void."""
    status: int | None = None
    code: str | None = None
    message: str | None = None
    retry_after: int | None = None
    latency_ms: int = 0
    drop: str | None = None
    truncate: bool = False
    malformed: bool = False
    html: bool = False
    patch: tuple[Mapping[str, Any], ...] = ()
    patch_status: int | None = None
    set_at: int = 0


def parse_rule(raw: Any, path: str = "rule", *, id: str = "") -> Rule:
    """A rule from its JSON form. Raises FaultError."""
    if not isinstance(raw, Mapping):
        raise FaultError(path, "give an object")
    for name, value in raw.items():
        types = _TYPES.get(name)
        if types is None:
            raise FaultError(f"{path}.{name}", f"unknown field; give some of {', '.join(_TYPES)}")
        if value is not None and not _is_one_of(value, types):
            raise FaultError(f"{path}.{name}", f"give {' or '.join(kind.__name__ for kind in types)}")
    _check_match(raw.get("match") or {}, f"{path}.match")
    _check_values(raw, path)
    _check_patch(raw.get("patch") or [], f"{path}.patch")
    given = {name: value for name, value in raw.items() if value is not None}
    given["patch"] = tuple(given.get("patch", ()))
    return Rule(**({"id": id} | given))


def _is_one_of(value: Any, types: tuple[type, ...]) -> bool:
    """isinstance, but true and false are no numbers."""
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _check_match(match: Mapping[str, Any], path: str) -> None:
    for name in match:
        if name not in _MATCHED:
            raise FaultError(f"{path}.{name}", f"unknown field; give some of {', '.join(_MATCHED)}")
    if not isinstance(match.get("header", {}), Mapping):
        raise FaultError(f"{path}.header", "give an object of header names and values")


def _check_values(raw: Mapping[str, Any], path: str) -> None:
    if raw.get("drop") not in (None, "before", "after"):
        raise FaultError(f"{path}.drop", "give before or after")
    for name in ("status", "patch_status"):
        if raw.get(name) is not None and not 100 <= raw[name] <= 599:
            raise FaultError(f"{path}.{name}", "give an HTTP status, 100 to 599")
    probability = raw.get("probability")
    if probability is not None and not 0 <= probability <= 1:
        raise FaultError(f"{path}.probability", "give a number from 0 to 1")
    for name in ("skip", "times", "ttl", "retry_after", "latency_ms"):
        if (raw.get(name) or 0) < 0:
            raise FaultError(f"{path}.{name}", "give 0 or more")
    if (raw.get("latency_ms") or 0) > LONGEST_LATENCY_MS:
        raise FaultError(f"{path}.latency_ms", f"give at most {LONGEST_LATENCY_MS}: the caller really waits")


def _check_patch(patch: Iterable[Any], path: str) -> None:
    for number, change in enumerate(patch):
        place = f"{path}[{number}]"
        if not isinstance(change, Mapping) or not isinstance(change.get("pointer"), str):
            raise FaultError(place, "give {pointer, value} or {pointer, remove: true}")
        if change["pointer"] and not change["pointer"].startswith("/"):
            raise FaultError(f"{place}.pointer", "give a JSON pointer, such as /data/status")
        if "value" not in change and change.get("remove") is not True:
            raise FaultError(place, "give value, or remove: true")


class Faults:
    """The fault rules of a project, in order; the first that fits is the one that strikes."""

    def __init__(
        self,
        chance: Chance,
        now: Callable[[], int] = lambda: 0,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._chance = chance
        self._now = now
        self._on_change = on_change
        self._rules: list[Rule] = []
        self._met: dict[str, int] = {}
        self._made = 0
        self._lock = Lock()

    def __bool__(self) -> bool:
        return bool(self._rules)

    def rules(self) -> list[Rule]:
        """All rules, in the order in which they are tried."""
        return list(self._rules)

    def met(self, rule_id: str) -> int:
        """How many requests have fitted the rule's match so far."""
        return self._met.get(rule_id, 0)

    def put(self, raw_rules: Iterable[Any]) -> list[Rule]:
        """Take the place of all rules. Raises FaultError; then the old ones stay."""
        rules: list[Rule] = []
        for number, raw in enumerate(raw_rules):
            self._made += 1
            rule = parse_rule(raw, f"rules[{number}]", id=f"fault-{self._made}")
            if any(rule.id == other.id for other in rules):
                raise FaultError(f"rules[{number}].id", f"{rule.id!r} is there twice")
            rules.append(replace(rule, set_at=self._now()))
        self._rules, self._met = rules, {}
        self._on_change()
        return rules

    def clear(self) -> None:
        """Drop all rules."""
        self._rules, self._met = [], {}
        self._on_change()

    def match(
        self, operation: str, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> Rule | None:
        """The rule that strikes this request, if any; counts the request for each rule tried."""
        now = self._now() if self._rules else 0
        for rule in tuple(self._rules):
            if _is_void(rule, now) or not _fits(rule.match, operation, method, path, headers or {}):
                continue
            met = self._count(rule.id)
            if met < rule.skip or (rule.times is not None and met >= rule.skip + rule.times):
                continue
            if rule.probability < 1 and self._chance.at("fault", rule.id, met) >= rule.probability:
                continue
            return rule
        return None

    def _count(self, rule_id: str) -> int:
        """How many requests fitted before this one; requests come on many threads, and each must be another."""
        with self._lock:
            met = self._met.get(rule_id, 0)
            self._met[rule_id] = met + 1
        return met

    def state(self) -> dict[str, Any]:
        """Rules and counters, JSON-able."""
        return {"rules": [asdict(rule) for rule in self._rules], "met": dict(self._met), "made": self._made}

    def go_on_from(self, state: Mapping[str, Any]) -> None:
        """Go back to what `state` gave."""
        names = {item.name for item in fields(Rule)}
        self._rules = [
            Rule(
                **{name: value for name, value in raw.items() if name in names}
                | {"patch": tuple(raw["patch"])}
            )
            for raw in state["rules"]
        ]
        self._met, self._made = dict(state["met"]), state["made"]


def _is_void(rule: Rule, now: int) -> bool:
    return rule.ttl is not None and now >= rule.set_at + rule.ttl * 1000


def _fits(
    match: Mapping[str, Any], operation: str, method: str, path: str, headers: Mapping[str, str]
) -> bool:
    seen = {"operation": operation, "method": method, "path": path}
    for name, wanted in match.items():
        if name != "header" and not fnmatchcase(seen[name], str(wanted)):
            return False
    return all(
        fnmatchcase(headers.get(name) or "", str(value)) for name, value in match.get("header", {}).items()
    )

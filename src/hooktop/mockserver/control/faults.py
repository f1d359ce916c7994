"""Faults of an API itself, for one project."""

from __future__ import annotations

from typing import Any

from hooktop.mockserver.control.forms import FaultsForm, invalid, read
from hooktop.mockserver.control.wing import ControlWing, data, moment, nothing
from hooktop.mockserver.engine.faults import FaultError, Faults, Rule
from hooktop.mockserver.http.call import Answer, Call

_QUIET = {
    "skip": 0,
    "probability": 1.0,
    "latency_ms": 0,
    "truncate": False,
    "malformed": False,
    "html": False,
}
_SHOWN = (
    "skip",
    "times",
    "probability",
    "ttl",
    "status",
    "code",
    "message",
    "retry_after",
    "latency_ms",
    "drop",
    "truncate",
    "malformed",
    "html",
    "patch_status",
)


def register(wing: ControlWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("getFaults", "GET", "/_mock/v1/projects/<id>/faults")
    def get_faults(call: Call) -> Answer:
        faults = wing.project(call).faults
        return data(call, _rules(faults))

    @wing.operation("setFaults", "PUT", "/_mock/v1/projects/<id>/faults")
    def put_faults(call: Call) -> Answer:
        faults, form = wing.project(call).faults, read(call, FaultsForm, bare_list="rules")
        set_rules(faults, form.rules, "rules")
        return data(call, _rules(faults))

    @wing.operation("deleteFaults", "DELETE", "/_mock/v1/projects/<id>/faults")
    def delete_faults(call: Call) -> Answer:
        wing.project(call).faults.clear()
        return nothing()


def _rules(faults: Faults) -> dict[str, Any]:
    return {"rules": [rule_json(faults, rule) for rule in faults.rules()]}


def set_rules(faults: Faults, rules: list[dict[str, Any]], field: str) -> None:
    """Put these rules in place of all. Raises ApiError naming the field."""
    try:
        faults.put(rules)
    except FaultError as error:
        raise invalid(error.path.replace("rules", field, 1), error.reason) from None


def rule_json(faults: Faults, rule: Rule) -> dict[str, Any]:
    """A rule, without what was not said, and how many requests have fitted it."""
    said = {name: getattr(rule, name) for name in _SHOWN}
    shown = {name: value for name, value in said.items() if value is not None and value != _QUIET.get(name)}
    if rule.patch:
        shown["patch"] = [dict(change) for change in rule.patch]
    return {
        "id": rule.id,
        "match": dict(rule.match),
        **shown,
        "met": faults.met(rule.id),
        "set_at": moment(rule.set_at),
    }

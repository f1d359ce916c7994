"""Build the request of a call, and judge its answer: by what the case expects and by the document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from hooktop.openapi.documents import Document, Operation
from hooktop.openapi.suite.evidence import Finding, answered
from hooktop.openapi.suite.matchers import Matcher, passes, show, words
from hooktop.openapi.suite.model import Auth, Call, Check, Level, Outcome, Suite
from hooktop.openapi.suite.pointer import MISSING, read
from hooktop.openapi.suite.scope import fill
from hooktop.openapi.suite.transport import Exchange, Request
from hooktop.openapi.validation import MISSING as NO_BODY
from hooktop.openapi.validation import Judge

WRONG_KEY = "hooktop_this_key_belongs_to_nobody"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bases:
    """The base URLs of a target by name: `base_url`, `send_url`, `receive_url`; and its key."""

    urls: Mapping[str, str]
    key: str

    def url(self, name: str) -> str:
        """A base URL by its name; `origin_url` is the main one without its path."""
        if name == "origin_url":
            scheme, host, *_ = urlsplit(self.urls["base_url"])
            return f"{scheme}://{host}"
        return self.urls[name]


def build(call: Call, suite: Suite, document: Document, bases: Bases, values: Mapping[str, Any]) -> Request:
    """The request of a call. Raises UnknownName for a variable that is not set, KeyError for no such operation."""
    operation = document.operations[fill(call.operation, values)]
    base = bases.url(suite.hosts.get(operation.id, "base_url"))
    path = _path(operation, fill({**suite.path_defaults, **call.path}, values))
    query = [(name, text) for name, value in fill(dict(call.query), values).items() for text in _texts(value)]
    auth = auth_of(call, operation)
    headers = {**_credentials(auth, suite.scheme, bases.key), **fill(dict(call.headers), values)}
    content = _content(call, values)
    if content and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return Request(
        operation.method, base + path + (f"?{urlencode(query)}" if query else ""), headers, content
    )


def auth_of(call: Call, operation: Operation) -> Auth:
    """The credentials that a call carries: none where the document asks for none, a key is nobody else's business."""
    return Auth.NONE if operation.raw.get("security") == [] else call.auth


def _path(operation: Operation, values: Mapping[str, Any]) -> str:
    path = operation.path
    for name, value in values.items():
        path = path.replace("{" + name + "}", quote(str(value), safe=""))
    return path


def _texts(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        yield str(item).lower() if isinstance(item, bool) else str(item)


def _credentials(auth: Auth, scheme: str, key: str) -> dict[str, str]:
    match auth:
        case Auth.NONE:
            return {}
        case Auth.WRONG:
            return {"Authorization": f"{scheme} {WRONG_KEY}"}
        case Auth.BARE:
            return {"Authorization": key}
        case Auth.KEY:
            return {"Authorization": f"{scheme} {key}"}


def _content(call: Call, values: Mapping[str, Any]) -> bytes:
    if call.raw is not None:
        return str(fill(call.raw, values)).encode()
    if call.body is MISSING:
        return b""
    return json.dumps(fill(call.body, values)).encode()


def resolved(outcome: Outcome, values: Mapping[str, Any]) -> Outcome:
    """The outcome with all variables filled in."""
    return replace(outcome, checks=tuple(resolved_check(check, values) for check in outcome.checks))


def resolved_check(check: Check, values: Mapping[str, Any]) -> Check:
    """The question with all variables filled in."""
    matcher = check.matcher
    filled = Matcher(
        kind=matcher.kind, argument=fill(matcher.argument, values), within=fill(matcher.within, values)
    )
    return replace(check, matcher=filled)


def at(exchange: Exchange, place: str) -> Any:
    """What stands at the place of an answer that a check names."""
    if place.startswith("header:"):
        return exchange.headers.get(place.removeprefix("header:").lower(), MISSING)
    return read(exchange.body, place)


def misses(outcome: Outcome, exchange: Exchange, call: Call) -> list[Finding]:
    """Why an answer is not this outcome; empty when it is. A wrong status is the only reason given."""
    if exchange.status != outcome.status:
        return [_wrong("status", str(outcome.status), answered(exchange), call)]
    return [
        _wrong(check.name, words(check.matcher), show(at(exchange, check.place)), call)
        for check in outcome.checks
        if not passes(check.matcher, at(exchange, check.place))
    ]


def judge_outcomes(
    outcomes: tuple[Outcome, ...], exchange: Exchange, call: Call
) -> tuple[Outcome | None, list[Finding]]:
    """The acceptable answer that came, or the findings against the nearest one."""
    if not outcomes:
        fine = 200 <= exchange.status < 300
        return None, [] if fine else [_wrong("status", "2xx", answered(exchange), call)]
    reasons = [misses(outcome, exchange, call) for outcome in outcomes]
    for outcome, reason in zip(outcomes, reasons, strict=True):
        if not reason:
            return outcome, []
    nearest = [reason for reason in reasons if reason[0].rule != "status"]
    if nearest:
        return None, min(nearest, key=len)
    expected = " or ".join(dict.fromkeys(str(outcome.status) for outcome in outcomes))
    return None, [_wrong("status", expected, answered(exchange), call)]


def judge_document(judge: Judge, exchange: Exchange, call: Call) -> list[Finding]:
    """What the document has against an answer: status, media type, schema, undocumented fields."""
    body = NO_BODY if exchange.body is MISSING else exchange.body
    found = judge.response(exchange.operation, exchange.status, exchange.content_type or None, body)
    return [
        replace(_wrong("document", "an answer as documented", str(item), call), level=Level.MUST)
        for item in found
    ]


def _wrong(rule: str, expected: str, actual: str, call: Call) -> Finding:
    return Finding(rule=rule, expected=expected, actual=actual, position=call.position, during=call.origin)

"""What a fault rule does to an answer: replace it, change it, damage it, or lose it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError, ConnectionDropped

if TYPE_CHECKING:
    from hooktop.mockserver.engine.faults import Rule
    from hooktop.mockserver.http.site import Site
    from hooktop.mockserver.http.wing import Wing

HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


def wait_out(rule: Rule, site: Site) -> None:
    """Hold the request back for the rule's latency; the client waits in real time, but not for a server's end."""
    if rule.latency_ms:
        with site.waiting():
            site.stopping.wait(rule.latency_ms / 1000)


def instead(rule: Rule, wing: Wing, call: Call) -> Answer | None:
    """The answer given in place of carrying the operation out, or None to carry it out."""
    if rule.drop == "before":
        raise ConnectionDropped
    if rule.status is None:
        return None
    headers = {"Retry-After": str(rule.retry_after)} if rule.retry_after is not None else {}
    error = ApiError(rule.status, rule.code or "", rule.message or "", headers=headers)
    return wing.refusal(error, call)


def distort(rule: Rule, answer: Answer) -> Answer:
    """The answer as the rule lets it out; the operation has been carried out by now."""
    if rule.drop == "after":
        raise ConnectionDropped
    if rule.patch:
        answer.body = patched(answer.body, rule.patch)
    if rule.patch_status is not None:
        answer.status = rule.patch_status
    if rule.html:
        return Answer(rule.patch_status or 502, HTML, content_type="text/html; charset=utf-8")
    if rule.malformed:
        encoded = answer.encoded()
        answer.body = encoded[: max(1, len(encoded) // 2)]
    if rule.truncate:
        return _truncated(answer)
    return answer


def _truncated(answer: Answer) -> Answer:
    """Announce the whole length, send half of it, and hang up."""
    encoded = answer.encoded()
    headers = {**answer.headers, "Content-Length": str(len(encoded)), "Connection": "close"}
    return Answer(answer.status, encoded[: len(encoded) // 2], headers, answer.content_type)


def patched(body: Any, changes: Sequence[Mapping[str, Any]]) -> Any:
    """A copy of `body` with each change made; a pointer that meets nothing is passed over."""
    body = copy.deepcopy(body)
    for change in changes:
        body = _apply(body, change)
    return body


def _apply(body: Any, change: Mapping[str, Any]) -> Any:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in change["pointer"].split("/")[1:]]
    if not parts:
        return change.get("value")
    parent = _descend(body, parts[:-1])
    if isinstance(parent, dict):
        if change.get("remove"):
            parent.pop(parts[-1], None)
        else:
            parent[parts[-1]] = change.get("value")
    elif isinstance(parent, list):
        _change_list(parent, parts[-1], change)
    return body


def _change_list(parent: list[Any], part: str, change: Mapping[str, Any]) -> None:
    if part == "-":
        parent.append(change.get("value"))
        return
    if not part.isdigit() or int(part) >= len(parent):
        return
    if change.get("remove"):
        del parent[int(part)]
    else:
        parent[int(part)] = change.get("value")


def _descend(node: Any, parts: list[str]) -> Any:
    for part in parts:
        if isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return None
    return node

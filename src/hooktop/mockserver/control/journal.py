"""The journal of API requests, expectations on it, and waiting until something has happened."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

from hooktop.mockserver.control.forms import VerifyForm, WaitForm, invalid, read
from hooktop.mockserver.control.wing import ControlWing, data, moment, nothing
from hooktop.mockserver.delivery.model import State
from hooktop.mockserver.engine.clock import ClockError, parse_iso
from hooktop.mockserver.engine.journal import FIELDS, Entry, MatchError, NearMiss
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.engine.store import MessageQuery
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError
from hooktop.mockserver.http.wing import details_of

MESSAGE_FIELDS: Final = ("state", "endpoint_id", "message_id", "event_id", "event_type", "idempotency_key")
LONGEST_WAIT_S: Final = 300.0
_SLICE_S: Final = 0.25
_WHOLE: Final = re.compile("[0-9]{1,18}")
_MOST: Final = 1000


def register(wing: ControlWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("getJournal", "GET", "/_mock/v1/projects/<id>/journal")
    def get_journal(call: Call) -> Answer:
        journal = wing.project(call).journal
        match = {name: _typed(name, values[0]) for name, values in call.query.items() if name in FIELDS}
        rows = journal.find(match, limit=limit_of(call), before=number_of(call, "cursor"))
        return page(call, [entry_json(row) for row in rows], "seq")

    @wing.operation("deleteJournal", "DELETE", "/_mock/v1/projects/<id>/journal")
    def clear_journal(call: Call) -> Answer:
        wing.project(call).journal.clear()
        return nothing()

    @wing.operation("verifyJournal", "POST", "/_mock/v1/projects/<id>/journal/verify")
    def verify_journal(call: Call) -> Answer:
        project, form = wing.project(call), read(call, VerifyForm)
        verdict = _checked(lambda: project.journal.verify(_typed_match(form.match), form.count))
        matches = [entry_json(row) for row in verdict.matches]
        near = [near_json(miss) for miss in verdict.near]
        return data(call, verdict_json(verdict.ok, verdict.wanted, verdict.found, matches, near))

    @wing.operation("wait", "POST", "/_mock/v1/projects/<id>/wait")
    def wait(call: Call) -> Answer:
        project, form = wing.project(call), read(call, WaitForm)
        with wing.site.waiting():
            count, found = _wait(wing, project, form)
        if count < form.count:
            raise _timed_out(project, form, count)
        return data(call, verdict_json(True, form.count, count, found(), []))


# --- wait --------------------------------------------------------------------


def _wait(wing: ControlWing, project: Project, form: WaitForm) -> tuple[int, Callable[[], list[Any]]]:
    """How many match once enough do, or once the time is over."""
    seconds = min(form.timeout_s, LONGEST_WAIT_S)
    if seconds < 0:
        raise invalid("timeout_s", "give 0 or more seconds")
    counter, found = _subject(project, form.match)
    deadline = monotonic() + seconds
    with project.lock:
        while (count := counter()) < form.count:
            left = deadline - monotonic()
            if left <= 0 or wing.site.stopping.is_set():
                break
            # In slices: the end of the server is no change of the project.
            project.changed.wait(min(left, _SLICE_S))
    return count, found


def _subject(project: Project, match: Mapping[str, Any]) -> tuple[Callable[[], int], Callable[[], list[Any]]]:
    """How to count what matches, and how to show it: messages or journal rows, by the fields named."""
    if match and set(match) <= set(MESSAGE_FIELDS):
        query = _message_query(match)
        id = match.get("message_id")
        if id is not None:
            return (lambda: int(_is(project, str(id), query))), lambda: [{"id": id}]
        return (lambda: project.store.count(query)), lambda: [
            {"id": row.id, "state": row.state.value} for row in project.store.messages(query)
        ]
    typed = _typed_match(match)
    _checked(lambda: project.journal.find(typed, limit=1))
    rows = project.journal.find
    return (lambda: len(rows(typed))), lambda: [entry_json(row) for row in rows(typed)]


def _is(project: Project, id: str, query: MessageQuery) -> bool:
    row = project.store.message(id)
    return row is not None and (query.states is None or row.state in query.states)


def _message_query(match: Mapping[str, Any]) -> MessageQuery:
    endpoint = match.get("endpoint_id")
    return MessageQuery(
        states=_states(match.get("state")),
        endpoint_ids=None if endpoint is None else (str(endpoint),),
        event_id=match.get("event_id"),
        event_type=match.get("event_type"),
        idempotency_key=match.get("idempotency_key"),
        limit=_MOST,
    )


def _states(wanted: Any) -> tuple[State, ...] | None:
    if wanted is None:
        return None
    words = wanted if isinstance(wanted, list) else [wanted]
    try:
        return tuple(State(word) for word in words)
    except ValueError:
        raise invalid("match.state", f"no such state; give some of {', '.join(State)}") from None


def _timed_out(project: Project, form: WaitForm, count: int) -> ApiError:
    details: dict[str, Any] = {"wanted": form.count, "found": count}
    if not set(form.match) <= set(MESSAGE_FIELDS):
        misses = project.journal.near_misses(_typed_match(form.match))
        details["near"] = [near_json(miss) for miss in misses]
    else:
        details["by_state"] = {state.value: number for state, number in project.store.counts().items()}
    text = f"{count} of {form.count} matched when the {form.timeout_s:g} s were over"
    return ApiError(408, "TIMEOUT", text, details)


# --- parts -------------------------------------------------------------------


def entry_json(entry: Entry) -> dict[str, Any]:
    """One journal row."""
    return {
        "seq": entry.seq,
        "at": moment(entry.at),
        "operation": entry.operation,
        "method": entry.method,
        "path": entry.path,
        "query": entry.query,
        "key": entry.key,
        "status": entry.status,
        "request_id": entry.request_id,
        "valid": entry.valid,
        "violations": details_of(tuple(entry.violations)),
        "fault": entry.fault,
        "latency_ms": round(entry.latency_ms, 3),
    }


def verdict_json(
    ok: bool, wanted: int, found: int, matches: list[dict[str, Any]], near: list[dict[str, Any]]
) -> dict[str, Any]:
    """Whether so many matched."""
    return {"ok": ok, "wanted": wanted, "found": found, "matches": matches, "near": near}


def page(call: Call, rows: list[dict[str, Any]], key: str) -> Answer:
    """A page that goes on, when it is full, below its last row's `key`."""
    more = len(rows) == limit_of(call)
    return data(call, rows, next_cursor=str(rows[-1][key]) if more else None, has_more=more)


def near_json(miss: NearMiss) -> dict[str, Any]:
    """A row that nearly matched, and what it has in place of what was wanted."""
    return {"entry": entry_json(miss.entry), "differs": dict(miss.differs)}


def limit_of(call: Call) -> int:
    """How many rows are asked for: 100, at most 1000."""
    return max(1, min(number_of(call, "limit") or 100, _MOST))


def number_of(call: Call, name: str) -> int | None:
    """A query parameter that is a whole number, or None when it was not sent. Raises ApiError."""
    text = call.argument(name)
    if text is None:
        return None
    if not _WHOLE.fullmatch(text):
        raise invalid(name, f"{text[:40]!r} is no whole number that can be meant here")
    return int(text)


def _typed_match(match: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _typed(name, value) for name, value in match.items()}


def _typed(name: str, value: Any) -> Any:
    """A value as the journal compares it: texts of numbers, booleans and instants become those."""
    if name == "status" and isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if name == "valid" and isinstance(value, str):
        return value == "true"
    if name in ("since", "until") and isinstance(value, str):
        try:
            return parse_iso(value)
        except ClockError as error:
            raise invalid(f"match.{name}", str(error)) from None
    return value


def _checked(find: Callable[[], Any]) -> Any:
    try:
        return find()
    except MatchError as error:
        known = f"{error}; messages are matched by {', '.join(MESSAGE_FIELDS)}"
        raise invalid("match", known) from None

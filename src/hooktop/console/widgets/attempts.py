"""Attempts as rows, and one attempt's request and response as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from hooktop.console.model import Attempt, Payload
from hooktop.console.widgets.columns import Cell, Column
from hooktop.console.widgets.document import Document, text_document
from hooktop.console.widgets.text import at, header_lines, milliseconds, span

ATTEMPT_COLUMNS = (
    Column(key="number", title="TRY", width=3, right=True),
    Column(key="at", title="AT", width=12),
    Column(key="code", title="CODE", width=4, right=True),
    Column(key="latency", title="TOOK", width=6, right=True),
    Column(key="bar", title="WHERE THE TIME WENT", width=26, rank=2),
    Column(key="error", title="ANSWER OR ERROR", width=18, flex=1),
    Column(key="ladder", title="NEXT AFTER", width=11, rank=1),
    Column(key="ip", title="ADDRESS", width=15, rank=3),
)


def attempt_cell(now: datetime) -> Callable[[Attempt, str], Cell]:
    """Cells of the list of attempts."""
    return lambda attempt, column: _cell(attempt, column, now)


def _cell(attempt: Attempt, column: str, now: datetime) -> Cell:
    match column:
        case "number":
            return Cell(str(attempt.number), "muted")
        case "at":
            return Cell(at(attempt.at, now))
        case "code":
            return _code(attempt)
        case "latency":
            return Cell(milliseconds(attempt.latency_ms))
        case "bar":
            return Cell(where_time_went(attempt.timings_ms), "muted")
        case "error":
            return Cell(attempt.error or attempt.response_body or "–", "text")
        case "ladder":
            return Cell(_ladder(attempt), "muted")
        case _:
            return Cell(attempt.resolved_ip, "muted")


def _code(attempt: Attempt) -> Cell:
    code = attempt.response_status
    if code is None:
        return Cell("✗", "bad")
    return Cell(str(code), "good" if code < 300 else "warn" if code == 429 else "bad")


def _ladder(attempt: Attempt) -> str:
    if attempt.retry_after_s is None:
        return "–"
    return f"{span(attempt.retry_after_s)} {attempt.retry_ladder}".rstrip()


def where_time_went(timings: Mapping[str, int]) -> str:
    """The phases that took longest, longest first."""
    longest = sorted(timings.items(), key=lambda phase: -phase[1])
    return ", ".join(f"{milliseconds(spent)} {phase}" for phase, spent in longest[:2] if spent)


def attempt_documents(attempt: Attempt, payload: Payload | None) -> tuple[Document, Document]:
    """What was sent and what came back, as text; what authenticates is hidden."""
    sent = dict(attempt.request_headers) or (dict(payload.headers) if payload else {})
    request = _headers(sent) or "the API does not give the request headers of this attempt"
    lines = [f"status   {attempt.response_status if attempt.response_status is not None else 'no answer'}"]
    if attempt.error:
        lines.append(f"error    {attempt.error}")
    lines += [f"{phase:<8} {milliseconds(spent)}" for phase, spent in attempt.timings_ms.items()]
    body = attempt.response_body or "(no body)"
    response = "\n".join(
        ["\n".join(lines), "", _headers(attempt.response_headers) or "(no headers)", "", body]
    )
    note = f"attempt {attempt.number}"
    return text_document(request, note), text_document(response, note)


def _headers(headers: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in header_lines(headers))

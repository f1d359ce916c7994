"""The way of every API request: project, preference and faults, request judged, view, answer judged, journal."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.http import http_date

from hooktop.mockserver.http.call import MISSING, Answer, Call
from hooktop.mockserver.http.distort import distort, instead, wait_out
from hooktop.mockserver.http.errors import ApiError, ConnectionDropped
from hooktop.mockserver.http.metrics import METRICS
from hooktop.mockserver.http.preference import preferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from hooktop.mockserver.engine.faults import Rule
    from hooktop.mockserver.http.wing import Wing

log = logging.getLogger("hooktop.mockserver")


def carry(wing: Wing, call: Call, view: Callable[[Call], Answer], *, public: bool = False) -> Response:
    """Take one request all the way to its answer. Never raises: what nobody foresaw is a 500."""
    started = perf_counter()
    try:
        answer = _answer(wing, call, view, public=public)
    except ConnectionDropped:
        return _dropped(wing, call, started)
    except Exception:
        # The outermost line of a request: whatever it is, the client gets no traceback.
        log.exception("request %s %s failed", call.request_id, call.operation)
        answer = wing.refusal(wing.internal_error(call), call)
    response = _response(wing, call, answer)
    _record(wing, call, answer.status, perf_counter() - started)
    return response


def _answer(wing: Wing, call: Call, view: Callable[[Call], Answer], *, public: bool) -> Answer:
    """The answer after all that a preference or a fault does to it."""
    try:
        call.project = wing.find_public_project(call) if public else wing.find_project(call)
    except ApiError as error:
        call.request_id = wing.request_id(call)
        return wing.refusal(error, call)
    call.request_id = wing.request_id(call)
    if "HTTP_PREFER" in call.request.environ:
        forced = preferred(wing, call)
        if forced is not None:
            return forced
    fault = _fault(call)
    if fault is None:
        return _real(wing, call, view)
    call.fault = fault
    wait_out(fault, wing.site)
    answer = instead(fault, wing, call)
    return distort(fault, answer if answer is not None else _real(wing, call, view))


def _fault(call: Call) -> Rule | None:
    project = call.project
    if project is None or not project.faults:
        return None
    request = call.request
    return project.faults.match(call.operation, request.method, request.path, call.headers)


def _real(wing: Wing, call: Call, view: Callable[[Call], Answer]) -> Answer:
    """What the API really answers: success or the vendor's refusal, both judged by the document."""
    try:
        refused = wing.before(call)
        if refused is not None:
            raise refused
        _judge_request(wing, call)
        answer = view(call)
    except ApiError as error:
        answer = wing.refusal(error, call)
    except Exception as error:
        known = wing.translate(error, call)
        if known is None:
            raise
        answer = wing.refusal(known, call)
    _judge_answer(wing, call, answer)
    return answer


def _judge_request(wing: Wing, call: Call) -> None:
    judge = wing.judge
    if judge is None or call.operation not in wing.judged:
        return
    call.violations = judge.request(
        call.operation,
        call.path,
        call.query,
        call.headers,
        call.body_or_missing,
        call.request.environ.get("CONTENT_TYPE", ""),
    )
    if call.violations:
        refused = wing.invalid(call)
        if refused is not None:
            raise refused


def _judge_answer(wing: Wing, call: Call, answer: Answer) -> None:
    """Note an answer of ours that breaks the document: a fault of the server, not of the client."""
    judge = wing.judge
    if judge is None or call.operation not in wing.judged:
        return
    body = answer.body.decode("latin-1") if isinstance(answer.body, bytes) else answer.body
    if judge.response_ok(call.operation, answer.status, body):
        return
    found = judge.response(call.operation, answer.status, answer.content_type, body)
    if found:
        METRICS.count_bad_answer(wing.name, call.operation)
        log.warning("answer %s of %s breaks its document: %s", call.request_id, call.operation, found[0])
        call.violations += found


def _response(wing: Wing, call: Call, answer: Answer) -> Response:
    headers = Headers(
        [
            ("Content-Type", answer.content_type),
            ("Date", _date(call)),
            ("X-Request-ID", call.request_id),
        ]
    )
    for name, value in wing.headers(call).items():
        headers.set(name, value)
    for name, value in answer.headers.items():
        headers.set(name, value)
    response = Response(answer.encoded(), status=answer.status, headers=headers)
    if answer.body is MISSING:
        del response.headers["Content-Type"]
    if "Content-Length" in answer.headers:
        # A length that promises more than is sent; werkzeug has written the true one.
        response.headers["Content-Length"] = answer.headers["Content-Length"]
    return response


def _date(call: Call) -> str:
    if call.project is None:
        return http_date()
    return _http_date(call.project.clock.now() // 1000)


@lru_cache(maxsize=1024)
def _http_date(second: int) -> str:
    return http_date(datetime.fromtimestamp(second, UTC))


def _record(wing: Wing, call: Call, status: int, seconds: float) -> None:
    METRICS.count(wing.name, call.operation, status, seconds)
    project = call.project
    if project is None:
        return
    path, query = wing.shown(call)
    project.journal.record(
        at=project.clock.now(),
        operation=call.operation,
        method=call.request.method,
        path=path,
        query=query,
        key=call.key,
        status=status,
        request_id=call.request_id,
        violations=call.violations,
        fault=call.fault,
        # Where time stands still a request takes none: the same script gives the same journal.
        latency_ms=seconds * 1000 if project.clock.speed else 0.0,
    )


def _dropped(wing: Wing, call: Call, started: float) -> Response:
    """Close the connection with no answer; where the server gives no socket, a bare 503 stands for it."""
    _record(wing, call, 0, perf_counter() - started)
    drop = call.request.environ.get("hooktop.drop")
    if drop is not None:
        drop()
    return Response(b"", status=503, headers={"Connection": "close"})

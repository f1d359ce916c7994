"""`Prefer: code=409, example=NAME`: answer with an example of the document (RFC 7240)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hooktop.mockserver.http.call import MISSING, Answer, Call
from hooktop.mockserver.http.errors import ApiError

if TYPE_CHECKING:
    from hooktop.mockserver.http.wing import Wing
    from hooktop.openapi.documents import Operation, Response


_STATUS: Final = re.compile("[1-5][0-9]{2}")


def preferred(wing: Wing, call: Call) -> Answer | None:
    """The documented answer that the request prefers; None when it prefers nothing that we know.

    A status or an example that the operation does not document is refused with 400.
    """
    wanted = parse(call.request.environ.get("HTTP_PREFER", ""))
    operation = wing.document.operations.get(call.operation) if wing.document else None
    if operation is None or not wanted.keys() & {"code", "example"}:
        return None
    try:
        answer = _documented(operation, wanted)
    except LookupError as error:
        return wing.refusal(ApiError(400, "VALIDATION_ERROR", f"Prefer: {error.args[0]}"), call)
    applied = ", ".join(f"{key}={wanted[key]}" for key in ("code", "example") if key in wanted)
    answer.headers = {"Preference-Applied": applied}
    return answer


def parse(header: str) -> dict[str, str]:
    """Preferences by lower-case name; a preference without a value has the value ""."""
    pairs = (part.partition("=") for part in header.replace(";", ",").split(","))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs if name.strip()}


def _documented(operation: Operation, wanted: dict[str, str]) -> Answer:
    response = _response(operation, wanted.get("code"), wanted.get("example"))
    status = int(wanted.get("code") or response.status)
    content_type = next(iter(response.content), "")
    if not content_type:
        return Answer(status)
    return Answer(status, _example(operation, response, wanted.get("example")), content_type=content_type)


def _response(operation: Operation, code: str | None, example: str | None) -> Response:
    if code is not None:
        found = operation.response(int(code)) if _STATUS.fullmatch(code) else None
        if found is None:
            known = ", ".join(operation.responses)
            raise LookupError(f"{operation.id} documents no answer {code}, only {known}")
        return found
    for response in operation.responses.values():
        if example in response.examples and response.status.isdigit():
            return response
    raise LookupError(f"{operation.id} documents no example {example}")


def _example(operation: Operation, response: Response, name: str | None) -> object:
    examples = response.examples
    if name is None:
        return next(iter(examples.values()), MISSING)
    if name not in examples:
        known = ", ".join(examples) or "none"
        raise LookupError(f"answer {response.status} of {operation.id} has no example {name}, only: {known}")
    return examples[name]

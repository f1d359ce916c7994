"""How this API speaks: its envelope, its odd 400s, its empty and plain-text errors, its headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from hooktop.mockserver.convoy.dialect import DIALECT
from hooktop.mockserver.convoy.profile import complaints
from hooktop.mockserver.convoy.wire import STATUS_OF
from hooktop.mockserver.delivery.lifecycle import Reason, Refused
from hooktop.mockserver.delivery.model import Message
from hooktop.mockserver.engine.desk import Missing
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.http.call import MISSING, Answer, Call, Malformed
from hooktop.mockserver.http.errors import ApiError
from hooktop.mockserver.http.wing import Wing

API_VERSION: Final = "2025-11-24"
API_VERSIONS: Final = ("2024-01-01", "2024-04-01", "2025-11-24")

_REFUSALS: Final[Mapping[Reason, str]] = {
    Reason.ALREADY_DELIVERED: "event already sent",
    Reason.DELIVERY_IN_PROGRESS: "cannot resend event that did not fail previously",
    Reason.NOT_FAILED: "cannot resend event that did not fail previously",
    Reason.FAST_RETRY: "cannot resend event that did not fail previously",
    Reason.ENDPOINT_PAUSED: "the endpoint is currently paused",
    Reason.ENDPOINT_INACTIVE: "the endpoint is currently inactive",
    Reason.ENDPOINT_GONE: "endpoint not found",
    Reason.DELETED: "event delivery not found",
    Reason.PAYLOAD_GONE: "event not found",
    Reason.RETENTION_EXPIRED: "event not found",
}


class ConvoyWing(Wing):
    """The wing of the `/api/v1/projects` API."""

    name: ClassVar[str] = "convoy"
    dialect = DIALECT

    def missing_key(self, call: Call) -> ApiError:
        return ApiError(401, message="Authentication required")

    def unknown_key(self, call: Call) -> ApiError:
        return ApiError(401, message="authorization failed")

    def refusal(self, error: ApiError, call: Call) -> Answer:
        if not error.message:
            return Answer(error.status, headers=error.headers)
        if error.code == "plain":
            return Answer(error.status, error.message.encode(), error.headers, "text/plain; charset=utf-8")
        return Answer(error.status, {"status": False, "message": error.message}, error.headers)

    def translate(self, error: Exception, call: Call) -> ApiError | None:
        if isinstance(error, Refused) and error.reason in _REFUSALS:
            return ApiError(400, message=_REFUSALS[error.reason])
        if isinstance(error, Missing):
            return ApiError(404, message="event delivery not found")
        if isinstance(error, Malformed):
            return ApiError(400, message=malformed(error))
        return None

    def before(self, call: Call) -> ApiError | None:
        wanted = call.request.environ.get("HTTP_X_CONVOY_VERSION")
        if wanted and wanted not in API_VERSIONS:
            return ApiError(400, message="Invalid API version")
        content_type = call.request.environ.get("CONTENT_TYPE", "")
        if content_type and content_type.partition(";")[0].strip().lower() != "application/json":
            return ApiError(415)
        return None

    def word(self, project: Project, message: Message) -> str:
        return STATUS_OF[message.state]

    def no_such_path(self, call: Call) -> ApiError:
        return ApiError(404, "plain", "404 page not found\n")

    def wrong_method(self, call: Call, allowed: tuple[str, ...]) -> ApiError:
        return ApiError(405, headers={"Allow": ", ".join(allowed)})

    def internal_error(self, call: Call) -> ApiError:
        return ApiError(500)

    def headers(self, call: Call) -> Mapping[str, str]:
        return {"X-Convoy-Version": call.request.environ.get("HTTP_X_CONVOY_VERSION") or API_VERSION}

    def complaints(self, profile: Mapping[str, str]) -> tuple[str, ...]:
        return complaints(profile)


def success(status: int, message: str, data: Any = None) -> Answer:
    """The envelope of every success; data is null where there is none."""
    return Answer(status, {"status": True, "message": message, "data": data})


def malformed(error: Malformed) -> str:
    """What the server says of a body that is not JSON."""
    at = "" if error.position is None else f" (at character {error.position + 1})"
    return f"body contains badly-formed JSON{at}"


def json_object(call: Call) -> dict[str, Any]:
    """The body, which must be a JSON object. Raises ApiError in the server's words."""
    body = call.body
    if body is MISSING:
        raise ApiError(400, message="body must not be empty")
    if not isinstance(body, dict):
        raise ApiError(400, message='body contains incorrect JSON type for field ""')
    return body

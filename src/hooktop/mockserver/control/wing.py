"""How the control API speaks: the same envelope as the APIs it steers have, open on loopback only."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

from hooktop.mockserver.delivery.lifecycle import Refused
from hooktop.mockserver.engine.clock import ClockError, iso
from hooktop.mockserver.engine.desk import Missing
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.engine.registry import Registry
from hooktop.mockserver.engine.scheduler import Runaway
from hooktop.mockserver.http.call import MISSING, Answer, Call
from hooktop.mockserver.http.errors import ApiError
from hooktop.mockserver.http.site import Site
from hooktop.mockserver.http.wing import Wing, bearer_key
from hooktop.openapi.validation import Judge


class ControlWing(Wing):
    """The wing of `/_mock`."""

    name: ClassVar[str] = "mock"

    def __init__(
        self, registry: Registry, site: Site, judge: Judge | None, wings: Mapping[str, Wing]
    ) -> None:
        super().__init__(registry, site, judge)
        self.wings = wings

    def find_project(self, call: Call) -> Project | None:
        """Let the caller in; steering a project is no request of that project, so that none is entered."""
        if not self.site.loopback:
            token = bearer_key(call.request.environ.get("HTTP_AUTHORIZATION"))
            if token is None:
                raise self.missing_key(call)
            if not hmac.compare_digest(token.encode(), (self.site.admin_token or "").encode()):
                raise self.unknown_key(call)
        return None

    def project(self, call: Call) -> Project:
        """The project that the path names. Raises ApiError."""
        try:
            return self.registry.get(call.path["id"])
        except Missing:
            raise ApiError(
                404, "NOT_FOUND", f"no project {call.path['id']!r}; GET /_mock/v1/projects lists them"
            ) from None

    def missing_key(self, call: Call) -> ApiError:
        return ApiError(401, "UNAUTHORIZED", "send the admin token: Authorization: Bearer <token>")

    def unknown_key(self, call: Call) -> ApiError:
        return ApiError(401, "UNAUTHORIZED", "this is not the admin token of the server")

    def refusal(self, error: ApiError, call: Call) -> Answer:
        body: dict[str, Any] = {"code": error.code, "message": error.message}
        if error.details is not None:
            body["details"] = error.details
        envelope = {"error": body, "meta": {"request_id": call.request_id}}
        return Answer(error.status, envelope, error.headers)

    def translate(self, error: Exception, call: Call) -> ApiError | None:
        if isinstance(error, Missing):
            return ApiError(404, "NOT_FOUND", str(error))
        if isinstance(error, Refused):
            return ApiError(409, error.reason.value.upper(), str(error), dict(error.facts))
        if isinstance(error, ClockError):
            return ApiError(409, "CONFLICT", str(error))
        if isinstance(error, Runaway):
            details = {"steps": error.steps, "endpoint_id": error.endpoint_id}
            return ApiError(409, "TOO_MUCH_WORK", str(error), details)
        return None


def data(call: Call, body: Any, status: int = 200, **meta: Any) -> Answer:
    """The success envelope."""
    return Answer(status, {"data": body, "meta": {"request_id": call.request_id, **meta}})


def nothing() -> Answer:
    """204: done, and nothing to tell."""
    return Answer(204, MISSING)


def moment(at: int | None) -> str | None:
    """RFC 3339, or null."""
    return None if at is None else iso(at)

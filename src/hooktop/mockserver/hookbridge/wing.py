"""The wing: how this API's requests are let in and how its refusals look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hooktop.mockserver.delivery.lifecycle import Refused
from hooktop.mockserver.engine.desk import Missing
from hooktop.mockserver.hookbridge import errors, wire
from hooktop.mockserver.hookbridge.dialect import DIALECT
from hooktop.mockserver.hookbridge.profile import complaints
from hooktop.mockserver.hookbridge.routes import RESOURCES
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError
from hooktop.mockserver.http.wing import Wing

if TYPE_CHECKING:
    from hooktop.mockserver.delivery.model import Message
    from hooktop.mockserver.engine.project import Project
    from hooktop.mockserver.engine.registry import Registry
    from hooktop.mockserver.http.site import Site
    from hooktop.openapi.validation import Judge


class HookBridgeWing(Wing):
    """The API of the `api.`, `send.` and `receive.` hosts.

    Requests are checked in the views, in the vendor's order; the document only judges for the journal.
    """

    name = "hookbridge"
    dialect = DIALECT

    def __init__(self, registry: Registry, site: Site, judge: Judge | None) -> None:
        super().__init__(registry, site, judge)
        for resource in RESOURCES:
            resource.add(self)

    def missing_key(self, call: Call) -> ApiError:
        """source: every operation page (401)"""
        return ApiError(*errors.UNAUTHORIZED)

    def unknown_key(self, call: Call) -> ApiError:
        """The vendor tells a missing key from a wrong one in nothing."""
        return ApiError(*errors.UNAUTHORIZED)

    def refusal(self, error: ApiError, call: Call) -> Answer:
        """The error envelope. source: docs/guides/product/error-handling"""
        body: dict[str, object] = {"code": error.code, "message": error.message}
        if error.details is not None:
            body["details"] = error.details
        answer = {"error": body, "meta": {"request_id": call.request_id}}
        return Answer(error.status, answer, headers=error.headers)

    def translate(self, error: Exception, call: Call) -> ApiError | None:
        """What the engine refuses, in the vendor's words."""
        if isinstance(error, Missing):
            profile = call.project.settings.profile if call.project else {}
            return errors.not_found(profile, error.what)
        if isinstance(error, Refused):
            return errors.refusal(error)
        return None

    def find_public_project(self, call: Call) -> Project | None:
        """The project of the inbound endpoint that the webhook is for."""
        project = self.registry.find_endpoint(call.path.get("endpoint_id", ""))
        return project if project is not None and project.api == self.name else None

    def word(self, project: Project, message: Message) -> str:
        """The vendor's status of a message."""
        return wire.word(message.state, project.settings.profile)

    def complaints(self, profile: Mapping[str, str]) -> tuple[str, ...]:
        """Switches that do not exist, values that they do not have."""
        return complaints(profile)

    def no_such_path(self, call: Call) -> ApiError:
        """The vendor's text for an unknown path is not documented: ours."""
        return ApiError(404, "NOT_FOUND", "Resource not found")

    def internal_error(self, call: Call) -> ApiError:
        """The newer pages list a 500 without its code: ours."""
        return ApiError(500, "INTERNAL_ERROR", "Internal server error")

    def shown(self, call: Call) -> tuple[str, str]:
        """The token in a receive address is a credential, and so may be any of its query parameters."""
        path, query = super().shown(call)
        token = call.path.get("secret_token")
        if token is None:
            return path, query
        return path.replace(token, "***"), "&".join(f"{name}=***" for name in call.query)

    def request_id(self, call: Call) -> str:
        """req_... also where no project is known yet."""
        if call.project is None:
            return "req_" + super().request_id(call)[:16]
        return super().request_id(call)

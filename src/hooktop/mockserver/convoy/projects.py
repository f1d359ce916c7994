"""Operations on the project itself, and the server's own health."""

from __future__ import annotations

from hooktop.mockserver.convoy import wire
from hooktop.mockserver.convoy.wing import ConvoyWing, success
from hooktop.mockserver.http.call import Answer, Call


def register(wing: ConvoyWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("GetProject", "GET", "/api/v1/projects/<projectID>")
    def get_project(call: Call) -> Answer:
        # The id in the path is not looked at: a project key opens its own project and no other.
        return success(200, "Project fetched successfully", wire.project(call.tenant))

    @wing.operation("Healthz", "GET", "/healthz", public=True)
    def health(call: Call) -> Answer:
        return success(200, f"Convoy {wire.SERVER_VERSION}")

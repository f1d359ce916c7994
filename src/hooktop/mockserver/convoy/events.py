"""Events: the one way in, for one endpoint."""

from __future__ import annotations

from typing import Any

import msgspec

from hooktop.mockserver.convoy import wire
from hooktop.mockserver.convoy.dialect import create_event
from hooktop.mockserver.convoy.profile import reading
from hooktop.mockserver.convoy.wing import ConvoyWing, json_object, success
from hooktop.mockserver.delivery.model import Endpoint
from hooktop.mockserver.engine.dialect import Arrival
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError


def register(wing: ConvoyWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("CreateEndpointEvent", "POST", "/api/v1/projects/<projectID>/events")
    def create_endpoint_event(call: Call) -> Answer:
        tenant, body = call.tenant, _checked(json_object(call))
        target = _target(call, body)
        event, _ = create_event(
            tenant,
            target,
            Arrival(
                event_type=body["event_type"],
                payload=msgspec.json.encode(body["data"]),
                headers={str(k): str(v) for k, v in (body.get("custom_headers") or {}).items()},
                idempotency_key=body.get("idempotency_key") or None,
            ),
        )
        older = reading(tenant.settings.profile, "server") == "26.7"
        return success(201, "Event queued successfully", None if older else wire.created_event(event))


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    for name in ("endpoint_id", "app_id", "event_type", "idempotency_key"):
        if not isinstance(body.get(name), str | None):
            raise ApiError(400, message=f'body contains incorrect JSON type for field "{name}"')
    if not isinstance(body.get("custom_headers"), dict | None):
        raise ApiError(400, message='body contains incorrect JSON type for field "custom_headers"')
    if body.get("data") is None:
        raise ApiError(400, message="please provide your data")
    if not body.get("event_type"):
        raise ApiError(400, message="please provide an event type")
    return body


def _target(call: Call, body: dict[str, Any]) -> Endpoint:
    id = body.get("endpoint_id") or ""
    if not id and body.get("app_id"):
        raise ApiError(400, message="app ID has no configured endpoints")
    if not id:
        raise ApiError(400, message="please provide an endpoint ID")
    found = call.tenant.store.endpoint(id)
    if found is None or found.deleted_at is not None:
        raise ApiError(400, message="endpoint not found")
    return found

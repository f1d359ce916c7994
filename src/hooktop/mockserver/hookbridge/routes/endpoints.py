"""Outbound endpoints. source: docs/api/operations/{create,list,get,update,delete,pause,resume}endpoint(s)"""

from __future__ import annotations

from hooktop.mockserver.delivery.model import Kind
from hooktop.mockserver.hookbridge import outbound, wire
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.hookbridge.relax import relaxation
from hooktop.mockserver.hookbridge.routes.common import (
    data,
    endpoint_page,
    outbound_endpoint,
    page_meta,
    profile,
)
from hooktop.mockserver.hookbridge.rules import endpoint_fields, json_object
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.wing import Wing


def add(wing: Wing) -> None:
    """Serve the operations of this resource."""
    wing.operation("createEndpoint", "POST", "/v1/endpoints")(create_endpoint)
    wing.operation("listEndpoints", "GET", "/v1/endpoints")(list_endpoints)
    wing.operation("getEndpoint", "GET", "/v1/endpoints/<id>")(get_endpoint)
    wing.operation("updateEndpoint", "PATCH", "/v1/endpoints/<id>")(update_endpoint)
    wing.operation("deleteEndpoint", "DELETE", "/v1/endpoints/<id>")(delete_endpoint)
    wing.operation("pauseEndpoint", "POST", "/v1/endpoints/<id>/pause")(pause_endpoint)
    wing.operation("resumeEndpoint", "POST", "/v1/endpoints/<id>/resume")(resume_endpoint)


def create_endpoint(call: Call) -> Answer:
    """Create an endpoint with its first signing key."""
    project = call.tenant
    fields = endpoint_fields(json_object(call), profile(call), relaxation(project), url_required=True)
    return data(call, wire.created_endpoint(outbound.create(project, fields)), 201)


def list_endpoints(call: Call) -> Answer:
    """A page of endpoints in summary form, newest first."""
    page, cursor = endpoint_page(call, Kind.OUTBOUND)
    return data(call, [wire.endpoint_summary(row) for row in page], **page_meta(call, cursor))


def get_endpoint(call: Call) -> Answer:
    """One endpoint, without its secret."""
    return data(call, wire.endpoint(outbound_endpoint(call)))


def update_endpoint(call: Call) -> Answer:
    """Change what was sent; the rest stays."""
    project = call.tenant
    current = outbound_endpoint(call)
    fields = endpoint_fields(json_object(call), profile(call), relaxation(project), url_required=False)
    changed = outbound.update(project, current.id, fields)
    if reading(profile(call), "update_answer") == "whole":
        return data(call, wire.endpoint(changed))
    return data(call, {"id": changed.id, "updated": True})


def delete_endpoint(call: Call) -> Answer:
    """Delete an endpoint; what was still owed to it becomes failed_permanent."""
    outbound.delete(call.tenant, outbound_endpoint(call).id)
    if reading(profile(call), "delete_answer") == "204":
        return Answer(204)
    return data(call, {"deleted": True})


def pause_endpoint(call: Call) -> Answer:
    """Stop deliveries; sends are still accepted and held."""
    paused = call.tenant.desk.pause(outbound_endpoint(call).id)
    return data(call, {"id": paused.id, "paused": True})


def resume_endpoint(call: Call) -> Answer:
    """Deliver again; what was held goes back into the queue and is counted."""
    active, requeued = call.tenant.desk.resume(outbound_endpoint(call).id)
    return data(call, {"id": active.id, "paused": False, "messages_requeued": requeued})

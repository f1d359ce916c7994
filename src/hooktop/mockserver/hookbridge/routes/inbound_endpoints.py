"""Inbound endpoints.

source: docs/api/operations/createinboundendpoint, getinboundendpoint; python sdk 2.0.0, hb 1.1.0
"""

from __future__ import annotations

from hooktop.mockserver.delivery.lifecycle import Reason, Refused
from hooktop.mockserver.delivery.model import Kind
from hooktop.mockserver.hookbridge import inbound, wire
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.hookbridge.routes.common import (
    base_url,
    data,
    endpoint_page,
    inbound_endpoint,
    page_meta,
    profile,
)
from hooktop.mockserver.hookbridge.rules import json_object
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.wing import Wing


def add(wing: Wing) -> None:
    """Serve the operations of this resource."""
    wing.operation("createInboundEndpoint", "POST", "/v1/inbound-endpoints")(create_inbound_endpoint)
    wing.operation("listInboundEndpoints", "GET", "/v1/inbound-endpoints")(list_inbound_endpoints)
    wing.operation("getInboundEndpoint", "GET", "/v1/inbound-endpoints/<id>")(get_inbound_endpoint)
    wing.operation("pauseInboundEndpoint", "POST", "/v1/inbound-endpoints/<id>/pause")(pause_inbound_endpoint)
    wing.operation("resumeInboundEndpoint", "POST", "/v1/inbound-endpoints/<id>/resume")(
        resume_inbound_endpoint
    )


def create_inbound_endpoint(call: Call) -> Answer:
    """Create an inbound endpoint; its token and its secrets are told here only."""
    made = inbound.create(call.tenant, json_object(call))
    return data(call, wire.created_inbound_endpoint(made, base_url(call)), 201)


def list_inbound_endpoints(call: Call) -> Answer:
    """A page of inbound endpoints, newest first; page sizes are taken to be those of outbound ones."""
    page, cursor = endpoint_page(call, Kind.INBOUND)
    rows = [wire.inbound_endpoint_summary(row, base_url(call), profile(call)) for row in page]
    return data(call, rows, **page_meta(call, cursor))


def get_inbound_endpoint(call: Call) -> Answer:
    """One inbound endpoint."""
    return data(call, wire.inbound_endpoint(inbound_endpoint(call), base_url(call), profile(call)))


def pause_inbound_endpoint(call: Call) -> Answer:
    """Refuse new webhooks at the door; what was accepted goes on."""
    found = inbound_endpoint(call)
    try:
        call.tenant.desk.pause(found.id)
    except Refused as refused:
        if refused.reason is not Reason.ALREADY_PAUSED or _refuses_repeats(call):
            raise
    return data(call, {"id": found.id, "paused": True})


def resume_inbound_endpoint(call: Call) -> Answer:
    """Let webhooks in again; nothing was held, so nothing is requeued."""
    found = inbound_endpoint(call)
    try:
        call.tenant.desk.resume(found.id)
    except Refused as refused:
        if refused.reason is not Reason.NOT_PAUSED or _refuses_repeats(call):
            raise
    return data(call, {"id": found.id, "paused": False})


def _refuses_repeats(call: Call) -> bool:
    return reading(profile(call), "inbound_repeat_pause") == "conflict"

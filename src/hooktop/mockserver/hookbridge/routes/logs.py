"""The logs of both directions. source: docs/api/operations/getlogs, getinboundlogs"""

from __future__ import annotations

from hooktop.mockserver.delivery.model import Kind
from hooktop.mockserver.hookbridge import wire
from hooktop.mockserver.hookbridge.errors import invalid, invalid_endpoint_id
from hooktop.mockserver.hookbridge.fields import query_id
from hooktop.mockserver.hookbridge.ids import is_endpoint_id, is_uuid
from hooktop.mockserver.hookbridge.routes.common import data, destinations, log_meta, message_page, profile
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.wing import Wing


def add(wing: Wing) -> None:
    """Serve the operations of this resource."""
    wing.operation("getLogs", "GET", "/v1/logs")(get_logs)
    wing.operation("getInboundLogs", "GET", "/v1/inbound-logs")(get_inbound_logs)


def get_logs(call: Call) -> Answer:
    """A page of outbound messages, newest first."""
    endpoint_id = query_id(call.argument("endpoint_id"), is_endpoint_id, invalid_endpoint_id())
    page, cursor = message_page(call, Kind.OUTBOUND, endpoint_id)
    urls = destinations(call, page)
    rows = [wire.log_entry(row, urls[row.endpoint_id], profile(call)) for row in page]
    return data(call, rows, **log_meta(cursor))


def get_inbound_logs(call: Call) -> Answer:
    """A page of inbound messages, newest first."""
    refusal = invalid("inbound_endpoint_id must be a valid UUID")
    endpoint_id = query_id(call.argument("inbound_endpoint_id"), is_uuid, refusal)
    page, cursor = message_page(call, Kind.INBOUND, endpoint_id)
    urls = destinations(call, page)
    rows = [wire.inbound_log_entry(row, urls[row.endpoint_id], profile(call)) for row in page]
    return data(call, rows, **log_meta(cursor))

"""The operations of this API, one module per resource. Views translate; rules decide elsewhere."""

from hooktop.mockserver.hookbridge.routes import (
    dead_letters,
    endpoints,
    inbound_endpoints,
    inbound_messages,
    keys,
    logs,
    messages,
    metrics,
    receive,
    send,
)

RESOURCES = (
    send,
    endpoints,
    messages,
    logs,
    dead_letters,
    metrics,
    keys,
    inbound_endpoints,
    inbound_messages,
    receive,
)
"""Modules that each add their operations to the wing with `add`."""

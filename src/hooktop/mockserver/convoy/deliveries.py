"""Event deliveries: list, get, attempts, resend and batch retry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from hooktop.mockserver.convoy import wire
from hooktop.mockserver.convoy.batch import start_batch_retry
from hooktop.mockserver.convoy.ids import instant
from hooktop.mockserver.convoy.profile import reading
from hooktop.mockserver.convoy.queries import Query, first, page, paging, window
from hooktop.mockserver.convoy.wing import ConvoyWing, success
from hooktop.mockserver.delivery.model import Message
from hooktop.mockserver.engine.desk import Missing
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.engine.store import Key, MessageQuery, key_of
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError

NOT_FOUND: Final = "event delivery not found"
LIST_FAILED: Final = "an error occurred while fetching event deliveries"
SHOWN_ATTEMPTS: Final = 10
_LAST_SEQ: Final = 1 << 62

_BASE: Final = "/api/v1/projects/<projectID>/eventdeliveries"
_ONE: Final = f"{_BASE}/<eventDeliveryID>"


def register(wing: ConvoyWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("GetEventDeliveriesPaged", "GET", _BASE)
    def get_event_deliveries(call: Call) -> Answer:
        return success(200, "Event deliveries fetched successfully", _page(call))

    @wing.operation("BatchRetryEventDelivery", "POST", f"{_BASE}/batchretry")
    def batch_retry(call: Call) -> Answer:
        query = filters(call.tenant, call.query, call.now)
        start_batch_retry(call.tenant, query)
        return success(200, "Batch retry processing")

    @wing.operation("GetEventDelivery", "GET", _ONE)
    def get_event_delivery(call: Call) -> Answer:
        found = _delivery(call, 404)
        return success(200, "Event Delivery fetched successfully", _wire(call.tenant, found))

    @wing.operation("GetDeliveryAttempts", "GET", f"{_ONE}/deliveryattempts")
    def get_delivery_attempts(call: Call) -> Answer:
        found = _delivery(call, 400)
        attempts = call.tenant.store.attempts(found.id)[-SHOWN_ATTEMPTS:]
        wired = [wire.attempt(call.tenant, each) for each in attempts]
        return success(200, "Event delivery attempts fetched successfully", wired)

    @wing.operation("ResendEventDelivery", "PUT", f"{_ONE}/resend")
    def resend_event_delivery(call: Call) -> Answer:
        try:
            sent = call.tenant.desk.replay(call.path["eventDeliveryID"])
        except Missing:
            raise ApiError(400, message=NOT_FOUND) from None
        return success(200, "App event processed for retry successfully", _wire(call.tenant, sent))


def _delivery(call: Call, status: int) -> Message:
    found = call.tenant.store.message(call.path["eventDeliveryID"])
    if found is None or found.deleted_at is not None:
        raise ApiError(status, message=NOT_FOUND)
    return found


def _wire(tenant: Project, value: Message) -> dict[str, Any]:
    store = tenant.store
    return wire.delivery(tenant, value, store.endpoint(value.endpoint_id), store.payload(value.id))


# --- list --------------------------------------------------------------------


def filters(tenant: Project, query: Query, now: int) -> MessageQuery | None:
    """What the query string selects; None: nothing at all. Raises ApiError.

    The published name `event_type` is not read by the server, unless the project's profile says so.
    """
    span = window(query, now)
    types = _event_type(tenant, query)
    words = [word for word in query.get("status", ()) if word]
    states = tuple(state for word in words for state in wire.STATES_OF.get(word, ()))
    endpoint_ids = _endpoint_ids(tenant, query)
    _require_known_key(tenant, first(query, "idempotencyKey"))
    if (words and not states) or endpoint_ids == ():
        return None
    return MessageQuery(
        endpoint_ids=endpoint_ids,
        states=states or None,
        since=span.since,
        until=span.until + 1,
        event_id=first(query, "eventId") or None,
        event_type=types or None,
        idempotency_key=first(query, "idempotencyKey") or None,
        deleted=False,
    )


def _event_type(tenant: Project, query: Query) -> str:
    if reading(tenant.settings.profile, "server") == "openapi":
        return first(query, "event_type") or first(query, "eventType")
    return first(query, "eventType")


def _endpoint_ids(tenant: Project, query: Query) -> tuple[str, ...] | None:
    """Endpoints asked for, by id or by their subscription; () when the two exclude each other."""
    asked = tuple(id for id in query.get("endpointId", ()) if id)
    subscription = first(query, "subscriptionId")
    if not subscription:
        return asked or None
    found = tenant.store.thing("subscription", subscription)
    of = (found.lookup,) if found is not None and found.lookup else ()
    return tuple(id for id in of if not asked or id in asked)


def _require_known_key(tenant: Project, key: str) -> None:
    if key and tenant.store.thing("event-key", key) is None:
        raise ApiError(400, message="event not found")


def _page(call: Call) -> dict[str, Any]:
    tenant, asked = call.tenant, paging(call.query, ApiError(500, message=LIST_FAILED))
    selected = filters(tenant, call.query, call.now)

    def fetch(cursor: str, forward: bool, limit: int) -> Sequence[Message]:
        if selected is None:
            return []
        newest_first = asked.newest_first == forward
        after = _key(tenant, cursor, newest_first) if cursor else None
        query = replace(selected, newest_first=newest_first, after=after, inclusive=True, limit=limit)
        return tenant.store.messages(query)

    def has_before(row: Message) -> bool:
        assert selected is not None
        query = replace(selected, newest_first=not asked.newest_first, after=key_of(row), limit=1)
        return bool(tenant.store.messages(query))

    found = page(asked, fetch, has_before, lambda row: row.id)
    return {"content": [_wire(tenant, row) for row in found.rows], "pagination": found.pagination}


def _key(tenant: Project, cursor: str, newest_first: bool) -> Key:
    """Where the cursor's row stands; the time in the id serves for a row that is not there."""
    row = tenant.store.message(cursor)
    if row is not None:
        return key_of(row)
    at = instant(cursor)
    if at is None:
        return (0, 0) if newest_first else (_LAST_SEQ, _LAST_SEQ)
    return (at, _LAST_SEQ) if newest_first else (at, 0)

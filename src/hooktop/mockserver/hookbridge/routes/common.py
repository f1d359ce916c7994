"""What the views of several resources share: the envelope, looking up by id, paging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from hooktop.mockserver.delivery.model import Endpoint, Kind, Message
from hooktop.mockserver.engine.store import EndpointQuery, MessageQuery
from hooktop.mockserver.hookbridge import cursors, wire
from hooktop.mockserver.hookbridge.cursors import BadCursor, Place
from hooktop.mockserver.hookbridge.errors import invalid
from hooktop.mockserver.hookbridge.fields import query_choice, query_instant, query_whole
from hooktop.mockserver.hookbridge.limits import ENDPOINTS_PAGE, LOGS_PAGE, PageSize
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.hookbridge.rules import checked_endpoint_id
from hooktop.mockserver.http.call import Answer, Call


class Row(Protocol):
    """What paging needs of a listed value."""

    @property
    def id(self) -> str: ...
    @property
    def created_at(self) -> int: ...
    @property
    def seq(self) -> int: ...


R = TypeVar("R", bound=Row)


def data(call: Call, body: Any, status: int = 200, **meta: Any) -> Answer:
    """The success envelope."""
    return Answer(status, {"data": body, "meta": {"request_id": call.request_id, **meta}})


def said(call: Call, text: str, body: Any) -> Answer:
    """The success envelope of replay and retry-now, with a sentence before it."""
    return Answer(200, {"message": text, "data": body, "meta": {"request_id": call.request_id}})


def profile(call: Call) -> Mapping[str, str]:
    """The switches that the request's project chose."""
    return call.tenant.settings.profile


def base_url(call: Call) -> str:
    """Where the client reached this server."""
    return call.request.host_url.rstrip("/")


def outbound_endpoint(call: Call) -> Endpoint:
    """The outbound endpoint that the path names."""
    return call.tenant.desk.endpoint(checked_endpoint_id(call.path["id"]), kind=Kind.OUTBOUND)


def inbound_endpoint(call: Call) -> Endpoint:
    """The inbound endpoint that the path names; what is no UUID names none."""
    return call.tenant.desk.endpoint(call.path["id"], kind=Kind.INBOUND)


class Paging:
    """Which page is asked for, and how to cut it out of one row more than it holds."""

    def __init__(self, call: Call, size: PageSize) -> None:
        self.limit = query_whole(call.argument("limit"), "limit", size.minimum, size.maximum, size.default)
        self.place = _place(call.argument("cursor"))

    @property
    def after(self) -> tuple[int, int] | None:
        """Time and sequence number of the last row that the client has."""
        return None if self.place is None else (self.place.ts, self.place.seq)

    def cut(self, rows: Sequence[R]) -> tuple[Sequence[R], str | None]:
        """The page and the cursor of the next one; `rows` were asked for with `limit + 1`."""
        page = rows[: self.limit]
        if len(rows) <= self.limit:
            return page, None
        last = page[-1]
        return page, cursors.encode(Place(id=last.id, ts=last.created_at, seq=last.seq))


def _place(cursor: str | None) -> Place | None:
    if not cursor:
        return None
    try:
        return cursors.decode(cursor)
    except BadCursor as error:
        raise invalid("invalid cursor") from error


def endpoint_page(call: Call, kind: Kind) -> tuple[Sequence[Endpoint], str | None]:
    """A page of endpoints of one kind, newest first, and the cursor of the next one."""
    paging = Paging(call, ENDPOINTS_PAGE)
    query = EndpointQuery(kind=kind, after=paging.after, limit=paging.limit + 1)
    return paging.cut(call.tenant.store.endpoints(query))


def page_meta(call: Call, cursor: str | None) -> dict[str, Any]:
    """Paging fields of an endpoint list: next_cursor is null on the last page."""
    if reading(profile(call), "endpoint_list_has_more") == "absent":
        return {"next_cursor": cursor}
    return {"next_cursor": cursor, "has_more": cursor is not None}


def log_meta(cursor: str | None) -> dict[str, Any]:
    """Paging fields of a log: next_cursor is absent on the last page."""
    return {"has_more": False} if cursor is None else {"next_cursor": cursor, "has_more": True}


def message_page(call: Call, kind: Kind, endpoint_id: str | None) -> tuple[Sequence[Message], str | None]:
    """A page of a message log by its filters, newest first, and the cursor of the next one."""
    status = query_choice(call.argument("status"), "status", wire.STATUSES)
    since = query_instant(call.argument("start_time"), "start_time")
    until = query_instant(call.argument("end_time"), "end_time")
    paging = Paging(call, LOGS_PAGE)
    query = MessageQuery(
        kind=kind,
        endpoint_ids=None if endpoint_id is None else (endpoint_id,),
        states=None if status is None else tuple(sorted(wire.states_of(status, profile(call)))),
        since=since,
        until=until,
        after=paging.after,
        limit=paging.limit + 1,
    )
    return paging.cut(call.tenant.store.messages(query))


def destinations(call: Call, rows: Sequence[Message]) -> dict[str, str]:
    """The URLs of the endpoints of some messages; a deleted endpoint still has its own."""
    store = call.tenant.store
    found = {row.endpoint_id: store.endpoint(row.endpoint_id) for row in rows}
    return {id: endpoint.url if endpoint else "" for id, endpoint in found.items()}

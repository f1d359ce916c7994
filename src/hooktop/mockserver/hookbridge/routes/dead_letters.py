"""Dead letters. source: docs/api/operations/getdlqmessages, replayfromdlq"""

from __future__ import annotations

from hooktop.mockserver.delivery.lifecycle import Reason, Refused
from hooktop.mockserver.delivery.model import Kind, State
from hooktop.mockserver.engine.store import MessageQuery
from hooktop.mockserver.hookbridge import wire
from hooktop.mockserver.hookbridge.limits import DEAD_LETTERS_PAGE
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.hookbridge.routes.common import Paging, data, destinations, log_meta, profile
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.wing import Wing


def add(wing: Wing) -> None:
    """Serve the operations of this resource."""
    wing.operation("getDLQMessages", "GET", "/v1/dlq/messages")(get_dlq_messages)
    wing.operation("replayFromDLQ", "POST", "/v1/dlq/replay/<id>")(replay_from_dlq)


def get_dlq_messages(call: Call) -> Answer:
    """A page of permanently failed outbound messages, newest first; paging stands inside data here."""
    paging = Paging(call, DEAD_LETTERS_PAGE)
    query = MessageQuery(kind=Kind.OUTBOUND, states=(State.DEAD,), after=paging.after, limit=paging.limit + 1)
    page, cursor = paging.cut(call.tenant.store.messages(query))
    urls = destinations(call, page)
    rows = [wire.dead_letter(row, urls[row.endpoint_id], profile(call)) for row in page]
    return data(call, {"messages": rows, **log_meta(cursor)})


def replay_from_dlq(call: Call) -> Answer:
    """Send a dead letter again, however often that was done before."""
    project = call.tenant
    with project.lock:
        found = project.desk.message(call.path["id"], kind=Kind.OUTBOUND)
        if found.state is not State.DEAD:
            raise Refused(Reason.NOT_DEAD)
        done = project.desk.replay(found, from_dead_letters=True)
    return data(call, {"message_id": done.id, "status": reading(profile(call), "dlq_replay_status")})

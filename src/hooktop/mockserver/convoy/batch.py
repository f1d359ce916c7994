"""The batch retry: everything that a filter selects is queued again, in the background, one job at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hooktop.mockserver.convoy.profile import SECOND
from hooktop.mockserver.delivery import lifecycle
from hooktop.mockserver.delivery.lifecycle import Refused
from hooktop.mockserver.delivery.model import Message, State
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.engine.store import MessageQuery, Thing, key_of
from hooktop.mockserver.http.errors import ApiError

PAGE: Final = 10_000
RUNS_MS: Final = SECOND
"""How long a job counts as active, on the project's clock."""
_JOB: Final = "batch-retry"

_REQUEUED: Final = frozenset({State.DEAD, State.DISCARDED})


def start_batch_retry(tenant: Project, query: MessageQuery | None) -> None:
    """Queue what `query` selects, newest first. Raises ApiError while another job is active.

    The state of the endpoint is not looked at: a paused one is delivered to, an inactive one discards again.
    """
    with tenant.lock, tenant.store.transaction():
        now = tenant.now()
        running = tenant.store.thing(_JOB, "active")
        if running is not None and now < running.doc["ends_at"]:
            raise ApiError(400, message="an active batch retry already exists")
        tenant.store.put_thing(Thing(kind=_JOB, id="active", doc={"ends_at": now + RUNS_MS}, created_at=now))
        if query is not None:
            _queue_all(tenant, query, now)
        tenant.touched()


def _queue_all(tenant: Project, query: MessageQuery, now: int) -> None:
    query = replace(query, limit=PAGE)
    while batch := tenant.store.messages(query):
        queued = [again for each in batch if (again := _queued(tenant, each, now)) is not None]
        tenant.store.save_messages(queued)
        query = replace(query, after=key_of(batch[-1]))


def _queued(tenant: Project, message: Message, now: int) -> Message | None:
    """The message on its way again; None when the worker would pass it over."""
    policy = replace(tenant.policy, replayable=_REQUEUED, replay_needs_active=False)
    try:
        if message.state is State.RETRYING:
            return lifecycle.retry_now(message, policy, now)
        if message.state in _REQUEUED:
            return lifecycle.replay(message, tenant.store.endpoint(message.endpoint_id), policy, now)
    except Refused:
        return None
    return None

"""Reading whole lists from a provider, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from hooktop.console.model import Endpoint, EndpointKind, Message, MessageQuery, MessageState
from hooktop.console.providers.base import NotFound, Provider


async def all_endpoints(provider: Provider, kinds: Sequence[EndpointKind] = ()) -> tuple[Endpoint, ...]:
    """Every endpoint of these kinds (of all kinds when none is named)."""
    found: list[Endpoint] = []
    for kind in kinds or provider.kinds:
        cursor: str | None = None
        while True:
            page = await provider.endpoints(kind, cursor)
            found.extend(page.items)
            cursor = page.cursor
            if cursor is None:
                break
    return tuple(found)


async def find_endpoint(provider: Provider, wanted: str, kinds: Sequence[EndpointKind] = ()) -> Endpoint:
    """One endpoint by id or name. Raises ``NotFound``, also when a name is not unique."""
    named = [e for e in await all_endpoints(provider, kinds) if wanted in {e.id, e.name}]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(f"{endpoint.id} ({endpoint.kind.value})" for endpoint in named)
        raise NotFound(f"{len(named)} endpoints are called {wanted!r}: use an id: {ids}")
    raise NotFound(f"no endpoint has the id or name {wanted!r}")


async def messages(
    provider: Provider, query: MessageQuery, limit: int | None = None
) -> AsyncIterator[Message]:
    """The messages a query finds, newest first, each once; states and dates are checked again here."""
    cursor: str | None = None
    seen: set[str] = set()
    page_limit = provider.capabilities(query.kind).page_limit
    while True:
        size = page_limit if limit is None else min(page_limit, limit)
        page = await provider.messages(query, cursor, size)
        for message in page.items:
            if message.id not in seen and _fits(message, query):
                seen.add(message.id)
                yield message
        cursor = page.cursor
        if cursor is None:
            return


def _fits(message: Message, query: MessageQuery) -> bool:
    if query.states and message.state not in query.states:
        return False
    if query.since is not None and message.created_at < query.since:
        return False
    return query.until is None or message.created_at <= query.until


async def of_endpoint(
    provider: Provider,
    endpoint: Endpoint,
    *,
    states: frozenset[MessageState] = frozenset(),
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Message]:
    """Every message of one endpoint that is not deleted."""
    query = MessageQuery(kind=endpoint.kind, endpoint_id=endpoint.id, states=states, since=since, until=until)
    return [message async for message in messages(provider, query) if message.deleted_at is None]

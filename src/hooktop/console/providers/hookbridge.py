"""HookBridge: outbound and inbound endpoints, translated.

source: docs/api; the traps are commented where they bite.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from hooktop.console.model import (
    Attempt,
    Capabilities,
    Endpoint,
    EndpointKind,
    EndpointState,
    ItemResult,
    Message,
    MessageQuery,
    MessageState,
    Page,
    Payload,
    Verb,
)
from hooktop.console.providers import outcome
from hooktop.console.providers.base import AnswerLost, Refused, Unsupported
from hooktop.console.providers.fields import Fields, scrubbed
from hooktop.console.providers.hookbridge_wire import (
    CAPABILITIES,
    ENDPOINT_PAGE,
    FILTERS,
    MESSAGE_PAGE,
    HookBridgeErrors,
    attempt_of,
    body_of,
    common,
    next_cursor,
    short_name,
    wire_time,
)
from hooktop.console.providers.http import Session

__all__ = ["HookBridge", "HookBridgeErrors"]

_ENDPOINTS = {EndpointKind.OUTBOUND: "/v1/endpoints", EndpointKind.INBOUND: "/v1/inbound-endpoints"}
_MESSAGES = {EndpointKind.OUTBOUND: "/v1/messages", EndpointKind.INBOUND: "/v1/inbound-messages"}
_LOGS = {EndpointKind.OUTBOUND: "/v1/logs", EndpointKind.INBOUND: "/v1/inbound-logs"}
_LOG_ENDPOINT = {EndpointKind.OUTBOUND: "endpoint_id", EndpointKind.INBOUND: "inbound_endpoint_id"}


class HookBridge:
    """The provider port for HookBridge."""

    name: str = "HookBridge"
    kinds: tuple[EndpointKind, ...] = (EndpointKind.OUTBOUND, EndpointKind.INBOUND)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._names: dict[str, str] = {}
        self._by_url: dict[str, str] = {}
        """URL -> endpoint id: outbound logs carry the URL only."""

    @property
    def server_time(self) -> datetime | None:
        """The ``Date`` of its last answer."""
        return self._session.server_time

    def capabilities(self, kind: EndpointKind) -> Capabilities:
        """What the verbs mean; a kind it does not have is ``Unsupported``."""
        if kind not in CAPABILITIES:
            raise Unsupported(f"{self.name} has no {kind.value} endpoints here")
        return CAPABILITIES[kind]

    async def check(self) -> str:
        """List the API keys; ours is the one whose prefix fits."""
        reply = await self._session.get("/v1/api-keys")
        for raw in body_of(reply).items("data"):
            key = Fields(raw, "data[]")
            if self._session.key_starts_with(key.text("prefix")):
                return key.text("label") or key.text("prefix")
        return "key accepted"

    async def endpoints(self, kind: EndpointKind, cursor: str | None = None) -> Page:
        """A page of endpoints in summary form (no rate limit, no headers)."""
        self.capabilities(kind)
        params: dict[str, str | int | list[str]] = {"limit": ENDPOINT_PAGE}
        if cursor:
            params["cursor"] = cursor
        body = body_of(await self._session.get(_ENDPOINTS[kind], params))
        items = tuple(self._endpoint(kind, raw) for raw in body.items("data"))
        return Page(items=items, cursor=body.child("meta").text("next_cursor") or None)

    async def endpoint(self, kind: EndpointKind, endpoint_id: str) -> Endpoint:
        """One endpoint in full."""
        self.capabilities(kind)
        reply = await self._session.get(f"{_ENDPOINTS[kind]}/{quote(endpoint_id, safe='')}")
        return self._endpoint(kind, body_of(reply).child("data").raw)

    async def pause(self, endpoint: Endpoint) -> ItemResult:
        """Pause; already paused is what was wanted."""
        return await self._switch(endpoint, "pause", EndpointState.PAUSED, "ALREADY_PAUSED")

    async def resume(self, endpoint: Endpoint) -> ItemResult:
        """Resume; ``count`` is ``messages_requeued``, which outbound endpoints tell."""
        return await self._switch(endpoint, "resume", EndpointState.ACTIVE, "NOT_PAUSED")

    async def set_rate(self, endpoint: Endpoint, per_second: int | None) -> ItemResult:
        """Set ``rate_limit_rps`` and ``burst``; 0 means no limit (source: docs/api/operations/updateendpoint)."""
        if endpoint.kind is not EndpointKind.OUTBOUND:
            raise Unsupported(f"{self.name} has no rate limit for {endpoint.kind.value} endpoints")
        rate = per_second or 0
        path = f"{_ENDPOINTS[endpoint.kind]}/{quote(endpoint.id, safe='')}"

        async def call() -> ItemResult:
            body = {"rate_limit_rps": rate, "burst": rate}
            return outcome.accepted(endpoint.id, await self._session.send("PATCH", path, body=body))

        return await outcome.of(endpoint.id, call)

    async def messages(
        self, query: MessageQuery, cursor: str | None = None, limit: int | None = None
    ) -> Page:
        """A page of the logs; of several states none is sent, the caller filters again."""
        self.capabilities(query.kind)
        params: dict[str, str | int | list[str]] = {"limit": min(limit or MESSAGE_PAGE, MESSAGE_PAGE)}
        if query.endpoint_id:
            params[_LOG_ENDPOINT[query.kind]] = query.endpoint_id
        if len(query.states) == 1 and (word := FILTERS.get(next(iter(query.states)))):
            params["status"] = word
        for name, moment in (("start_time", query.since), ("end_time", query.until)):
            if moment is not None:
                params[name] = wire_time(moment)
        if cursor:
            params["cursor"] = cursor
        body = body_of(await self._session.get(_LOGS[query.kind], params))
        rows = body.items("data")
        await self._learn(query, rows)
        return Page(
            items=tuple(self._row(query, raw) for raw in rows), cursor=next_cursor(body.child("meta"))
        )

    async def message(self, kind: EndpointKind, message_id: str) -> Message:
        """One message with its metadata."""
        self.capabilities(kind)
        reply = await self._session.get(f"{_MESSAGES[kind]}/{quote(message_id, safe='')}")
        raw = body_of(reply).child("data").raw
        owner = raw.get("endpoint_id" if kind is EndpointKind.OUTBOUND else "inbound_endpoint_id")
        if isinstance(owner, str) and owner not in self._names:
            await self._load_names(kind)
            self._names.setdefault(owner, "")
        return self._full(kind, raw)

    async def attempts(self, kind: EndpointKind, message_id: str) -> tuple[Attempt, ...]:
        """Its attempts; an unknown message gives an empty list, so emptiness is checked."""
        self.capabilities(kind)
        reply = await self._session.get(f"{_MESSAGES[kind]}/{quote(message_id, safe='')}/attempts")
        found = [attempt_of(raw) for raw in body_of(reply).items("data")]
        if not found:
            await self.message(kind, message_id)
        return tuple(sorted(found, key=lambda attempt: attempt.number))

    async def payload(self, message: Message) -> Payload:
        """Not in this API."""
        raise Unsupported(self.capabilities(message.kind).unsupported["payload"])

    async def retry_now(self, message: Message) -> ItemResult:
        """Make the waiting retry due; it stays ``pending_retry`` until the scheduler picks it up."""
        result = await self._act(message, Verb.RETRY_NOW, f"{self._path(message)}/retry-now")
        return await outcome.moved_on(self, message, result)

    async def replay(self, message: Message) -> ItemResult:
        """Send again: a dead outbound message by the dead-letter way, which has no replay limit."""
        if message.kind is EndpointKind.OUTBOUND and message.state is MessageState.DEAD:
            path = f"/v1/dlq/replay/{quote(message.id, safe='')}"
        else:
            path = f"{self._path(message)}/replay"
        return await self._act(message, Verb.REPLAY, path)

    async def cancel(self, message: Message) -> ItemResult:
        """Give up the waiting retry; the message becomes a dead letter."""
        return await self._act(message, Verb.CANCEL, f"{self._path(message)}/cancel")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.aclose()

    def _path(self, message: Message) -> str:
        return f"{_MESSAGES[message.kind]}/{quote(message.id, safe='')}"

    async def _act(self, message: Message, verb: Verb, path: str) -> ItemResult:
        reason = self.capabilities(message.kind).unsupported.get(verb)
        if reason:
            raise Unsupported(reason)

        async def call() -> ItemResult:
            return outcome.accepted(message.id, await self._session.send("POST", path))

        return await outcome.of(message.id, call, lambda lost: outcome.settle(self, message, lost))

    async def _switch(self, endpoint: Endpoint, verb: str, wanted: EndpointState, done: str) -> ItemResult:
        path = f"{_ENDPOINTS[endpoint.kind]}/{quote(endpoint.id, safe='')}/{verb}"

        async def call() -> ItemResult:
            try:
                reply = await self._session.send("POST", path)
            except Refused as error:
                if error.code != done:
                    raise
                return outcome.already(endpoint.id, wanted.value, error)
            data = body_of(reply).child("data")
            return outcome.accepted(endpoint.id, reply, count=data.whole("messages_requeued"))

        async def settle(lost: AnswerLost) -> ItemResult:
            return await outcome.settle_endpoint(self, endpoint, wanted, lost)

        return await outcome.of(endpoint.id, call, settle)

    def _endpoint(self, kind: EndpointKind, raw: Any) -> Endpoint:
        fields = Fields(raw, "endpoint")
        url, description = fields.text("url"), fields.text("description")
        paused, active = fields.flag("paused"), "active" not in fields or fields.flag("active")
        state = EndpointState.PAUSED if paused else EndpointState.ACTIVE if active else EndpointState.DISABLED
        endpoint = Endpoint(
            id=fields.needed("id"),
            kind=kind,
            name=fields.text("name")
            or short_name(description)
            or urlsplit(url).hostname
            or fields.needed("id"),
            url=url,
            state=state,
            state_word="paused" if paused else "active" if active else "inactive",
            description=description,
            created_at=fields.time("created_at"),
            rate_limit_rps=fields.whole("rate_limit_rps") or None,
            mode=fields.text("mode"),
            raw=scrubbed(fields.raw),
        )
        self._names[endpoint.id] = endpoint.name
        if kind is EndpointKind.OUTBOUND:
            self._by_url[url] = endpoint.id
        return endpoint

    async def _learn(self, query: MessageQuery, rows: list[Any]) -> None:
        """Read the endpoints once when a row names one that was never seen."""
        inbound = query.kind is EndpointKind.INBOUND
        field, known = ("inbound_endpoint_id", self._names) if inbound else ("endpoint", self._by_url)
        named = {row.get(field) for row in rows if isinstance(row, dict)}
        if query.endpoint_id and not inbound:
            named, known = {query.endpoint_id}, self._names
        if named <= known.keys():
            return
        await self._load_names(query.kind)
        # a deleted endpoint is in no list: remember it as nameless, or every page would ask again
        known.update({str(name): "" for name in named - known.keys()})

    async def _load_names(self, kind: EndpointKind) -> None:
        cursor: str | None = None
        while True:
            page = await self.endpoints(kind, cursor)
            cursor = page.cursor
            if cursor is None:
                return

    def _row(self, query: MessageQuery, raw: Any) -> Message:
        """A row of the logs."""
        row, kind = Fields(raw, "data[]"), query.kind
        url = row.text("endpoint")
        endpoint_id = row.text("inbound_endpoint_id") or query.endpoint_id or self._by_url.get(url, "")
        accepted = "received_at" if kind is EndpointKind.INBOUND else "created_at"
        return Message(
            id=row.needed("message_id"),
            created_at=row.needed_time(accepted),
            endpoint_id=endpoint_id,
            endpoint_name=self._names.get(endpoint_id) or urlsplit(url).hostname or url,
            **common(kind, row),
        )

    def _full(self, kind: EndpointKind, raw: Any) -> Message:
        """A message of its own page."""
        fields = Fields(raw, "data")
        inbound = kind is EndpointKind.INBOUND
        endpoint_id = fields.text("inbound_endpoint_id" if inbound else "endpoint_id")
        return Message(
            id=fields.needed("id"),
            created_at=fields.needed_time("received_at" if inbound else "created_at"),
            endpoint_id=endpoint_id,
            endpoint_name=self._names.get(endpoint_id) or endpoint_id,
            **common(kind, fields),
        )

"""HookBridge: outbound and inbound endpoints, translated.

source: docs/api; the traps are commented where they bite.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
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
    PauseMeaning,
    Payload,
    Verb,
)
from hooktop.console.providers import outcome
from hooktop.console.providers.base import AnswerLost, BadAnswer, Refused, Unsupported
from hooktop.console.providers.fields import Fields, scrubbed
from hooktop.console.providers.http import Fault, Reply, Session

ENDPOINT_PAGE = 100
MESSAGE_PAGE = 500
NAME_MAX = 40
KEY_PREFIX = 11
"""Characters of a key that the API shows."""

STATES = {
    "queued": MessageState.WAITING,
    "delivering": MessageState.SENDING,
    "succeeded": MessageState.DELIVERED,
    "pending_retry": MessageState.RETRYING,
    "failed_permanent": MessageState.DEAD,
    "paused": MessageState.HELD,  # named on the pause page only; in no status enum
}
FILTERS = {state: word for word, state in STATES.items() if word != "paused"}
"""What the logs' ``status`` filter takes: not ``paused``."""

_NO_RETRY = "this provider has no such operation for inbound messages"

CAPABILITIES = {
    EndpointKind.OUTBOUND: Capabilities(
        pause=PauseMeaning.HOLD,
        resume_delay_s=(60.0, 300.0),
        retry_now_delay_s=60.0,
        replay_limit=10,
        bulk_ids_max=100,
        rate_limit=True,
        filter_states=frozenset(FILTERS),
        page_limit=MESSAGE_PAGE,
        unsupported={"payload": "the API does not give the payload of an outbound message"},
    ),
    EndpointKind.INBOUND: Capabilities(
        pause=PauseMeaning.REJECT,
        pause_stops_scheduled=False,
        retry_now=False,
        cancel=False,
        replay_limit=10,
        bulk_ids_max=100,
        filter_states=frozenset(FILTERS),
        page_limit=MESSAGE_PAGE,
        unsupported={
            Verb.RETRY_NOW: _NO_RETRY,
            Verb.CANCEL: _NO_RETRY,
            "payload": "the API does not give it",
        },
    ),
}

_ENDPOINTS = {EndpointKind.OUTBOUND: "/v1/endpoints", EndpointKind.INBOUND: "/v1/inbound-endpoints"}
_MESSAGES = {EndpointKind.OUTBOUND: "/v1/messages", EndpointKind.INBOUND: "/v1/inbound-messages"}
_LOGS = {EndpointKind.OUTBOUND: "/v1/logs", EndpointKind.INBOUND: "/v1/inbound-logs"}
_LOG_ENDPOINT = {EndpointKind.OUTBOUND: "endpoint_id", EndpointKind.INBOUND: "inbound_endpoint_id"}


class HookBridgeErrors:
    """Its error envelope: ``{error: {code, message}, meta: {request_id}}``."""

    def fault(self, status: int, body: Any, headers: Mapping[str, str]) -> Fault | None:
        """Read an error body."""
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            return None
        code, meta = str(error.get("code") or ""), body.get("meta")
        return Fault(
            code=code,
            message=str(error.get("message") or ""),
            request_id=str(meta.get("request_id") or "") if isinstance(meta, dict) else "",
            absent=status == 404 or code == "ENDPOINT_NOT_FOUND",
            refusal=code == "REPLAY_LIMIT_EXCEEDED",  # a fact about one message, not a request to slow down
        )


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
        for raw in _body(reply).items("data"):
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
        body = _body(await self._session.get(_ENDPOINTS[kind], params))
        items = tuple(self._endpoint(kind, raw) for raw in body.items("data"))
        return Page(items=items, cursor=body.child("meta").text("next_cursor") or None)

    async def endpoint(self, kind: EndpointKind, endpoint_id: str) -> Endpoint:
        """One endpoint in full."""
        self.capabilities(kind)
        reply = await self._session.get(f"{_ENDPOINTS[kind]}/{quote(endpoint_id, safe='')}")
        return self._endpoint(kind, _body(reply).child("data").raw)

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
                params[name] = _wire_time(moment)
        if cursor:
            params["cursor"] = cursor
        body = _body(await self._session.get(_LOGS[query.kind], params))
        rows = body.items("data")
        await self._learn(query, rows)
        return Page(items=tuple(self._row(query, raw) for raw in rows), cursor=_next(body.child("meta")))

    async def message(self, kind: EndpointKind, message_id: str) -> Message:
        """One message with its metadata."""
        self.capabilities(kind)
        reply = await self._session.get(f"{_MESSAGES[kind]}/{quote(message_id, safe='')}")
        raw = _body(reply).child("data").raw
        owner = raw.get("endpoint_id" if kind is EndpointKind.OUTBOUND else "inbound_endpoint_id")
        if isinstance(owner, str) and owner not in self._names:
            await self._load_names(kind)
            self._names.setdefault(owner, "")
        return self._full(kind, raw)

    async def attempts(self, kind: EndpointKind, message_id: str) -> tuple[Attempt, ...]:
        """Its attempts; an unknown message gives an empty list, so emptiness is checked."""
        self.capabilities(kind)
        reply = await self._session.get(f"{_MESSAGES[kind]}/{quote(message_id, safe='')}/attempts")
        found = [_attempt(raw) for raw in _body(reply).items("data")]
        if not found:
            await self.message(kind, message_id)
        return tuple(sorted(found, key=lambda attempt: attempt.number))

    async def payload(self, message: Message) -> Payload:
        """Not in this API."""
        raise Unsupported(self.capabilities(message.kind).unsupported["payload"])

    async def retry_now(self, message: Message) -> ItemResult:
        """Make the waiting retry due; it stays ``pending_retry`` until the scheduler picks it up."""
        return await self._act(message, Verb.RETRY_NOW, f"{self._path(message)}/retry-now")

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
            data = _body(reply).child("data")
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
            name=fields.text("name") or _short(description) or urlsplit(url).hostname or fields.needed("id"),
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
            **_common(kind, row),
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
            **_common(kind, fields),
        )


def _common(kind: EndpointKind, fields: Fields) -> dict[str, Any]:
    """What rows and pages have in common; absent fields stay unknown."""
    word = fields.text("status")
    return {
        "kind": kind,
        "state": STATES.get(word, MessageState.UNKNOWN),
        "state_word": word,
        "attempts": fields.whole("attempt_count") or 0,
        "updated_at": fields.time("updated_at"),
        "next_attempt_at": fields.time("next_attempt_at"),
        "delivered_at": fields.time("delivered_at"),
        "payload_expires_at": fields.time("payload_expires_at"),
        "deleted_at": fields.time("deleted_at"),
        "response_status": fields.whole("response_status"),
        "latency_ms": fields.whole("response_latency_ms"),
        "last_error": fields.text("last_error"),
        "idempotency_key": fields.text("idempotency_key"),
        "replays": fields.whole("replay_count"),
        "size_bytes": fields.whole("size_bytes"),
        "content_type": fields.text("content_type"),
        "raw": scrubbed(fields.raw),
    }


def _attempt(raw: Any) -> Attempt:
    fields = Fields(raw, "data[]")
    phases = {"dns_ms": "dns", "tcp_connect_ms": "connect", "tls_handshake_ms": "tls"}
    phases |= {"ttfb_ms": "first byte", "transfer_ms": "transfer"}
    timings = {label: value for name, label in phases.items() if (value := fields.whole(name)) is not None}
    return Attempt(
        id=fields.needed("id"),
        number=fields.whole("attempt_no") or 0,
        at=fields.needed_time("created_at"),
        response_status=fields.whole("response_status"),
        latency_ms=fields.whole("response_latency_ms"),
        error=fields.text("error_text"),
        retry_after_s=fields.whole("retry_after_seconds"),
        retry_ladder=fields.text("retry_type"),
        resolved_ip=fields.text("resolved_ip"),
        request_headers=fields.texts("request_headers"),
        response_headers=fields.texts("response_headers"),
        timings_ms=timings,
        raw=scrubbed(fields.raw),
    )


def _body(reply: Reply) -> Fields:
    return Fields(reply.body, "body")


def _next(meta: Fields) -> str | None:
    """The next cursor; more without a cursor would lose rows in silence."""
    cursor = meta.text("next_cursor") or None
    if cursor is None and meta.flag("has_more"):
        raise BadAnswer("the answer's meta.has_more is true but meta.next_cursor is missing")
    return None if meta.raw.get("has_more") is False else cursor


def _short(description: str) -> str:
    text = description.strip()
    return text if text and len(text) <= NAME_MAX and "\n" not in text else ""


def _wire_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

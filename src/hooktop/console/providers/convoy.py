"""Convoy: endpoints and event deliveries, translated.

Follows the server's code where its OpenAPI differs; the traps are commented where they bite.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from hooktop.console.clock import Clock, utc_now
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
    Result,
    Verb,
)
from hooktop.console.providers import outcome
from hooktop.console.providers.base import AnswerLost, BadAnswer, Refused, Unsupported
from hooktop.console.providers.fields import Fields, scrubbed
from hooktop.console.providers.http import Fault, Reply, Session

ENDPOINT_PAGE = 100
MESSAGE_PAGE = 250
ATTEMPTS_SHOWN = 10
"""The attempts list holds the newest ten."""
DEFAULT_WINDOW = timedelta(days=7)
AHEAD = timedelta(days=1)
ANY_PROJECT = "current"
"""With a project key the id in the path is ignored."""

STATES = {
    "Scheduled": MessageState.WAITING,
    "Processing": MessageState.SENDING,
    "Success": MessageState.DELIVERED,
    "Retry": MessageState.RETRYING,
    "Failure": MessageState.DEAD,
    "Discarded": MessageState.DISCARDED,
}
WORDS = {state: word for word, state in STATES.items()}

ENDPOINT_STATES = {
    "active": EndpointState.ACTIVE,
    "paused": EndpointState.PAUSED,
    "inactive": EndpointState.DISABLED,
}

_CAPABILITIES = Capabilities(
    pause=PauseMeaning.DISCARD,
    pause_is_toggle=True,
    pause_stops_scheduled=False,
    retry_now=False,
    cancel=False,
    replay_while_paused=False,
    replay_retrying=False,
    bodies=True,
    filter_states=frozenset(WORDS),
    filter_many=True,
    codes_in_list=False,
    page_limit=MESSAGE_PAGE,
    unsupported={
        Verb.RETRY_NOW: "this provider cannot bring a waiting retry forward without risking a second send",
        Verb.CANCEL: "this provider cannot give up a waiting retry",
    },
)


class ConvoyErrors:
    """Its error envelope: ``{status: false, message}``, and absence by its words."""

    def fault(self, status: int, body: Any, headers: Mapping[str, str]) -> Fault | None:
        """Read an error body; 400 with "not found" or "failed to find" is a 404."""
        if not isinstance(body, dict) or not isinstance(body.get("message"), str):
            return None
        message = str(body["message"])
        lowered = message.lower()
        absent = status == 404 or (status == 400 and ("not found" in lowered or "failed to find" in lowered))
        return Fault(message=message, request_id=str(headers.get("X-Request-ID", ""))[:100], absent=absent)


class Convoy:
    """The provider port for Convoy."""

    name: str = "Convoy"
    kinds: tuple[EndpointKind, ...] = (EndpointKind.OUTBOUND,)

    def __init__(self, session: Session, project: str = "", *, clock: Clock = utc_now) -> None:
        self._session = session
        self._base = f"/v1/projects/{quote(project or ANY_PROJECT, safe='')}"
        self._clock = clock

    @property
    def server_time(self) -> datetime | None:
        """The ``Date`` of its last answer."""
        return self._session.server_time

    def capabilities(self, kind: EndpointKind) -> Capabilities:
        """What the verbs mean; a kind it does not have is ``Unsupported``."""
        if kind not in self.kinds:
            raise Unsupported(f"{self.name} has no {kind.value} endpoints")
        return _CAPABILITIES

    async def check(self) -> str:
        """Read the project: the key decides which one it is, not the id in the path."""
        return _data(await self._session.get(self._base)).text("name") or "key accepted"

    async def endpoints(self, kind: EndpointKind, cursor: str | None = None) -> Page:
        """A page of endpoints; ``sort`` is never sent, it would empty the first page."""
        self.capabilities(kind)
        reply = await self._session.get(f"{self._base}/endpoints", _paging(ENDPOINT_PAGE, cursor))
        return _page(reply, [_endpoint(raw) for raw in _data(reply).items("content")])

    async def endpoint(self, kind: EndpointKind, endpoint_id: str) -> Endpoint:
        """One endpoint."""
        self.capabilities(kind)
        return _endpoint(_data(await self._session.get(self._endpoint_path(endpoint_id))).raw)

    async def pause(self, endpoint: Endpoint) -> ItemResult:
        """The call is a toggle: read first, and compare its answer with what was wanted."""
        now = await self.endpoint(endpoint.kind, endpoint.id)
        if now.state is EndpointState.PAUSED:
            return ItemResult(id=endpoint.id, result=Result.ACCEPTED, detail="was already paused")

        async def call() -> ItemResult:
            reply = await self._session.send("PUT", f"{self._endpoint_path(endpoint.id)}/pause")
            if _endpoint(_data(reply).raw).state is not EndpointState.PAUSED:
                # somebody paused it between our read and our call: flip it back, once
                reply = await self._session.send("PUT", f"{self._endpoint_path(endpoint.id)}/pause")
            return self._compared(endpoint, EndpointState.PAUSED, reply)

        return await outcome.of(endpoint.id, call, self._settling(endpoint, EndpointState.PAUSED))

    async def resume(self, endpoint: Endpoint) -> ItemResult:
        """Activate, which can only end in active; already active is what was wanted."""

        async def call() -> ItemResult:
            try:
                reply = await self._session.send("POST", f"{self._endpoint_path(endpoint.id)}/activate")
            except Refused as error:
                if "active, does not support activation" not in error.message:
                    raise
                return outcome.already(endpoint.id, "active", error)
            return self._compared(endpoint, EndpointState.ACTIVE, reply)

        return await outcome.of(endpoint.id, call, self._settling(endpoint, EndpointState.ACTIVE))

    async def set_rate(self, endpoint: Endpoint, per_second: int | None) -> ItemResult:
        """Not offered: an update would have to send the endpoint's credentials, which cannot be read."""
        raise Unsupported(
            f"{self.name}: a rate limit cannot be changed without sending the credentials again"
        )

    async def messages(
        self, query: MessageQuery, cursor: str | None = None, limit: int | None = None
    ) -> Page:
        """A page of event deliveries, always with explicit dates: without them it is the last seven days."""
        self.capabilities(query.kind)
        if self.server_time is None:
            await self.check()  # the window is measured on the server's clock, not on ours
        now = self.server_time or self._clock()
        params = _paging(min(limit or MESSAGE_PAGE, MESSAGE_PAGE), cursor)
        params["startDate"] = _wire_time(query.since or now - DEFAULT_WINDOW)
        params["endDate"] = _wire_time(_whole_second_up(query.until) if query.until else now + AHEAD)
        if query.endpoint_id:
            params["endpointId"] = query.endpoint_id
        words = sorted(WORDS[state] for state in query.states if state in WORDS)
        if words and len(words) == len(query.states):
            params["status"] = words
        reply = await self._session.get(f"{self._base}/eventdeliveries", params)
        return _page(reply, [_delivery(raw) for raw in _data(reply).items("content")])

    async def message(self, kind: EndpointKind, message_id: str) -> Message:
        """One delivery."""
        self.capabilities(kind)
        return _delivery(_data(await self._session.get(self._delivery_path(message_id))).raw)

    async def attempts(self, kind: EndpointKind, message_id: str) -> tuple[Attempt, ...]:
        """Its newest ten attempts, numbered from the total."""
        self.capabilities(kind)
        reply = await self._session.get(f"{self._delivery_path(message_id)}/deliveryattempts")
        rows = Fields(reply.body, "body").items("data")
        before = 0
        if len(rows) >= ATTEMPTS_SHOWN:
            before = max(0, (await self.message(kind, message_id)).attempts - len(rows))
        return tuple(_attempt(raw, before + place) for place, raw in enumerate(rows, 1))

    async def payload(self, message: Message) -> Payload:
        """The data of the delivery."""
        fields = _data(await self._session.get(self._delivery_path(message.id)))
        metadata = fields.child("metadata")
        text = metadata.text("raw")
        body = text.encode() if text else msgspec.json.encode(metadata.raw.get("data"))
        return Payload(
            body=body, content_type="application/json", headers=fields.texts("headers"), source="api"
        )

    async def retry_now(self, message: Message) -> ItemResult:
        """Not in this API."""
        raise Unsupported(_CAPABILITIES.unsupported[Verb.RETRY_NOW])

    async def cancel(self, message: Message) -> ItemResult:
        """Not in this API."""
        raise Unsupported(_CAPABILITIES.unsupported[Verb.CANCEL])

    async def replay(self, message: Message) -> ItemResult:
        """Resend what failed or was discarded; force what succeeded."""

        async def call() -> ItemResult:
            if message.state is MessageState.DELIVERED:
                return await self._force(message)
            return outcome.accepted(
                message.id, await self._session.send("PUT", f"{self._delivery_path(message.id)}/resend")
            )

        return await outcome.of(message.id, call, lambda lost: outcome.settle(self, message, lost))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.aclose()

    async def _force(self, message: Message) -> ItemResult:
        """Force a resend; the counts are only in the answer's text: ``N successful, M failed``."""
        path = f"{self._base}/eventdeliveries/forceresend"
        reply = await self._session.send("POST", path, body={"ids": [message.id]})
        text = Fields(reply.body, "body").text("message")
        if not text.startswith("1 successful"):
            raise Refused(f"it was not sent again: {text}", status=reply.status, request_id=reply.request_id)
        return outcome.accepted(message.id, reply)

    def _compared(self, endpoint: Endpoint, wanted: EndpointState, reply: Reply) -> ItemResult:
        now = _endpoint(_data(reply).raw)
        if now.state is wanted:
            return outcome.accepted(endpoint.id, reply)
        return ItemResult(
            id=endpoint.id,
            result=Result.REJECTED,
            code="NOT_AS_WANTED",
            status=reply.status,
            detail=f"the endpoint is {now.state_word} after the call",
            request_id=reply.request_id,
        )

    def _settling(self, endpoint: Endpoint, wanted: EndpointState) -> outcome.Settle:
        async def settle(lost: AnswerLost) -> ItemResult:
            return await outcome.settle_endpoint(self, endpoint, wanted, lost)

        return settle

    def _endpoint_path(self, endpoint_id: str) -> str:
        return f"{self._base}/endpoints/{quote(endpoint_id, safe='')}"

    def _delivery_path(self, message_id: str) -> str:
        return f"{self._base}/eventdeliveries/{quote(message_id, safe='')}"


def _data(reply: Reply) -> Fields:
    return Fields(reply.body, "body").child("data")


def _paging(per_page: int, cursor: str | None) -> dict[str, str | int | list[str]]:
    params: dict[str, str | int | list[str]] = {"perPage": per_page, "direction": "next"}
    if cursor:
        params["next_page_cursor"] = cursor
    return params


def _page(reply: Reply, items: list[Any]) -> Page:
    """The last page has a cursor too: ``has_next_page`` decides."""
    pagination = _data(reply).child("pagination")
    if not pagination.flag("has_next_page"):
        return Page(items=tuple(items), cursor=None)
    cursor = pagination.text("next_page_cursor")
    if not cursor:
        raise BadAnswer("the answer's pagination.has_next_page is true but next_page_cursor is missing")
    return Page(items=tuple(items), cursor=cursor)


def _endpoint(raw: Any) -> Endpoint:
    fields = Fields(raw, "endpoint")
    word, url = fields.text("status"), fields.text("url")
    return Endpoint(
        id=fields.needed("uid"),
        kind=EndpointKind.OUTBOUND,
        name=fields.text("name") or urlsplit(url).hostname or fields.needed("uid"),
        url=url,
        state=ENDPOINT_STATES.get(word, EndpointState.UNKNOWN),
        state_word=word,
        description=fields.text("description"),
        created_at=fields.time("created_at"),
        rate_limit_rps=fields.whole("rate_limit") or None,
        raw=scrubbed(fields.raw),
    )


def _delivery(raw: Any) -> Message:
    fields = Fields(raw, "delivery")
    endpoint, metadata = fields.child("endpoint_metadata"), fields.child("metadata")
    word = fields.text("status")
    state = STATES.get(word, MessageState.UNKNOWN)
    latency = fields.real("latency_seconds")
    # next_send_time starts as the time of creation and means something only while a retry is planned
    due = metadata.time("next_send_time") if state is MessageState.RETRYING else None
    return Message(
        id=fields.needed("uid"),
        kind=EndpointKind.OUTBOUND,
        endpoint_id=fields.text("endpoint_id"),
        endpoint_name=endpoint.text("name") or fields.text("endpoint_id"),
        state=state,
        state_word=word,
        attempts=metadata.whole("num_trials") or 0,
        created_at=fields.needed_time("created_at"),
        updated_at=fields.time("updated_at"),
        next_attempt_at=due,
        delivered_at=fields.time("updated_at") if state is MessageState.DELIVERED else None,
        deleted_at=fields.time("deleted_at"),
        latency_ms=round(latency * 1000) if latency else None,
        last_error=fields.text("description"),
        event_type=fields.text("event_type"),
        event_id=fields.text("event_id"),
        idempotency_key=fields.text("idempotency_key"),
        raw=scrubbed(fields.raw),
    )


def _attempt(raw: Any, number: int) -> Attempt:
    fields = Fields(raw, "data[]")
    asked, answered = fields.time("requested_at"), fields.time("responded_at")
    status = fields.text("http_status").split(" ")[0]
    latency = (answered - asked).total_seconds() * 1000 if asked and answered else None
    return Attempt(
        id=fields.needed("uid"),
        number=number,
        at=asked or fields.needed_time("created_at"),
        response_status=int(status) if status.isascii() and status.isdigit() and status != "0" else None,
        latency_ms=round(latency) if latency is not None else None,
        error=fields.text("error"),
        resolved_ip=fields.text("ip_address"),
        request_headers=fields.texts("request_http_header"),
        response_headers=fields.texts("response_http_header"),
        response_body=fields.text("response_data"),
        raw=scrubbed(fields.raw),
    )


def _wire_time(moment: datetime) -> str:
    """The one form that is accepted: no zone, no fraction."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _whole_second_up(moment: datetime) -> datetime:
    return moment if moment.microsecond == 0 else moment.replace(microsecond=0) + timedelta(seconds=1)

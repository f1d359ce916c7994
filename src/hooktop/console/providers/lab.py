"""The reference server's control API: receivers, ground truth, the clock. For contexts that have a lab behind them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from hooktop.console.model import Payload
from hooktop.console.providers.base import BadAnswer, OnExchange
from hooktop.console.providers.fields import Fields
from hooktop.console.providers.http import Fault, Reply, Session
from hooktop.console.settings import Lab

if TYPE_CHECKING:
    import httpx


class LabErrors:
    """The control API's error envelope: ``{error: {code, message}, meta: {request_id}}``."""

    def fault(self, status: int, body: Any, headers: Mapping[str, str]) -> Fault | None:
        """Read an error body."""
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            return None
        return Fault(
            code=str(error.get("code") or ""), message=str(error.get("message") or ""), absent=status == 404
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A scripted receiver of the reference server."""

    name: str
    host: str
    answers: tuple[Mapping[str, Any], ...]
    deliveries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the reference server really knows of one message."""

    id: str
    state: str
    word: str
    endpoint_id: str
    attempts: int
    answered_2xx: int
    payload: Payload | None
    payload_expires_at: datetime | None
    payload_gone_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabBooks:
    """Ground truth totals of what was accepted in a span of time."""

    accepted: int
    by_state: Mapping[str, int]
    delivered_once: int
    delivered_more: tuple[str, ...]
    """Ids that the receiver took more than once although nobody replayed them."""
    receiver_2xx: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabClock:
    """The project's clock."""

    mode: str
    now: datetime
    speed: float
    """Project seconds per wall second."""


class LabClient:
    """Calls to one project's control API. Raises ``ProviderError``."""

    def __init__(
        self,
        lab: Lab,
        *,
        read_only: bool = False,
        on_exchange: OnExchange | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        key = lab.admin.resolve() if lab.admin is not None else None
        self._session = Session(
            lab.url, key, LabErrors(), read_only=read_only, on_exchange=on_exchange, transport=transport
        )
        self._base = f"/_mock/v1/projects/{quote(lab.project_id, safe='')}"

    async def receivers(self) -> tuple[Receiver, ...]:
        """The scripts."""
        reply = await self._session.get(f"{self._base}/receivers")
        data = reply.body.get("data") if isinstance(reply.body, dict) else None
        rows = data if isinstance(data, list) else Fields(data, "data").items("receivers")
        return tuple(_receiver(raw) for raw in rows)

    async def repair(self, receiver: str) -> None:
        """Let a receiver (name, host, or URL of its endpoint) answer 200 from now on."""
        await self.script(receiver, [{"status": 200}])

    async def script(self, receiver: str, answers: Sequence[Mapping[str, Any]]) -> None:
        """Set what a receiver (name, host or URL) answers; the last answer repeats."""
        name = (urlsplit(receiver).hostname or receiver) if "//" in receiver else receiver
        path = f"{self._base}/receivers/{quote(name, safe='')}"
        await self._session.send("PUT", path, body={"answers": list(answers)})

    async def truth(self, message_id: str) -> Truth:
        """What really became of a message."""
        fields = _data(await self._session.get(f"{self._base}/messages/{quote(message_id, safe='')}"))
        return Truth(
            id=fields.needed("id"),
            state=fields.text("state"),
            word=fields.text("word"),
            endpoint_id=fields.text("endpoint_id"),
            attempts=fields.whole("attempt_count") or 0,
            answered_2xx=fields.whole("answered_2xx") or 0,
            payload=_payload(fields),
            payload_expires_at=fields.time("payload_expires_at"),
            payload_gone_at=fields.time("payload_gone_at"),
        )

    async def payload(self, message_id: str) -> Payload | None:
        """The body of a message, ``None`` when it is gone."""
        return (await self.truth(message_id)).payload

    async def books(
        self, endpoint_id: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> LabBooks:
        """Totals of what was accepted, by endpoint and span."""
        params: dict[str, str | int | list[str]] = {"endpoint_id": endpoint_id} if endpoint_id else {}
        for name, moment in (("since", since), ("until", until)):
            if moment is not None:
                params[name] = (
                    moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
                )
        fields = _data(await self._session.get(f"{self._base}/books", params))
        states = fields.child("by_state")
        return LabBooks(
            accepted=fields.whole("accepted") or 0,
            by_state={name: states.whole(name) or 0 for name in states.raw},
            delivered_once=fields.whole("delivered_once") or 0,
            delivered_more=tuple(str(id_) for id_ in fields.items("delivered_more")),
            receiver_2xx=fields.whole("receiver_2xx") or 0,
        )

    async def clock(self) -> LabClock:
        """The project's clock."""
        fields = _data(await self._session.get(f"{self._base}/clock"))
        return LabClock(
            mode=fields.text("mode"), now=fields.needed_time("now"), speed=fields.real("speed") or 1.0
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.aclose()


def _data(reply: Reply) -> Fields:
    return Fields(reply.body, "body").child("data")


def _receiver(raw: Any) -> Receiver:
    fields = Fields(raw, "receiver")
    answers = tuple(answer for answer in fields.items("answers") if isinstance(answer, dict))
    return Receiver(
        name=fields.needed("name"),
        host=fields.text("host"),
        answers=answers,
        deliveries=fields.whole("deliveries") or 0,
    )


def _payload(fields: Fields) -> Payload | None:
    if "payload" not in fields:
        return None
    text = fields.text("payload")
    try:
        body = (
            base64.b64decode(text, validate=True)
            if fields.text("payload_encoding") == "base64"
            else text.encode()
        )
    except binascii.Error:
        raise BadAnswer("the answer's data.payload is not base64") from None
    return Payload(
        body=body, content_type=fields.text("content_type"), headers=fields.texts("headers"), source="lab"
    )

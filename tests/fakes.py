"""An in-memory webhook platform for tests of the console: a small world, honest verbs, faults on demand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

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
)
from hooktop.console.providers.base import NotFound, ProviderError, Unsupported

NOW = datetime(2026, 11, 20, 3, 14, 7, tzinfo=UTC)
PAGE = 500


@dataclass
class FakeWorld:
    """What the platform knows."""

    now: datetime = NOW
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    payloads: dict[str, bytes] = field(default_factory=dict)

    def add_endpoint(
        self, slug: str, kind: EndpointKind = EndpointKind.OUTBOUND, **changes: object
    ) -> Endpoint:
        values: dict[str, object] = {
            "id": f"ep_{slug}",
            "kind": kind,
            "name": slug,
            "url": f"https://{slug}.receiver.example/hooks",
            "state": EndpointState.ACTIVE,
            "state_word": "active",
            "created_at": self.now - timedelta(days=40),
        }
        endpoint = Endpoint(**{**values, **changes})  # type: ignore[arg-type]
        self.endpoints[endpoint.id] = endpoint
        return endpoint

    def add_message(
        self, endpoint: Endpoint, age_s: float, state: MessageState, **changes: object
    ) -> Message:
        created = self.now - timedelta(seconds=age_s)
        values: dict[str, object] = {
            "id": f"msg_{len(self.messages):08d}",
            "kind": endpoint.kind,
            "endpoint_id": endpoint.id,
            "endpoint_name": endpoint.name,
            "state": state,
            "state_word": WORDS.get(state, state.value),
            "attempts": 1,
            "created_at": created,
            "updated_at": created,
            "event_type": "order.paid",
            "content_type": "application/json",
            "size_bytes": 512,
        }
        message = Message(**{**values, **changes})  # type: ignore[arg-type]
        self.messages[message.id] = message
        return message


WORDS = {
    MessageState.WAITING: "queued",
    MessageState.DELIVERED: "succeeded",
    MessageState.RETRYING: "pending_retry",
    MessageState.DEAD: "failed_permanent",
    MessageState.HELD: "paused",
}


class FakeProvider:
    """The platform's API in memory. ``fail`` makes every call raise; ``gate`` makes every call wait."""

    name = "Fakebridge"
    kinds = (EndpointKind.OUTBOUND, EndpointKind.INBOUND)

    def __init__(self, world: FakeWorld | None = None) -> None:
        self.world = world or FakeWorld()
        self.fail: ProviderError | None = None
        self.refuse: Callable[[str, str], ItemResult | None] = lambda _verb, _id: None
        self.gate: asyncio.Event | None = None
        self.calls: list[tuple[str, str]] = []
        self.answered = False
        self.bodies = True

    @property
    def server_time(self) -> datetime | None:
        return self.world.now if self.answered else None

    def capabilities(self, kind: EndpointKind) -> Capabilities:
        hold = kind is EndpointKind.OUTBOUND
        return Capabilities(
            pause=PauseMeaning.HOLD if hold else PauseMeaning.REJECT,
            resume_delay_s=(60.0, 300.0) if hold else (0.0, 0.0),
            retry_now=hold,
            retry_now_delay_s=60.0,
            cancel=hold,
            replay_limit=10,
            bodies=self.bodies,
            unsupported={}
            if hold
            else {"retry-now": "inbound messages have no retry-now", "cancel": "no cancel"},
        )

    async def _call(self, what: str, about: str = "") -> None:
        self.calls.append((what, about))
        if self.gate is not None:
            await self.gate.wait()
        if self.fail is not None:
            raise self.fail
        self.answered = True

    async def check(self) -> str:
        await self._call("check")
        return "shop"

    async def endpoints(self, kind: EndpointKind, cursor: str | None = None) -> Page:
        await self._call("endpoints", kind.value)
        return Page(items=tuple(e for e in self.world.endpoints.values() if e.kind is kind), cursor=None)

    async def endpoint(self, kind: EndpointKind, endpoint_id: str) -> Endpoint:
        await self._call("endpoint", endpoint_id)
        if endpoint_id not in self.world.endpoints:
            raise NotFound("endpoint not found", status=404, code="NOT_FOUND")
        return self.world.endpoints[endpoint_id]

    async def messages(
        self, query: MessageQuery, cursor: str | None = None, limit: int | None = None
    ) -> Page:
        await self._call("messages", query.kind.value)
        wanted = [m for m in self.world.messages.values() if _matches(m, query)]
        wanted.sort(key=lambda m: (m.created_at, m.id), reverse=True)
        start = int(cursor or 0)
        end = start + min(limit or PAGE, PAGE)
        return Page(items=tuple(wanted[start:end]), cursor=str(end) if end < len(wanted) else None)

    async def message(self, kind: EndpointKind, message_id: str) -> Message:
        await self._call("message", message_id)
        return self._known(message_id)

    def _known(self, message_id: str) -> Message:
        if message_id not in self.world.messages:
            raise NotFound("message not found", status=404, code="NOT_FOUND")
        return self.world.messages[message_id]

    async def attempts(self, kind: EndpointKind, message_id: str) -> tuple[Attempt, ...]:
        await self._call("attempts", message_id)
        message = self._known(message_id)
        return tuple(_attempt(message, number) for number in range(1, message.attempts + 1))

    async def payload(self, message: Message) -> Payload:
        await self._call("payload", message.id)
        if not self.bodies:
            raise Unsupported("this API does not give payloads")
        body = self.world.payloads.get(message.id, b'{"type":"order.paid","amount":4200,"customer":"acme"}')
        return Payload(
            body=body, content_type=message.content_type, headers={"x-event": "order.paid"}, source="api"
        )

    async def pause(self, endpoint: Endpoint) -> ItemResult:
        return await self._switch("pause", endpoint, EndpointState.PAUSED, "paused")

    async def resume(self, endpoint: Endpoint) -> ItemResult:
        return await self._switch("resume", endpoint, EndpointState.ACTIVE, "active")

    async def _switch(self, verb: str, endpoint: Endpoint, state: EndpointState, word: str) -> ItemResult:
        await self._call(verb, endpoint.id)
        if refused := self.refuse(verb, endpoint.id):
            return refused
        self.world.endpoints[endpoint.id] = replace(endpoint, state=state, state_word=word)
        return ItemResult(id=endpoint.id, result=Result.ACCEPTED, request_id="req_1", count=3)

    async def retry_now(self, message: Message) -> ItemResult:
        return await self._change("retry-now", message, MessageState.RETRYING)

    async def replay(self, message: Message) -> ItemResult:
        return await self._change("replay", message, MessageState.DELIVERED)

    async def cancel(self, message: Message) -> ItemResult:
        return await self._change("cancel", message, MessageState.CANCELLED)

    async def _change(self, verb: str, message: Message, state: MessageState) -> ItemResult:
        await self._call(verb, message.id)
        if refused := self.refuse(verb, message.id):
            return refused
        self.world.messages[message.id] = replace(
            self._known(message.id), state=state, state_word=WORDS.get(state, "")
        )
        return ItemResult(id=message.id, result=Result.ACCEPTED, request_id="req_2")

    async def aclose(self) -> None:
        return None


def _matches(message: Message, query: MessageQuery) -> bool:
    return (
        message.kind is query.kind
        and query.endpoint_id in {None, message.endpoint_id}
        and (not query.states or message.state in query.states)
        and (query.since is None or message.created_at >= query.since)
        and (query.until is None or message.created_at < query.until)
    )


def _attempt(message: Message, number: int) -> Attempt:
    last = number == message.attempts
    status = message.response_status if last else 503
    return Attempt(
        id=f"att_{message.id}_{number}",
        number=number,
        at=message.created_at + timedelta(minutes=30 * (number - 1)),
        response_status=status,
        latency_ms=1200 + number,
        error="" if status else message.last_error,
        retry_ladder="slow",
        retry_after_s=None if last else 1800,
        resolved_ip="203.0.113.7",
        request_headers={"content-type": "application/json", "webhook-id": message.id},
        response_headers={"content-type": "text/plain", "server": "nginx"},
        response_body="upstream connect error",
        timings_ms={"dns": 2, "connect": 11, "tls": 24, "first byte": 1100, "transfer": 3},
    )


def outage_world(count: int = 600, seed: int = 7) -> FakeWorld:
    """Twelve endpoints and an outage like the demo's, in ``count`` messages over a day."""
    world, chance = FakeWorld(), random.Random(seed)
    healthy = [world.add_endpoint(n) for n in ("orders", "invoices-us", "notifications", "search-index")]
    inbound = [world.add_endpoint(n, EndpointKind.INBOUND) for n in ("stripe-in", "github-in", "shopify-in")]
    billing, crm = world.add_endpoint("billing-eu"), world.add_endpoint("crm-sync")
    paused = {"state": EndpointState.PAUSED, "state_word": "paused"}
    warehouse = world.add_endpoint("warehouse", **paused)
    ledger, analytics = world.add_endpoint("ledger"), world.add_endpoint("analytics")
    for number in range(count):
        age, kind = chance.uniform(5, 86_400), number % 10
        if kind == 0:
            _add_failing(world, billing, chance.uniform(5, 2400), 503, "upstream connect error")
        elif kind == 1:
            _add_failing(world, crm, chance.uniform(5, 3000), 429, "rate limited")
        elif kind == 2:
            world.add_message(warehouse, chance.uniform(60, 18_000), MessageState.HELD, attempts=0)
        elif kind == 3:
            _add_dead(world, ledger, age)
        elif kind == 4:
            _add_expiring(world, analytics, chance.uniform(60, 7000))
        else:
            _add_delivered(world, chance.choice([*healthy, *inbound]), age, chance.randint(20, 300))
    return world


def _add_failing(world: FakeWorld, endpoint: Endpoint, age: float, status: int, error: str) -> None:
    world.add_message(
        endpoint,
        age,
        MessageState.RETRYING,
        attempts=2,
        response_status=status,
        latency_ms=1210 if status == 503 else 88,
        last_error=error,
        next_attempt_at=world.now + timedelta(seconds=30 + age % 1700),
    )


def _add_dead(world: FakeWorld, endpoint: Endpoint, age: float) -> None:
    error = "invalid signature"
    world.add_message(
        endpoint,
        age,
        MessageState.DEAD,
        response_status=401,
        latency_ms=61,
        last_error=error,
        size_bytes=1400,
    )


def _add_expiring(world: FakeWorld, endpoint: Endpoint, age: float) -> None:
    world.add_message(
        endpoint,
        age,
        MessageState.RETRYING,
        attempts=3,
        last_error="timeout after 30 s",
        latency_ms=30_000,
        next_attempt_at=world.now + timedelta(hours=2),
        payload_expires_at=world.now + timedelta(seconds=7200 - age),
    )


def _add_delivered(world: FakeWorld, endpoint: Endpoint, age: float, latency: int) -> None:
    world.add_message(
        endpoint,
        age,
        MessageState.DELIVERED,
        response_status=200,
        latency_ms=latency,
        delivered_at=world.now - timedelta(seconds=age - 1),
        event_type="user.updated",
    )

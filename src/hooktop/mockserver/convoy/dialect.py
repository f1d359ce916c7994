"""What the engine must know to deliver as this provider does."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hooktop.mockserver.convoy import signing
from hooktop.mockserver.convoy.ids import ulid
from hooktop.mockserver.convoy.profile import policy
from hooktop.mockserver.delivery.model import Endpoint, Event, Kind, Message
from hooktop.mockserver.delivery.policy import Policy
from hooktop.mockserver.engine.dialect import Arrival, EndpointDraft, PlainDoors
from hooktop.mockserver.engine.store import Thing

if TYPE_CHECKING:
    from hooktop.mockserver.engine.chance import Chance
    from hooktop.mockserver.engine.project import Project, Settings

KEPT_FOR_EVER: Final = -1
"""Nothing of a delivery is ever swept: retention is the operator's business on a self-hosted server."""
USER_AGENT: Final = "Convoy/26.6.6"
SECRET_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class ConvoyDialect(PlainDoors):
    """The one instance is DIALECT."""

    name = "convoy"

    def policy(self, settings: Settings) -> Policy:
        """Retry timing by the project's strategy; pause discards."""
        return policy(settings.profile)

    def new_id(self, what: str, kind: Kind | None, chance: Chance, now: int) -> str:
        """A ULID; requests have the 20 letters of the server's own request ids."""
        digits = chance.hex(20, what)
        return digits if what == "request" else ulid(now, digits)

    def api_key(self, chance: Chance) -> str:
        """`CO.<16>.<64>`. source: the server's key format"""
        return f"CO.{_letters(chance, 'key-mask', 16)}.{_letters(chance, 'key', 64)}"

    def secret_value(self, chance: Chance) -> str:
        """25 random letters."""
        return _letters(chance, "secret", 25)

    def sign(self, endpoint: Endpoint, message: Message, payload: bytes, now: int) -> dict[str, str]:
        """Headers of one delivery."""
        if endpoint.config.get("advanced_signatures", True):
            signature = signing.advanced(endpoint.secrets, payload, now // 1000)
        else:
            signature = signing.simple(endpoint.secrets, payload)
        headers = {
            "Content-Type": message.content_type,
            "Accept-Encoding": "gzip",
            "User-Agent": USER_AGENT,
            signing.HEADER: signature,
            **message.headers,
            **_credentials(endpoint.config.get("authentication")),
        }
        if message.idempotency_key:
            headers["X-Convoy-Idempotency-Key"] = message.idempotency_key
        return headers

    def verify(self, endpoint: Endpoint, headers: Mapping[str, str], payload: bytes) -> str:
        """What the receiver's own check of the signature gives."""
        given = next((value for name, value in headers.items() if name.lower() == signing.HEADER.lower()), "")
        if not given:
            return "unsigned"
        return "valid" if signing.matches(endpoint.secrets, given, payload) else "invalid"

    def install(self, project: Project, draft: EndpointDraft) -> Endpoint:
        """Create the endpoint as drafted; this provider knows only one kind, with a name."""
        return project.desk.create_endpoint(
            kind=Kind.OUTBOUND,
            url=draft.url,
            name=draft.name,
            description=draft.description,
            rate_per_s=draft.rate_per_s,
            burst=draft.burst,
            config={"advanced_signatures": True, **draft.config},
        )

    def produce(self, project: Project, endpoint: Endpoint, arrival: Arrival) -> Message | None:
        """Take in an event for one endpoint; its delivery follows from it."""
        return create_event(project, endpoint, arrival)[1]


def create_event(project: Project, endpoint: Endpoint, arrival: Arrival) -> tuple[Event, Message | None]:
    """Store an event and the delivery that the endpoint's subscription makes of it.

    An event whose idempotency key is known already is kept as a duplicate and delivered to nobody.
    """
    store, desk = project.store, project.desk
    payload = signing.compact(arrival.payload)
    key = arrival.idempotency_key or None
    with project.lock, store.transaction():
        duplicate = key is not None and store.thing("event-key", key) is not None
        event = desk.create_event(
            type=arrival.event_type,
            payload=payload,
            headers=arrival.headers,
            idempotency_key=key,
            status="Processing" if duplicate else "Success",
            config={"endpoint_ids": [endpoint.id], "is_duplicate_event": duplicate},
        )
        if duplicate:
            return event, None
        if key is not None:
            store.put_thing(
                Thing(kind="event-key", id=key, doc={"event_id": event.id}, created_at=event.created_at)
            )
        message, _ = desk.accept(
            endpoint,
            payload,
            headers=arrival.headers,
            idempotency_key=key,
            event_type=arrival.event_type,
            retention_ms=KEPT_FOR_EVER,
            event_id=event.id,
            config={"subscription_id": subscription_of(project, endpoint)},
            content_type=endpoint.config.get("content_type", "application/json"),
        )
    return event, message


def subscription_of(project: Project, endpoint: Endpoint) -> str:
    """The id of the endpoint's subscription; a catch-all one is made with the first event."""
    known = project.store.thing_by("subscription", endpoint.id)
    if known is not None:
        return known.id
    now = project.now()
    made = Thing(
        kind="subscription",
        id=DIALECT.new_id("subscription", None, project.chance, now),
        lookup=endpoint.id,
        doc={"name": f"{endpoint.name}-subscription", "event_types": ["*"]},
        created_at=now,
        seq=project.store.next_seq(),
    )
    project.store.put_thing(made)
    return made.id


def _credentials(given: Mapping[str, Any] | None) -> dict[str, str]:
    """The header by which the endpoint itself authenticates its caller."""
    if not given:
        return {}
    if given.get("type") == "api_key" and isinstance(given.get("api_key"), Mapping):
        return {str(given["api_key"].get("header_name")): str(given["api_key"].get("header_value"))}
    if given.get("type") == "basic_auth" and isinstance(given.get("basic_auth"), Mapping):
        pair = f"{given['basic_auth'].get('username', '')}:{given['basic_auth'].get('password', '')}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {}


def _letters(chance: Chance, purpose: str, count: int) -> str:
    number = int(chance.hex(count * 2, purpose), 16)
    letters = ""
    for _ in range(count):
        number, rest = divmod(number, len(SECRET_LETTERS))
        letters += SECRET_LETTERS[rest]
    return letters


DIALECT: Final = ConvoyDialect()

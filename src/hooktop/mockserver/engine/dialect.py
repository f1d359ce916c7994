"""What the engine asks of a provider's dialect: names, policy, signatures and the provider's own doors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hooktop.mockserver.delivery.lifecycle import Refused
from hooktop.mockserver.delivery.model import Endpoint, Kind, Message
from hooktop.mockserver.delivery.policy import Policy

if TYPE_CHECKING:
    from hooktop.mockserver.engine.chance import Chance
    from hooktop.mockserver.engine.project import Project, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDraft:
    """An endpoint as a scenario asks for it, before the provider has made it its own."""

    name: str
    kind: Kind
    url: str
    description: str = ""
    rate_per_s: int | None = None
    burst: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One webhook as its producer hands it in."""

    event_type: str
    payload: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    idempotency_key: str | None = None
    retention_ms: int | None = None


class Dialect(Protocol):
    """One provider. A wing builds one instance, which every project of that provider shares."""

    name: str

    def policy(self, settings: Settings) -> Policy:
        """How deliveries behave in a project with these settings."""
        ...

    def new_id(self, what: str, kind: Kind | None, chance: Chance, now: int) -> str:
        """A new identifier. `what`: endpoint, message, attempt, event, secret, key, request, project, ..."""
        ...

    def api_key(self, chance: Chance) -> str:
        """The secret that a client of a new project presents."""
        ...

    def secret_value(self, chance: Chance) -> str:
        """A new signing secret."""
        ...

    def sign(self, endpoint: Endpoint, message: Message, payload: bytes, now: int) -> dict[str, str]:
        """Headers of a delivery, signature included, over exactly the bytes of `payload`."""
        ...

    def verify(self, endpoint: Endpoint, headers: Mapping[str, str], payload: bytes) -> str:
        """What a receiver that knows the endpoint's secrets finds: "valid", "invalid" or "unsigned"."""
        ...

    def install(self, project: Project, draft: EndpointDraft) -> Endpoint:
        """Create an endpoint with all that the provider's own API would add to it."""
        ...

    def produce(self, project: Project, endpoint: Endpoint, arrival: Arrival) -> Message | None:
        """Take in one webhook by the provider's own door; None when the door refuses it."""
        ...

    def created(self, project: Project) -> None:
        """Called once with each new project, for instance to keep its first key."""
        ...


class PlainDoors:
    """The doors of a provider that adds nothing to what the engine does; a dialect may inherit them."""

    def install(self, project: Project, draft: EndpointDraft) -> Endpoint:
        """Create the endpoint as drafted."""
        return project.desk.create_endpoint(
            kind=draft.kind,
            url=draft.url,
            name=draft.name,
            description=draft.description or draft.name,
            rate_per_s=draft.rate_per_s,
            burst=draft.burst,
            config=draft.config,
        )

    def produce(self, project: Project, endpoint: Endpoint, arrival: Arrival) -> Message | None:
        """Accept the webhook; one that is refused at the door leaves nothing behind."""
        try:
            message, _ = project.desk.accept(
                endpoint.id,
                arrival.payload,
                headers=arrival.headers,
                idempotency_key=arrival.idempotency_key,
                event_type=arrival.event_type,
                retention_ms=arrival.retention_ms,
                content_type=arrival.content_type,
            )
        except Refused:
            return None
        return message

    def created(self, project: Project) -> None:
        """Nothing to add to a new project."""

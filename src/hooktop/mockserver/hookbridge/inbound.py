"""Making inbound endpoints and letting webhooks in: the same way for the API and for a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hooktop.mockserver.delivery.lifecycle import Reason, Refused
from hooktop.mockserver.delivery.model import Endpoint, Kind
from hooktop.mockserver.hookbridge import destinations
from hooktop.mockserver.hookbridge.ids import letters
from hooktop.mockserver.hookbridge.inbound_rules import inbound_order
from hooktop.mockserver.hookbridge.limits import MINUTE
from hooktop.mockserver.hookbridge.profile import reading
from hooktop.mockserver.hookbridge.relax import relaxation
from hooktop.mockserver.hookbridge.verification import idempotency_key

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project

SECRET_TOKEN_LENGTH: Final = 32
"""source: hb command line 1.1.0 (readme: "32-character secret in the path")"""

NOT_FORWARDED: Final = frozenset(
    {
        "host",
        "content-length",
        "content-type",
        "connection",
        "transfer-encoding",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "upgrade",
        "accept-encoding",
    }
)
"""Headers that belong to one connection; the content type is kept in a field of its own."""


def create(project: Project, body: Mapping[str, Any]) -> Endpoint:
    """Check `body` as the API does and make the endpoint. Raises ApiError."""
    order = inbound_order(body, project.settings.profile, relaxation(project))
    once = bool(order.url) and reading(project.settings.profile, "inbound_duplicate_url") == "refused"
    with project.lock, project.store.transaction():
        if once:
            destinations.refuse_taken(project, Kind.INBOUND, order.url)
        config = {
            **order.config,
            "secret_token": letters("secret token", project.chance, SECRET_TOKEN_LENGTH),
        }
        if config["ttl_minutes"]:
            config["expires_at"] = project.now() + config["ttl_minutes"] * MINUTE
        made = project.desk.create_endpoint(
            kind=Kind.INBOUND,
            url=order.url,
            name=order.name,
            description=order.description,
            secrets=None if order.is_signed else (),
            config=config,
        )
        if once:
            destinations.take(project, made)
    return made


def accept(
    project: Project,
    endpoint: Endpoint,
    body: bytes,
    headers: Mapping[str, str],
    content_type: str,
) -> str:
    """The id of the message, new or already here. Raises Refused while the endpoint is paused.

    An idempotency key that comes again is a duplicate even with another body. In cli mode nothing is
    pushed: the message waits for its listener. source: docs/guides/inbound/idempotency
    """
    config = endpoint.config
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        message, _ = project.desk.accept(
            endpoint.id,
            body,
            headers={name: value for name, value in headers.items() if name.lower() not in NOT_FORWARDED},
            idempotency_key=idempotency_key(config["idempotency_header_names"], lower) or None,
            content_type=content_type,
            pushed=config["mode"] == "forward",
        )
    except Refused as refused:
        if refused.reason is not Reason.IDEMPOTENCY_MISMATCH:
            raise
        return str(refused.facts["message_id"])
    return message.id

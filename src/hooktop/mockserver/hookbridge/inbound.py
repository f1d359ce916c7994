"""Making an inbound endpoint: the same way for the API and for a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hooktop.mockserver.delivery.model import Endpoint, Kind
from hooktop.mockserver.hookbridge.ids import letters
from hooktop.mockserver.hookbridge.inbound_rules import inbound_order
from hooktop.mockserver.hookbridge.limits import MINUTE
from hooktop.mockserver.hookbridge.relax import relaxation

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project

SECRET_TOKEN_LENGTH = 32
"""source: hb command line 1.1.0 (readme: "32-character secret in the path")"""


def create(project: Project, body: Mapping[str, Any]) -> Endpoint:
    """Check `body` as the API does and make the endpoint. Raises ApiError."""
    order = inbound_order(body, project.settings.profile, relaxation(project))
    with project.lock:
        config = {
            **order.config,
            "secret_token": letters("secret token", project.chance, SECRET_TOKEN_LENGTH),
        }
        if config["ttl_minutes"]:
            config["expires_at"] = project.now() + config["ttl_minutes"] * MINUTE
        return project.desk.create_endpoint(
            kind=Kind.INBOUND,
            url=order.url,
            name=order.name,
            description=order.description,
            secrets=None if order.is_signed else (),
            config=config,
        )

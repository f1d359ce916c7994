"""Which URLs are taken: one URL belongs to one endpoint of a direction and a project.

source: docs/guides/product/error-handling (DUPLICATE_URL)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hooktop.mockserver.delivery.model import Endpoint, Kind
from hooktop.mockserver.engine.store import Thing
from hooktop.mockserver.hookbridge.errors import duplicate_url

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project

_THINGS: Final = {Kind.OUTBOUND: "outbound destination", Kind.INBOUND: "inbound destination"}
"""The store's things of these kinds have a URL as their id."""


def refuse_taken(project: Project, kind: Kind, url: str) -> None:
    """Raise the vendor's refusal when another endpoint has this URL."""
    if project.store.thing(_THINGS[kind], url) is not None:
        raise duplicate_url()


def take(project: Project, endpoint: Endpoint) -> None:
    """Note that the endpoint's URL is its own now."""
    project.store.put_thing(
        Thing(
            kind=_THINGS[endpoint.kind],
            id=endpoint.url,
            doc={"endpoint_id": endpoint.id},
            created_at=endpoint.created_at,
            seq=project.store.next_seq(),
        )
    )


def free(project: Project, endpoint: Endpoint) -> None:
    """Give the endpoint's URL back."""
    project.store.drop_thing(_THINGS[endpoint.kind], endpoint.url)

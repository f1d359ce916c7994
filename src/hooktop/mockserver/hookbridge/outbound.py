"""Making and changing outbound endpoints: one URL belongs to one endpoint of a project.

source: docs/guides/product/error-handling (DUPLICATE_URL)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hooktop.mockserver.delivery.model import Endpoint, Kind
from hooktop.mockserver.engine.store import Thing
from hooktop.mockserver.hookbridge.errors import duplicate_url

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project

_TAKEN: Final = "destination"
"""Things of this kind say which URLs are taken; their id is the URL."""


def create(project: Project, fields: Mapping[str, Any]) -> Endpoint:
    """Make an endpoint from checked fields. Raises ApiError when its URL is taken."""
    with project.lock, project.store.transaction():
        _refuse_taken(project, fields["url"])
        made = project.desk.create_endpoint(kind=Kind.OUTBOUND, **fields)
        _take(project, made)
    return made


def update(project: Project, endpoint: Endpoint, fields: Mapping[str, Any]) -> Endpoint:
    """Change checked fields. Raises ApiError when the new URL is taken."""
    if not fields:
        return endpoint
    with project.lock, project.store.transaction():
        moved = "url" in fields and fields["url"] != endpoint.url
        if moved:
            _refuse_taken(project, fields["url"])
            project.store.drop_thing(_TAKEN, endpoint.url)
        changed = project.desk.update_endpoint(endpoint.id, **fields)
        if moved:
            _take(project, changed)
    return changed


def delete(project: Project, endpoint: Endpoint) -> None:
    """Delete an endpoint; its URL is free again."""
    with project.lock, project.store.transaction():
        project.desk.delete_endpoint(endpoint.id)
        project.store.drop_thing(_TAKEN, endpoint.url)


def _refuse_taken(project: Project, url: str) -> None:
    if project.store.thing(_TAKEN, url) is not None:
        raise duplicate_url()


def _take(project: Project, endpoint: Endpoint) -> None:
    project.store.put_thing(
        Thing(
            kind=_TAKEN,
            id=endpoint.url,
            doc={"endpoint_id": endpoint.id},
            created_at=endpoint.created_at,
            seq=project.store.next_seq(),
        )
    )

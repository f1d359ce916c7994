"""Making, changing and deleting outbound endpoints, each with its URL, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hooktop.mockserver.delivery.model import Endpoint, Kind
from hooktop.mockserver.hookbridge import destinations

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project


def create(project: Project, fields: Mapping[str, Any]) -> Endpoint:
    """Make an endpoint from checked fields. Raises ApiError when its URL is taken."""
    with project.lock, project.store.transaction():
        destinations.refuse_taken(project, Kind.OUTBOUND, fields["url"])
        made = project.desk.create_endpoint(kind=Kind.OUTBOUND, **fields)
        destinations.take(project, made)
    return made


def update(project: Project, endpoint_id: str, fields: Mapping[str, Any]) -> Endpoint:
    """Change checked fields. Raises ApiError when the new URL is taken, Missing when the endpoint is gone."""
    with project.lock, project.store.transaction():
        current = project.desk.endpoint(endpoint_id)
        if not fields:
            return current
        moves = fields.get("url", current.url) != current.url
        if moves:
            destinations.refuse_taken(project, Kind.OUTBOUND, fields["url"])
            destinations.free(project, current)
        changed = project.desk.update_endpoint(endpoint_id, **fields)
        if moves:
            destinations.take(project, changed)
    return changed


def delete(project: Project, endpoint_id: str) -> None:
    """Delete an endpoint; its URL is free again. Raises Missing."""
    with project.lock, project.store.transaction():
        gone = project.desk.delete_endpoint(endpoint_id)
        destinations.free(project, gone)

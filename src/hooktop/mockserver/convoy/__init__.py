"""The Convoy wing: all that only this provider says.

source: the server's code (v26.7), its OpenAPI document, and docs/product-manual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hooktop.mockserver.convoy import deliveries, endpoints, events, projects
from hooktop.mockserver.convoy.dialect import DIALECT
from hooktop.mockserver.convoy.wing import ConvoyWing

if TYPE_CHECKING:
    from hooktop.mockserver.engine.registry import Registry
    from hooktop.mockserver.http.site import Site
    from hooktop.openapi.validation import Judge

__all__ = ["DIALECT", "wing"]


def wing(registry: Registry, site: Site, judge: Judge | None) -> ConvoyWing:
    """The wing with all its operations."""
    made = ConvoyWing(registry, site, judge)
    for area in (projects, endpoints, events, deliveries):
        area.register(made)
    return made

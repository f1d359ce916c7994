"""The control API, `/_mock`: steers projects, their clocks, receivers and faults, and tells what really happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hooktop.mockserver.control import clock, faults, health, journal, projects, receivers, state, truth
from hooktop.mockserver.control.wing import ControlWing

if TYPE_CHECKING:
    from hooktop.mockserver.engine.registry import Registry
    from hooktop.mockserver.http.site import Site
    from hooktop.mockserver.http.wing import Wing
    from hooktop.openapi.validation import Judge

__all__ = ["wing"]


def wing(registry: Registry, site: Site, judge: Judge | None, wings: Mapping[str, Wing]) -> ControlWing:
    """The wing with all its operations; `wings` are those that projects can be made for."""
    made = ControlWing(registry, site, judge, wings)
    for area in (health, projects, clock, receivers, faults, journal, state, truth):
        area.register(made)
    return made

"""HookBridge: all that only this provider says. Rules, wire forms and routes over the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hooktop.mockserver.hookbridge.dialect import DIALECT
from hooktop.mockserver.hookbridge.profile import PROFILE
from hooktop.mockserver.hookbridge.wing import HookBridgeWing

if TYPE_CHECKING:
    from hooktop.mockserver.engine.registry import Registry
    from hooktop.mockserver.http.site import Site
    from hooktop.openapi.validation import Judge

__all__ = ["DIALECT", "PROFILE", "wing"]


def wing(registry: Registry, site: Site, judge: Judge | None) -> HookBridgeWing:
    """The wing with all its operations; `judge` None: nothing is judged by the document."""
    return HookBridgeWing(registry, site, judge)

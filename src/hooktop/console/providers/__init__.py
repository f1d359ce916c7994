"""Providers: the port in ``base``, one HTTP session in ``http``, one thin module for each platform.

``connect`` gives the provider of a context, ``open_lab`` its reference server where it has one; both take the key from
where the context says and never from anywhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hooktop.console.providers.base import OnExchange, Provider
from hooktop.console.settings import Context, SettingsError

if TYPE_CHECKING:
    import httpx

    from hooktop.console.providers.lab import LabClient

__all__ = ["connect", "open_lab"]


def connect(
    context: Context,
    on_exchange: OnExchange | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Provider:
    """The provider of a context; nothing is sent yet. Raises ``SettingsError`` when there is no key."""
    from hooktop.console.providers import convoy, hookbridge, http

    errors: http.Dialect
    if context.provider == "hookbridge":
        errors = hookbridge.HookBridgeErrors()
    elif context.provider == "convoy":
        errors = convoy.ConvoyErrors()
    else:
        raise SettingsError(f"context {context.name}: {context.provider!r} is no provider that is known here")
    session = http.Session(
        context.url,
        context.key.resolve(),
        errors,
        read_only=context.is_read_only,
        on_exchange=on_exchange,
        transport=transport,
    )
    if context.provider == "hookbridge":
        return hookbridge.HookBridge(session)
    return convoy.Convoy(session, context.project)


def open_lab(
    context: Context,
    on_exchange: OnExchange | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> LabClient | None:
    """The reference server behind a context, ``None`` for a platform that is not one."""
    if context.lab is None:
        return None
    from hooktop.console.providers.lab import LabClient

    return LabClient(
        context.lab, read_only=context.is_read_only, on_exchange=on_exchange, transport=transport
    )

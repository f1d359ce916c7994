"""What a project's way of delivering allows as destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hooktop.mockserver.hookbridge.urls import Relaxation

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project

STRICT: Final = Relaxation()


def relaxation(project: Project) -> Relaxation:
    """Strict where deliveries are simulated; where they go out, loopback, plain http and named hosts too."""
    if project.settings.deliver != "http":
        return STRICT
    hosts = project.settings.config.get("allow_hosts", ())
    return Relaxation(plain_http=True, loopback=True, hosts=frozenset(host.lower() for host in hosts))

"""A registry with the small dialect, and projects on virtual clocks."""

from __future__ import annotations

import pytest

from hooktop.mockserver.engine.clock import VirtualClock
from hooktop.mockserver.engine.registry import Registry
from unit.engine.dialect import PlainDialect

START = 1_767_225_600_000


@pytest.fixture
def registry():
    registry = Registry({"plain": PlainDialect()}, seed=1, make_clock=lambda: VirtualClock(START))
    yield registry
    registry.close()


@pytest.fixture
def project(registry):
    return registry.create("plain", seed=7)


@pytest.fixture
def scheduler(registry):
    return registry.scheduler

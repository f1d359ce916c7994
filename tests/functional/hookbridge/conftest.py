"""The wing in a bare Flask application, and projects on it whose clocks stand still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from functional.hookbridge.driver import JUDGE, Bridge
from hooktop.mockserver import hookbridge
from hooktop.mockserver.engine.clock import VirtualClock
from hooktop.mockserver.engine.registry import Registry
from hooktop.mockserver.http.site import Site

NewBridge = Callable[..., Bridge]


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    made = Registry({"hookbridge": hookbridge.DIALECT})
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(registry: Registry) -> Flask:
    made = Flask(__name__)
    made.register_blueprint(hookbridge.wing(registry, Site(), JUDGE).blueprint)
    return made


@pytest.fixture
def new_bridge(app: Flask, registry: Registry) -> Iterator[NewBridge]:
    """Make a project: `new_bridge(profile={"zero_rate": "refused"})`; its journal must find no bad answer."""
    made: list[Bridge] = []

    def make(*, judged: bool = True, **chosen: Any) -> Bridge:
        project = registry.create("hookbridge", clock=VirtualClock(), **chosen)
        bridge = Bridge(app.test_client(), project, registry.scheduler.advance, judged=judged)
        made.append(bridge)
        return bridge

    yield make
    for bridge in made:
        registry.drop(bridge.project.id)


@pytest.fixture
def bridge(new_bridge: NewBridge) -> Bridge:
    return new_bridge()


@pytest.fixture
def other(new_bridge: NewBridge) -> Bridge:
    """A second project beside `bridge`."""
    return new_bridge(seed=99)

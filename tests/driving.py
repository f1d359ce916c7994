"""Drives the console in this process: a small world, real keys, and the text of the screen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import textual._wait
from textual.pilot import Pilot

from fakes import FakeProvider, FakeWorld, outage_world
from hooktop.console import providers
from hooktop.console.app import HooktopApp
from hooktop.console.screens.base import ConsoleScreen
from hooktop.console.screens.desk import Ports
from hooktop.console.settings import Context, KeySource, Lab, Secret, Settings, Thresholds

# After every key Textual's pilot watches the process for 20 ms, three times over, to see whether it rests.
textual._wait.SLEEP_GRANULARITY, textual._wait.SLEEP_IDLE = 0.002, 0.0005

UNHURRIED = Thresholds(rate_per_s=0)
"""Bulk actions without a rate, so that no test waits for one."""

PATIENCE_S = 10.0
"""How long a condition may take to come true."""


@dataclass
class Console:
    """A running console with verbs for tests."""

    app: HooktopApp
    pilot: Pilot[None]
    provider: Any
    """The fake platform, or ``None`` on the real server."""

    @property
    def world(self) -> FakeWorld:
        world: FakeWorld = self.provider.world
        return world

    @property
    def place(self) -> ConsoleScreen:
        place = self.app.place
        assert place is not None
        return place

    @property
    def text(self) -> str:
        """What stands on the topmost screen."""
        return "\n".join(strip.text.rstrip() for strip in self.app.screen._compositor.render_strips())

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def type(self, text: str) -> None:
        names = {
            " ": "space",
            ":": "colon",
            "-": "minus",
            "*": "asterisk",
            ">": "greater_than_sign",
            '"': "quotation_mark",
        }
        await self.press(*(names.get(char, char) for char in text))

    async def until(self, done: Callable[[], Any]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if done():
                return
            await self.pilot.pause(0.005)
        raise AssertionError(f"it never happened; the screen is:\n{self.text}")

    async def sees(self, *wanted: str) -> None:
        """Wait until every text stands on the screen."""
        await self.until(lambda: all(part in self.text for part in wanted))

    async def look_again(self) -> None:
        """Let the console ask the platform once more."""
        before = len(self.provider.calls)
        self.app.desk.refresh_now()
        await self.until(lambda: len(self.provider.calls) > before)
        await self.settle()

    async def settle(self) -> None:
        """Let the round that is under way end, and draw what it brought."""
        calls = -1
        while calls != len(self.provider.calls):
            calls = len(self.provider.calls)
            await self.pilot.pause(0.02)
        self.app.draw_now()
        await self.pilot.pause()

    @property
    def changes(self) -> list[tuple[str, str]]:
        """Calls that changed something."""
        reads = {"check", "endpoints", "endpoint", "messages", "message", "attempts", "payload"}
        return [call for call in self.provider.calls if call[0] not in reads]


def make_context(name: str = "demo", **chosen: Any) -> Context:
    values: dict[str, Any] = {
        "provider": "hookbridge",
        "url": "http://127.0.0.1:4100",
        "budget_per_minute": 6000,
    }
    return Context(name=name, key=KeySource(memory=Secret("s3cret-key-value")), **{**values, **chosen})


@asynccontextmanager
async def running(
    provider: FakeProvider | None = None,
    *,
    size: tuple[int, int] = (120, 40),
    context: Context | None = None,
    others: tuple[Context, ...] = (),
    loaded: bool = True,
    thresholds: Thresholds = UNHURRIED,
) -> AsyncIterator[Console]:
    """A console on a fake platform, with its first page read."""
    provider = provider or FakeProvider(outage_world())
    context = context or make_context()
    settings = Settings(contexts=(context, *others), current=context.name, thresholds=thresholds)
    ports = Ports(connect=lambda _context, _on_exchange: provider, open_lab=lambda _context: None)
    app = HooktopApp(settings, ports=ports)
    async with app.run_test(size=size) as pilot:
        console = Console(app, pilot, provider)
        if loaded:
            await console.until(lambda: app.desk.session.watch.complete and app.desk.session.failures)
            await console.settle()
        yield console


@asynccontextmanager
async def on_server(
    project: Any, *, size: tuple[int, int] = (120, 40), coached: bool = False, **chosen: Any
) -> AsyncIterator[Console]:
    """A console on a project of the real server; ``chosen`` changes its context."""
    values: dict[str, Any] = {
        "provider": project.api,
        "url": project.facts["base_url"],
        "key": KeySource(memory=Secret(project.api_key)),
        "lab": Lab(url=project.url, project_id=project.id),
        "budget_per_minute": 6000,
        "name": "shop",
    }
    context = Context(**{**values, **chosen})
    settings = Settings(contexts=(context,), current=context.name, thresholds=UNHURRIED)
    ports = Ports(connect=providers.connect, open_lab=providers.open_lab, coached=coached)
    app = HooktopApp(settings, ports=ports)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Console(app, pilot, None)

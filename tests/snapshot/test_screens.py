"""How the main screens look, at the two sizes that matter; the clock stands still and the world is seeded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen

from driving import make_context
from fakes import FakeProvider, outage_world
from hooktop.console.app import HooktopApp
from hooktop.console.operations.connection import ConnectionMonitor
from hooktop.console.screens.desk import Ports
from hooktop.console.settings import Safety, Settings, Thresholds

SCREENS = {
    "triage": (),
    "endpoints": ("2",),
    "messages": ("3",),
    "message": ("3", "enter"),
    "contexts": ("7",),
    "ask": ("P",),
    "plan": ("3", "space", "space", "space", "Y"),
    "help": ("question_mark",),
}


def frozen_app(**chosen: Any) -> HooktopApp:
    """The console on the outage world with all clocks stopped."""
    provider = FakeProvider(outage_world())
    context = make_context(**chosen)
    other = make_context("prod-eu", safety=Safety.PRODUCTION, url="https://api.hooks.example")
    ports = Ports(connect=lambda _context, _on_exchange: provider, open_lab=lambda _context: None)
    settings = Settings(contexts=(context, other), current=context.name, thresholds=Thresholds(rate_per_s=20))
    app = HooktopApp(settings, ports=ports)
    app.desk.session.monitor = app.desk.session.watch.connection = ConnectionMonitor(monotonic=lambda: 0.0)
    return app


def press(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def before(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, HooktopApp)
        for _ in range(200):
            await pilot.pause(0.02)
            if app.desk.session.watch.complete and app.desk.session.failures:
                break
        app.draw_now()
        await pilot.press(*keys)
        await at_rest(app, pilot, dialog=keys[-1:] in {("P",), ("Y",), ("question_mark",)})

    return before


async def at_rest(app: HooktopApp, pilot: Pilot[None], *, dialog: bool) -> None:
    """Until the dialog that the keys ask for is open and nothing has changed for a while, however slow the machine."""
    last, same = "", 0
    for _ in range(400):
        await pilot.pause(0.03)
        shown = app.export_screenshot()
        same = same + 1 if shown == last else 0
        last = shown
        if same >= 10 and (isinstance(app.screen, ModalScreen) or not dialog):
            return
    raise AssertionError("the screen never came to rest")


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["120x40", "80x24"])
def test_screen(snap_compare: Any, name: str, size: tuple[int, int]) -> None:
    assert snap_compare(frozen_app(), terminal_size=size, run_before=press(*SCREENS[name]))


def test_production_is_unmistakable(snap_compare: Any) -> None:
    app = frozen_app(name="prod-eu", safety=Safety.PRODUCTION)
    assert snap_compare(app, terminal_size=(120, 40), run_before=press())

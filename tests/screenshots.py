"""Draws the pictures of the README: ``python -m tests.screenshots docs/images``.

The console runs on the reference server with the scenario ``outage``; the server's clock is virtual and the seed fixed,
so that the same pictures come out again until the console or the scenario changes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from hooktop.console import providers
from hooktop.console.app import HooktopApp
from hooktop.console.cli.demo import contexts_of
from hooktop.console.screens.desk import Ports
from hooktop.mockserver.app import Server, start
from hooktop.mockserver.settings import ClockSetting
from hooktop.mockserver.settings import Settings as ServerSettings

NIGHT = "2026-11-20T03:14:07Z"
PATIENCE = 600
SIZE = (120, 40)


class Camera:
    """A running console, and a folder for its pictures."""

    def __init__(self, app: HooktopApp, pilot: Pilot[None], folder: Path) -> None:
        self.app = app
        self.pilot = pilot
        self.folder = folder
        self.host = app.desk.session.context.host

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    async def until(self, done: Callable[[], object]) -> None:
        """Wait for something."""
        for _ in range(PATIENCE):
            if done():
                return
            await self.pilot.pause(0.05)
        raise TimeoutError(f"it never happened:\n{self.text}")

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause(0.3)

    async def take(self, name: str) -> None:
        """Draw one picture."""
        await self.pilot.pause(0.5)
        path = self.folder / f"{name}.svg"
        drawn = self.app.export_screenshot(title="hooktop")
        # The free port differs from run to run, and with it the whole picture.
        path.write_text(drawn.replace(self.host, "127.0.0.1:4100 "[: len(self.host)]), encoding="utf-8")
        print(path)


def keys(text: str) -> list[str]:
    """The keys that type a text."""
    names = {":": "colon", " ": "space", "-": "minus", ">": "greater_than_sign", "=": "equals_sign"}
    return [names.get(char, char) for char in text]


async def take_all(server: Server, folder: Path) -> None:
    """Walk through the console and take its pictures."""
    ports = Ports(connect=providers.connect, open_lab=providers.open_lab, coached=True)
    app = HooktopApp(contexts_of(server.facts()), ports=ports)
    async with app.run_test(size=SIZE, notifications=False) as pilot:
        camera = Camera(app, pilot, folder)
        session = app.desk.session
        await camera.until(lambda: session.watch.complete and session.failures)
        await camera.take("triage")
        await camera.press("P")
        await camera.take("pause")
        await camera.press("enter")
        await camera.until(
            lambda: session.endpoints.paused() and app.desk.jobs and not app.desk.jobs[0].running
        )
        await camera.press("escape", "escape", "3")
        await camera.take("messages")
        await camera.press("slash", *keys("endpoint:billing-eu attempts:>=2"), "enter", "enter")
        await camera.until(lambda: "TRY" in camera.text and "reading" not in camera.text)
        await camera.take("message")
        await camera.press("escape", "escape", "slash", *keys("status:dead"), "enter", "asterisk", "Y")
        await camera.until(lambda: "PLAN" in camera.text)
        await camera.take("plan")
        await camera.press("escape", "escape", "escape", "5", "b")
        await camera.until(lambda: "adding up" not in camera.text)
        await camera.take("books")


def main() -> int:
    """Start the server, take the pictures, stop it."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    server = start(
        ServerSettings(port=0, scenario="outage", seed=7, clock=ClockSetting(mode="virtual", now=NIGHT))
    )
    try:
        asyncio.run(take_all(server, folder))
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Nothing is configured yet: the demo is one key away, and without a terminal a sentence says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hooktop.console.screens.welcome import WelcomeApp


@pytest.mark.parametrize(("key", "wanted"), [("enter", True), ("q", False), ("escape", False)])
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_enter_plays_the_demo_and_q_leaves(key: str, wanted: bool, size: tuple[int, int]) -> None:
    app = WelcomeApp()
    async with app.run_test(size=size) as pilot:
        text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "play the demo" in text
        assert "hooktop context add NAME --provider ... --url ... --key-env ..." in text
        await pilot.press(key)
    assert app.return_value is wanted


def test_without_a_terminal_it_says_what_to_do_and_exits_with_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hooktop"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "HOOKTOP_CONFIG": str(tmp_path / "none.yaml")},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "hooktop context add" in done.stderr
    assert "hooktop demo --headless" in done.stderr
    assert not done.stdout

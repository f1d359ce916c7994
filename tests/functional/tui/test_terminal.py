"""What the console leaves in the terminal: colours that can be read, a clipboard, and no data when it crashes."""

from __future__ import annotations

import base64
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.worker import WorkerFailed

from driving import make_context, running
from hooktop.console.screens import crash
from hooktop.console.widgets import look
from hooktop.console.widgets.clipboard import sequence
from hooktop.console.widgets.text import ago, at, milliseconds, plural, size, span, sparkline, until

NOW = datetime(2026, 11, 20, 3, 14, 7, tzinfo=UTC)


@pytest.mark.parametrize("background", [look.BACKGROUND, look.PANEL, look.RAISED])
@pytest.mark.parametrize(
    "colour",
    [
        look.TEXT,
        look.BRIGHT,
        look.MUTED,
        look.BAD,
        look.WARN,
        look.GOOD,
        look.BUSY,
        look.HELD,
        *look.ACCENTS.values(),
    ],
)
def test_every_colour_can_be_read_on_every_ground(colour: str, background: str) -> None:
    assert look.contrast(colour, background) >= 4.5


def test_every_state_has_a_glyph_and_a_word_of_its_own() -> None:
    for words in (look.MESSAGE_WORDS, look.ENDPOINT_WORDS, look.CONNECTION_WORDS):
        assert len({word.word for word in words.values()}) == len(words)
        assert all(word.glyph.strip() for word in words.values())


def test_the_clipboard_goes_through_multiplexers() -> None:
    code = base64.b64encode("héllo".encode()).decode()
    assert sequence("héllo", {}) == f"\x1b]52;c;{code}\a"
    assert sequence("héllo", {"TMUX": "/tmp/x"}) == f"\x1bPtmux;\x1b\x1b]52;c;{code}\a\x1b\\"
    in_screen = sequence("x" * 3000, {"TERM": "screen.xterm", "STY": "1"})
    assert in_screen.count("\x1bP") == in_screen.count("\x1b\\") > 1


def _fail(secret: str) -> None:
    raise ValueError(f"cannot use {secret}")


def test_a_crash_file_has_places_but_no_data(tmp_path: Path) -> None:
    secret = "hb_live_0123456789abcdefghij"
    with pytest.raises(ValueError, match="cannot use") as caught:
        _fail(secret)
    path = crash.write(caught.value, tmp_path / "crashes", NOW)
    assert path is not None
    text = path.read_text()
    assert "ValueError: cannot use ‹redacted›" in text
    assert "test_terminal.py" in text
    assert secret not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_crash_file_that_cannot_be_written_is_not_a_second_crash(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert crash.write(ValueError("x"), blocked / "folder", NOW) is None


async def _crash_while_running(secret: str) -> None:
    async def work() -> None:
        _fail(secret)

    async with running() as console:
        console.app.run_worker(work())
        await console.until(lambda: not console.app.is_running)


async def test_an_unexpected_error_ends_with_one_line_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOOKTOP_STATE", str(tmp_path))
    secret = "hb_live_0123456789abcdefghij"
    with pytest.raises(WorkerFailed):
        await _crash_while_running(secret)
    (written,) = (tmp_path / "crashes").glob("crash-*.txt")
    assert "cannot use ‹redacted›" in written.read_text()
    told = capsys.readouterr()
    assert secret not in told.out + told.err + written.read_text()


async def test_the_key_is_nowhere_on_any_screen() -> None:
    async with running(context=make_context()) as console:
        for place in "1234567":
            await console.press(place)
            await console.pilot.pause(0.05)
            assert "s3cret-key-value" not in console.text


async def test_without_colours_everything_is_still_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running() as console:
        assert console.app.no_color
        await console.sees("● LIVE", "~ failing", "‖ paused", "✗ dead", "▌")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (span(8), "8s"),
        (span(293), "4m53s"),
        (span(7500), "2h05m"),
        (span(273_600), "3d04h"),
        (ago(NOW, NOW), "now"),
        (ago(None, NOW), "–"),
        (until(NOW, NOW), "due"),
        (at(NOW, NOW), "03:14:07"),
        (at(NOW.replace(day=1), NOW), "01 Nov 03:14"),
        (milliseconds(84), "84ms"),
        (milliseconds(1234), "1.2s"),
        (milliseconds(30_000), "30s"),
        (size(912), "912 B"),
        (size(8_000_000), "8.0 MB"),
        (plural(1, "message"), "1 message"),
        (plural(1284, "message"), "1,284 messages"),
        (sparkline([0, 1, 8], 4), "··▁█"),
        (sparkline([0, 0], 3), "···"),
    ],
)
def test_values_are_said_shortly(shown: str, expected: str) -> None:
    assert shown == expected

"""The payload viewer: honest about what it shows, quick with big bodies, searchable."""

from __future__ import annotations

import json
import time

import pytest
from textual.app import App, ComposeResult

from hooktop.console.app import HooktopApp
from hooktop.console.widgets import look
from hooktop.console.widgets.document import open_document
from hooktop.console.widgets.viewer import Viewer


class ViewerApp(App[None]):
    """Nothing but a viewer."""

    CSS_PATH = HooktopApp.CSS_PATH

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return look.theme("teal").variables

    def compose(self) -> ComposeResult:
        yield Viewer()


def text(app: App[None]) -> str:
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


@pytest.mark.parametrize(
    ("body", "content_type", "kind", "note"),
    [
        (b'{"a":1}', "application/json", "json", "JSON, 7 B"),
        (b'{"a":1}', "", "json", "JSON, 7 B"),
        (b'{"a":1', "application/json", "text", "not valid JSON"),
        (b"<html>", "application/json", "text", "not valid JSON"),
        (b"hello", "text/plain", "text", "text, 5 B"),
        (b"\xff\xfe\x00", "application/json", "hex", "binary, 3 B (not UTF-8 at byte 0)"),
        (b"\x00\x01\x02\x03", "text/plain", "hex", "binary, 4 B"),
        (b"", "application/json", "empty", "empty body"),
    ],
)
def test_a_body_is_shown_as_what_it_is(body: bytes, content_type: str, kind: str, note: str) -> None:
    document = open_document(body, content_type)
    assert document.kind == kind
    assert note in document.note
    assert list(document.lines)


def test_a_dump_shows_bytes_and_text() -> None:
    assert (
        open_document(b"\x00\x01hook\xff" + bytes(16)).lines[0].startswith("00000000  00 01 68 6f 6f 6b ff")
    )
    assert "..hook." in open_document(b"\x00\x01hook\xff" + bytes(16)).lines[0]


def test_search_counts_every_hit_and_names_each_line_once() -> None:
    document = open_document(b"one two\nTWO two\nnone\ntwo", "text/plain")
    assert document.find("two") == (4, (0, 1, 3))
    assert document.find("absent") == (0, ())
    assert document.find("") == (0, ())
    assert open_document(b"\x00" * 20 + b"needle" + bytes(9)).find("NEEDLE") == (1, (1,))


def big_body() -> bytes:
    rows = [{"id": n, "customer": "acme", "note": "x" * 40, "tags": [1, 2, 3]} for n in range(80_000)]
    return json.dumps(rows).encode()


async def test_an_8_mb_body_opens_and_scrolls_without_being_tokenised_as_a_whole() -> None:
    body = big_body()
    assert len(body) > 7_000_000
    app = ViewerApp()
    async with app.run_test(size=(100, 30)) as pilot:
        viewer = app.query_one(Viewer)
        started = time.perf_counter()
        await viewer.open(body, "application/json")
        await pilot.pause()
        assert time.perf_counter() - started < 2, "generous: the exact figure is the benchmark's"
        assert '"customer": "acme"' in text(app)
        viewer.focus()
        await pilot.press("G")
        await pilot.pause()
        assert "]" in text(app)
        await viewer.search("79999")
        assert "1 matches" in viewer.status


async def test_a_line_of_one_megabyte_scrolls_sideways() -> None:
    app = ViewerApp()
    async with app.run_test(size=(80, 10)) as pilot:
        viewer = app.query_one(Viewer)
        await viewer.open(b'{"k":"' + b"abcdefghij" * 100_000 + b'end"}', "application/json")
        viewer.focus()
        await pilot.press("l", "l", "right")
        assert viewer.left == 36
        await pilot.press("h")
        assert viewer.left == 24
        await pilot.press("0")
        assert viewer.left == 0
        await viewer.search('end"')
        await pilot.pause()
        assert "jend" in text(app), "a search goes to the column of the hit"


async def test_hostile_lines_are_harmless() -> None:
    app = ViewerApp()
    async with app.run_test(size=(80, 10)) as pilot:
        viewer = app.query_one(Viewer)
        await viewer.open("\x1b[31m[/oops]\u202e日本語\n\x00".encode() + b"plain text " * 9, "text/plain")
        await pilot.pause()
        assert "␛[31m[/oops]�日本語" in text(app)
        assert "\x1b" not in text(app)

"""Whatever an API sends, it is text: it cannot style, move, hide or crash anything."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from driving import running
from fakes import FakeProvider, FakeWorld
from hooktop.console.model import EndpointKind, MessageState
from hooktop.console.widgets.text import fit, inert, middle

HOSTILE = {
    "markup": "[/oops] [bold red]x[/] [@click=app.quit]y",
    "ansi": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J \x9b31m",
    "bidi": "abc \u202etxt.exe\u2066 \u200f\u061c",
    "nul": "a\x00b\x7fc\r\n\td",
    "zalgo": "e" + "\u0301" * 300,
    "wide": "日本語" * 40 + "👩‍👩‍👧‍👦" * 10,
    "long": "x" * 1_000_000,
    "surrogate": "a\ud800b",
    "blank": "",
}


def world_of(text: str) -> FakeWorld:
    """A world in which every string is hostile."""
    world = FakeWorld()
    for kind in EndpointKind.OUTBOUND, EndpointKind.INBOUND:
        endpoint = world.add_endpoint(
            f"n{kind}", kind, name=text, url=f"https://h.example/{text}", description=text
        )
        for number, state in enumerate(MessageState):
            world.add_message(
                endpoint,
                60 + number,
                state,
                endpoint_name=text,
                state_word=text,
                last_error=text,
                event_type=text,
                content_type=text,
                idempotency_key=text,
                response_status=500,
            )
    world.payloads = dict.fromkeys(world.messages, text.encode(errors="surrogatepass"))
    return world


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_strings_are_inert_on_every_screen(name: str) -> None:
    async with running(FakeProvider(world_of(HOSTILE[name]))) as console:
        for keys in (["1"], ["2"], ["2", "b"], ["escape", "3"], ["enter"], ["right_square_bracket"], ["y"]):
            await console.press(*keys)
            await console.pilot.pause(0.05)
            _assert_harmless(console.text)
        await console.press("escape", "escape", "2", "P")
        await console.pilot.pause(0.1)
        _assert_harmless(console.text)
        await console.press("escape", "3", "asterisk", "Y")
        await console.pilot.pause(0.1)
        _assert_harmless(console.text)
        await console.press("escape", "6", "ctrl+p")
        await console.pilot.pause(0.2)
        _assert_harmless(console.text)
        assert console.app.is_running


def _assert_harmless(text: str) -> None:
    for line in text.split("\n"):
        assert cell_len(line) <= 120
        for char in line:
            assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Mn", "Me"}, repr(char)


@given(st.text(), st.integers(min_value=0, max_value=60))
@settings(max_examples=300)
def test_inert_text_is_printable_and_never_wider_than_asked(text: str, width: int) -> None:
    shown = inert(text, width)
    assert cell_len(shown) <= width
    assert all(
        unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Mn", "Me", "Mc", "Zl", "Zp"} for char in shown
    )


@given(st.text(), st.integers(min_value=1, max_value=60), st.booleans())
def test_a_fitted_cell_has_exactly_its_width(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(inert(text, width), width, right=right)) == width


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("order.paid", 20, "order.paid"),
        ("order.paid", 6, "order…"),
        ("a\nb", 9, "a␊b"),
        ("\x1b[31m", 9, "␛[31m"),
        ("日本語", 4, "日…"),
        ("日本語", 6, "日本語"),
        ("a\u202eb", 9, "a�b"),
        ("anything", 0, ""),
    ],
)
def test_inert_shows_what_it_made_harmless(text: str, width: int, shown: str) -> None:
    assert inert(text, width) == shown


def test_an_identifier_is_shortened_in_its_middle() -> None:
    assert middle("msg_01J0000000000000000042", 15) == "msg_01J0…000042"
    assert middle("short", 15) == "short"

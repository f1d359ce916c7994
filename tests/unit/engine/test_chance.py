"""Seeded chance, and payloads made from it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from hooktop.mockserver.engine.chance import Chance
from hooktop.mockserver.engine.templates import Template, TemplateError, compile_template


def test_a_stream_is_the_same_for_the_same_seed_and_goes_on():
    one, two = Chance(5), Chance(5)
    assert [one.hex(8, "id") for _ in range(3)] == [two.hex(8, "id") for _ in range(3)]
    assert one.hex(8, "id") != one.hex(8, "id")
    assert Chance(5).hex(8, "id") != Chance(6).hex(8, "id")
    assert Chance(5).hex(8, "id") != Chance(5, boot=1).hex(8, "id")


def test_streams_do_not_disturb_each_other():
    one, two = Chance(5), Chance(5)
    one.hex(8, "noise")
    assert one.hex(8, "id") == two.hex(8, "id")


def test_a_place_can_be_kept_and_gone_back_to():
    chance = Chance(5)
    chance.random("x")
    kept = chance.counters()
    following = chance.random("x")
    chance.go_on_from(kept)
    assert chance.random("x") == following


def test_what_is_asked_by_key_depends_on_the_key_alone():
    chance = Chance(5)
    first = chance.at("latency", "m1", 2)
    chance.at("latency", "m2", 1)
    assert chance.at("latency", "m1", 2) == first != chance.at("latency", "m1", 3)


def test_numbers_fill_their_span_evenly():
    chance = Chance(5)
    draws = [chance.random() for _ in range(4_000)]
    assert all(0 <= draw < 1 for draw in draws)
    assert 0.48 < sum(draws) / len(draws) < 0.52
    assert {chance.choice("abc") for _ in range(50)} == set("abc")
    assert 2 <= chance.uniform(2, 3) < 3
    assert len(chance.hex(200)) == 200


def test_another_process_with_another_hash_seed_draws_the_same():
    code = "from hooktop.mockserver.engine.chance import Chance; print(Chance(5).hex(32, 'id'))"
    for hash_seed in ("0", "77"):
        out = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed},
        )
        assert out.stdout.strip() == Chance(5).hex(32, "id")


def render(payload, number=4, at=1_767_225_600_000):
    return json.loads(Template("t", compile_template(payload)).render(Chance(5), f"e/{number}", at))


def test_templates_fill_placeholders_in():
    made = render(
        {
            "id": "x_{hex:12}",
            "n": "{int:5-7}",
            "who": "{pick:a|b}",
            "count": "{number}",
            "at": "{time}",
            "list": ["{hex:3}", 1, None, True],
            "plain": "no { braces } here",
        }
    )
    assert made["id"].startswith("x_")
    assert len(made["id"]) == 14
    assert made["n"] in (5, 6, 7)
    assert made["who"] in ("a", "b")
    assert (made["count"], made["at"]) == (4, "2026-01-01T00:00:00.000Z")
    assert made["list"][1:] == [1, None, True]
    assert made["plain"] == "no { braces } here"


def test_arrivals_differ_and_repeat_by_number():
    template = {"id": "{hex:32}"}
    assert render(template, 1) == render(template, 1) != render(template, 2)


@pytest.mark.parametrize("text", ["{hex:0}", "{hex:}", "{hex:99}", "{int:5}", "{int:9-1}", "a {int:x-y} b"])
def test_a_wrong_placeholder_is_refused(text):
    with pytest.raises(TemplateError):
        compile_template({"deep": [text]})

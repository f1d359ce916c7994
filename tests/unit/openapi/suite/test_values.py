"""Pointers, variables, durations and matchers."""

import pytest

from hooktop.openapi.suite.matchers import RULES, Matcher, passes, spoilt, words
from hooktop.openapi.suite.pointer import MISSING, absolute, difference, read, without
from hooktop.openapi.suite.scope import UnknownName, fill, fill_known, seconds

BODY = {"data": [{"id": "a", "n/x": 1}, {"id": "b"}], "meta": {"next": None}}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", BODY),
        ("/data/0/id", "a"),
        ("/data/-1/id", "b"),
        ("/data/0/n~1x", 1),
        ("/meta/next", None),
        ("/data/2", MISSING),
        ("/data/x", MISSING),
        ("/nothing/at/all", MISSING),
    ],
)
def test_a_pointer_reads_its_place(pointer, value):
    assert read(BODY, pointer) == value


def test_a_pointer_is_refused_without_its_slash():
    with pytest.raises(ValueError, match="starts with a slash"):
        read(BODY, "data")


def test_a_negative_index_becomes_a_positive_one():
    assert absolute(BODY, "/data/-1/id") == "/data/1/id"


def test_differences_name_places_and_values():
    changed = {"data": [{"id": "a", "n/x": True}, {"id": "b"}], "meta": {}}
    assert difference(BODY, changed) == [
        ("/data/0/n~1x", 1, True),
        ("/meta/next", None, MISSING),
        ("/meta", MISSING, {}),
    ]
    assert difference(without(BODY, frozenset({"/meta"})), {"data": BODY["data"]}) == []


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("1h30m", 5400),
        ("2d", 172800),
        ("PT1H", 3600),
        ("P1DT1M", 86460),
        (5, 5),
        ("0.5s", 0.5),
    ],
)
def test_durations(text, length):
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "soon", "5 minutes", "PT", "P", "-5m"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="is no duration"):
        seconds(text)


VALUES = {"n": 3, "name": "x", "t0": "2026-01-05T09:00:00.000Z", "delay": "30m"}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("${n}", 3),
        ("n is ${n}", "n is 3"),
        ("${n + 1}", 4),
        ("${t0 + 30m}", "2026-01-05T09:30:00.000Z"),
        ("${t0 - 1h}", "2026-01-05T08:00:00.000Z"),
        ("${t0 + delay}", "2026-01-05T09:30:00.000Z"),
        ({"a": ["${name}", 1]}, {"a": ["x", 1]}),
        ({"${name}": True}, {"x": True}),
    ],
)
def test_references_are_filled(template, filled):
    assert fill(template, VALUES) == filled


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(UnknownName, match="is not set here; known: a"):
        fill("${b}", {"a": 1})


def test_at_load_time_other_names_are_left_alone():
    assert fill_known("${n} of ${m}, at ${now + delay}", VALUES) == "3 of ${m}, at ${now + 30m}"


TIME = "2026-01-05T09:00:00.000Z"
TABLE = [
    ("equals", 1, 1, 2),
    ("equals", True, True, 1),
    ("equals", "a", "a", "A"),
    ("equals", {"a": [1]}, {"a": [1]}, {"a": [2]}),
    ("not", "a", "b", "a"),
    ("one-of", ["a", "b"], "b", "c"),
    ("matches", "^a+$", "aaa", "ab"),
    ("contains", "b", "abc", "ac"),
    ("contains", {"a": 1}, {"a": 1, "b": 2}, {"a": 2}),
    ("absent", True, MISSING, 0),
    ("absent", False, 0, MISSING),
    ("type", "integer", 1, True),
    ("type", "string", "1", 1),
    ("length", 2, [1, 2], [1]),
    ("at-least", 2, 2, 1),
    ("at-most", 2, 2, 3),
    ("count", {"where": {"/a": 1}, "is": 1}, [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 1}]),
    ("count", {"where": {"/a": 1}, "is": 0}, [{"a": 2}], [{"a": 1}]),
    ("each", {"/a": 1}, [{"a": 1}], [{"a": 2}]),
    ("unordered", [1, 2], [2, 1], [2, 2]),
    ("time", TIME, "2026-01-05T10:00:00+01:00", "2026-01-05T10:00:00Z"),
    ("between", [TIME, "2026-01-05T09:01:00Z"], "2026-01-05T09:00:30Z", "2026-01-05T09:02:00Z"),
]


@pytest.mark.parametrize(("kind", "argument", "good", "bad"), TABLE)
def test_a_matcher_accepts_and_refuses(kind, argument, good, bad):
    matcher = Matcher(kind=kind, argument=argument)
    assert passes(matcher, good)
    assert not passes(matcher, bad)
    assert words(matcher)


@pytest.mark.parametrize(("kind", "argument", "good", "bad"), TABLE)
def test_a_spoilt_value_is_always_refused(kind, argument, good, bad):
    matcher = Matcher(kind=kind, argument=argument)
    assert not passes(matcher, spoilt(matcher, good))


def test_every_matcher_is_in_the_table():
    assert {row[0] for row in TABLE} == set(RULES)


def test_a_tolerance_widens_a_time():
    later = "2026-01-05T09:00:50Z"
    assert not passes(Matcher(kind="time", argument=TIME), later)
    assert passes(Matcher(kind="time", argument=TIME, within="60s"), later)
    assert not passes(Matcher(kind="time", argument=TIME), "not a time")

"""Cursors, ids, signatures, time stamps and switches: the small values of this API."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooktop.mockserver.delivery.model import Kind, Secret, State
from hooktop.mockserver.engine.chance import Chance
from hooktop.mockserver.hookbridge import signing
from hooktop.mockserver.hookbridge.cursors import BadCursor, Place, decode, encode
from hooktop.mockserver.hookbridge.dialect import DIALECT
from hooktop.mockserver.hookbridge.profile import PROFILE, complaints, reading
from hooktop.mockserver.hookbridge.wire import instant, states_of, word

NOW = 1_795_000_000_123


@given(
    st.text("abcdef0123456789-_", min_size=1, max_size=40),
    st.integers(0, 2**45),
    st.integers(0, 2**40),
)
def test_a_cursor_survives_the_way_to_the_client_and_back(id: str, ts: int, seq: int) -> None:
    text = encode(Place(id=id, ts=ts, seq=seq))
    assert decode(text) == Place(id=id, ts=ts, seq=seq)
    assert re.fullmatch(r"[A-Za-z0-9]+={0,2}", text), "needs no escaping in a URL"


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "%%%",
        "eyJpZCI6Im1zZ18xMjMi",
        base64.b64encode(b"[1,2]").decode(),
        base64.b64encode(b'{"id":"a","ts":"soon","seq":1}').decode(),
        base64.b64encode(b'{"id":"a","ts":1}').decode(),
        "é",
    ],
)
def test_a_foreign_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        decode(text)


@pytest.mark.parametrize(
    ("what", "kind", "pattern"),
    [
        ("endpoint", Kind.OUTBOUND, r"ep_[a-f0-9]{32}"),
        ("secret", None, r"sk_[a-f0-9]{32}"),
        ("request", None, r"req_[a-f0-9]{16}"),
        ("key", None, r"key_[a-f0-9]{12}"),
    ],
)
def test_ids_have_the_documented_forms(what: str, kind: Kind | None, pattern: str) -> None:
    assert re.fullmatch(pattern, DIALECT.new_id(what, kind, Chance(1), NOW))


@pytest.mark.parametrize(
    ("what", "kind"), [("message", Kind.OUTBOUND), ("attempt", None), ("endpoint", Kind.INBOUND)]
)
def test_the_other_ids_are_version_7_uuids_of_their_time(what: str, kind: Kind | None) -> None:
    chance = Chance(7)
    first, second = (uuid.UUID(DIALECT.new_id(what, kind, chance, NOW + step)) for step in (0, 1))
    assert first.version == second.version == 7
    assert first.variant == uuid.RFC_4122
    assert first.int >> 80 == NOW
    assert first < second


def test_keys_and_secrets_have_their_prefixes_and_come_from_the_seed() -> None:
    assert re.fullmatch(r"hb_test_[a-z0-9]{32}", DIALECT.api_key(Chance(3)))
    assert re.fullmatch(r"whsec_[a-z0-9]{32}", DIALECT.secret_value(Chance(3)))
    assert DIALECT.api_key(Chance(3)) == DIALECT.api_key(Chance(3)) != DIALECT.api_key(Chance(4))


def secret(value: str) -> Secret:
    return Secret(id="sk_1", value=value, created_at=0)


def test_a_signature_covers_time_and_raw_body_under_the_whole_secret() -> None:
    expected = hmac.new(b"whsec_a", b'1795000000.{"a": 1}', hashlib.sha256).hexdigest()
    assert signing.signature([secret("whsec_a")], 1_795_000_000, b'{"a": 1}') == f"sha256={expected}"


def test_two_keys_sign_side_by_side_and_either_is_enough() -> None:
    body = b"{}"
    both = signing.signature([secret("old"), secret("new")], 5, body)
    assert re.fullmatch(r"sha256=[a-f0-9]{64},sha256=[a-f0-9]{64}", both)
    headers = {"x-webhook-signature": both, "x-webhook-timestamp": "5"}
    assert signing.verdict([secret("new")], headers, body) == "valid"
    assert signing.verdict([secret("old")], headers, body) == "valid"
    assert signing.verdict([secret("other")], headers, body) == "invalid"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, "unsigned"),
        ({"X-Webhook-Signature": "sha256=00"}, "invalid"),
        ({"X-Webhook-Signature": "sha256=00", "X-Webhook-Timestamp": "soon"}, "invalid"),
        ({"X-Webhook-Signature": "nonsense", "X-Webhook-Timestamp": "1"}, "invalid"),
    ],
)
def test_what_is_not_signed_rightly_is_told_apart(headers: dict[str, str], found: str) -> None:
    assert signing.verdict([secret("k")], headers, b"") == found


@pytest.mark.parametrize(
    ("at", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (NOW, "2026-11-18T11:06:40.123Z"), (1_000, "1970-01-01T00:00:01.000Z")],
)
def test_instants_are_rfc3339_with_milliseconds(at: int, text: str) -> None:
    assert instant(at) == text


def test_every_state_has_a_word_and_the_word_leads_back() -> None:
    for state in State:
        assert state in states_of(word(state, {}), {})
    assert word(State.HELD, {}) == "paused"
    assert states_of("queued", {"paused_status": "queued"}) == {State.WAITING, State.HELD}


def test_switches_have_two_readings_a_source_and_an_effect() -> None:
    for name, switch in PROFILE.items():
        assert switch.name == name
        assert len(switch.readings) >= 2, name
        assert switch.source
        assert switch.changes
        assert all(switch.readings.values())
        assert reading({}, name) == switch.default == next(iter(switch.readings))
        assert all(reading({name: value}, name) == value for value in switch.readings)


def test_unknown_switches_and_values_are_told_with_what_there_is() -> None:
    assert complaints({"paused_status": "queued"}) == ()
    (unknown,) = complaints({"colour": "blue"})
    assert "profile.colour" in unknown
    assert "paused_status" in unknown
    (value,) = complaints({"paused_status": "asleep"})
    assert value == "profile.paused_status: 'asleep' is none of paused, queued"

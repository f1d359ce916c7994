"""The filter language: what each term means, where an error is, what a server can take over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fakes import NOW, FakeWorld
from hooktop.console.model import (
    Capabilities,
    EndpointKind,
    EndpointState,
    Message,
    MessageState,
    PauseMeaning,
)
from hooktop.console.stores.filter import FilterError, Subject, complete, parse

WORLD = FakeWorld()
BILLING = WORLD.add_endpoint("billing-eu")
OTHER = WORLD.add_endpoint("crm", EndpointKind.INBOUND, state=EndpointState.PAUSED, state_word="paused")


def message(**changes: Any) -> Message:
    age = changes.pop("age_s", 3600)
    values = {
        "id": "MSG_01aB",
        "response_status": 503,
        "attempts": 4,
        "last_error": "upstream connect error",
        "idempotency_key": "order-1",
        "replays": 2,
        "latency_ms": 900,
        "payload_expires_at": NOW + timedelta(hours=3),
    }
    state = changes.pop("state", MessageState.DEAD)
    return FakeWorld().add_message(BILLING, age, state, **{**values, **changes})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("status:dead", True),
        ("status:held,dead", True),
        ("status:failed", True),
        ("status:open", False),
        ("status:final", True),
        ("status:failed_permanent", True),
        ("STATUS:Dead", True),
        ("-status:dead", False),
        ("code:503", True),
        ("code:5xx", True),
        ("code:>=500", True),
        ("code:>503", False),
        ("code:500..502", False),
        ("code:..503", True),
        ("code:none", False),
        ("code:401,503", True),
        ("-code:4xx", True),
        ("endpoint:billing-eu", True),
        ("endpoint:billing", False),
        ("endpoint:billing-*", True),
        ("endpoint:BILLING-??", True),
        ("endpoint:ep_billing-eu", True),
        ("endpoint:crm,billing-*", True),
        ("age:<2h", True),
        ("age:<=1h", True),
        ("age:>1h", False),
        ("age:30m..2h", True),
        ("age:<1h30m", True),
        ("age:>1d", False),
        ("id:msg_01", True),
        ("id:01", False),
        ("id:*1ab", True),
        ("kind:outbound", True),
        ("kind:inbound,pull", False),
        ("type:order.*", True),
        ("attempts:>3", True),
        ("attempts:1..3", False),
        ("replays:>1", True),
        ("latency:>500ms", True),
        ("latency:>2s", False),
        ("latency:<1000", True),
        ("key:order-*", True),
        ("error:connect", True),
        ("expires:<6h", True),
        ("expires:<1h", False),
        ("expires:gone", False),
        ("upstream", True),
        ("UPSTREAM", True),
        ('"connect error"', True),
        ('"error connect"', False),
        ("-upstream", False),
        ("upstream code:5xx age:<2h", True),
        ("upstream code:4xx", False),
        ("https://nowhere", False),
    ],
)
def test_terms(text: str, expected: bool) -> None:
    assert parse(text).matches(message(), NOW) is expected


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("code:none", {"response_status": None}, True),
        ("code:>=100", {"response_status": None}, False),
        ("latency:>1", {"latency_ms": None}, False),
        ("expires:gone", {"payload_expires_at": NOW - timedelta(seconds=1)}, True),
        ("expires:<6h", {"payload_expires_at": NOW - timedelta(seconds=1)}, False),
        ("expires:<6h", {"payload_expires_at": None}, False),
        ("replays:0", {"replays": None}, True),
        ("age:>9999999w", {}, False),
        ("age:<9999999w", {}, True),
        ("endpoint:a[b]*", {"endpoint_name": "a[b]c"}, True),
    ],
)
def test_edges(text: str, changes: dict[str, Any], expected: bool) -> None:
    assert parse(text).matches(message(**changes), NOW) is expected


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("stauts:dead", 0, "did you mean status:"),
        ("code:5xx -colour:red", 10, "unknown field colour:"),
        ('type:"open', 5, "never closed"),
        ("code:", 5, "needs a value"),
        ("code:abc", 5, "is not a number"),
        ("age:<2x", 5, "not a duration"),
        ("age:<", 5, "missing"),
        ("attempts:5..2", 9, "empty"),
        ("kind:sideways", 5, "kind is one of"),
    ],
)
def test_errors_point_at_the_place(text: str, position: int, words: str) -> None:
    with pytest.raises(FilterError, match=words) as caught:
        parse(text)
    assert caught.value.position == position
    assert caught.value.pointed(text).splitlines()[1].index("^") == position


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("status:active", True),
        ("-status:paused", True),
        ("billing", True),
        ("endpoint:crm", False),
        ("kind:inbound", False),
    ],
)
def test_endpoints_have_their_own_fields(text: str, expected: bool) -> None:
    assert parse(text, Subject.ENDPOINTS).matches_endpoint(BILLING) is expected


def test_a_message_term_means_nothing_for_endpoints() -> None:
    with pytest.raises(FilterError, match="about messages"):
        parse("code:503", Subject.ENDPOINTS)


ONE = Capabilities(
    pause=PauseMeaning.HOLD, filter_states=frozenset({MessageState.DEAD, MessageState.RETRYING})
)
MANY = Capabilities(pause=PauseMeaning.HOLD, filter_states=ONE.filter_states, filter_many=True)


@pytest.mark.parametrize(
    ("text", "capabilities", "states", "endpoint"),
    [
        ("status:dead", ONE, {MessageState.DEAD}, None),
        ("status:dead,retrying", ONE, set(), None),
        ("status:dead,retrying", MANY, {MessageState.DEAD, MessageState.RETRYING}, None),
        ("status:held", MANY, set(), None),
        ("status:failed_permanent", MANY, set(), None),
        ("-status:dead", MANY, set(), None),
        ("endpoint:billing-eu", ONE, set(), BILLING.id),
        ("endpoint:bill*", ONE, set(), BILLING.id),
        ("endpoint:*", ONE, set(), BILLING.id),
        ("-endpoint:billing-eu", ONE, set(), None),
        ("endpoint:nobody", ONE, set(), None),
    ],
)
def test_the_part_of_the_server(
    text: str, capabilities: Capabilities, states: set[MessageState], endpoint: str | None
) -> None:
    query = parse(text).query(EndpointKind.OUTBOUND, capabilities, [BILLING, OTHER], NOW)
    assert (set(query.states), query.endpoint_id) == (states, endpoint)


def test_ages_become_dates_for_the_server() -> None:
    query = parse("age:<2h age:>10m").query(EndpointKind.OUTBOUND, ONE, [], NOW)
    assert (query.since, query.until) == (NOW - timedelta(hours=2), NOW - timedelta(minutes=10))


def test_the_badge_names_what_the_server_does() -> None:
    wanted = parse("status:dead code:5xx age:<2h endpoint:billing-eu -type:x card")
    assert wanted.server_terms(ONE) == ("status:dead", "age:<2h", "endpoint:billing-eu")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sta", ["status:"]),
        ("status:de", ["delivered", "dead"]),
        ("status:dead,he", ["held"]),
        ("-kind:i", ["inbound"]),
        ("code:5xx endpoint:b", ["billing-eu"]),
        ("endpoint:a", ['"a b"']),
        ("nothing:x", []),
    ],
)
def test_completion(text: str, expected: list[str]) -> None:
    found = complete(text, endpoints=["billing-eu", "crm", "a b"])
    assert [candidate.text for candidate in found] == expected


def test_a_completion_replaces_the_right_piece() -> None:
    text = "code:5xx status:dead,he"
    (candidate,) = complete(text)
    assert text[: candidate.start] + candidate.text == "code:5xx status:dead,held"

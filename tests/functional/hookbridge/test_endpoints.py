"""Outbound endpoints: every operation, every refusal, letter for letter."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from functional.hookbridge.driver import UNKNOWN_ENDPOINT, Bridge

URL = "https://customer.app/webhooks"
BAD_URL = (400, "INVALID_REQUEST", "endpoint must be a valid HTTPS URL")
BAD_ID = (400, "INVALID_REQUEST", "endpoint_id must be in format ep_xxx")
GONE = (404, "NOT_FOUND", "Message not found")


def test_create_tells_the_secret_once(bridge: Bridge) -> None:
    reply = bridge.post(
        "/v1/endpoints",
        {
            "url": URL,
            "description": "Main production webhook",
            "rate_limit_rps": 10,
            "burst": 20,
            "headers": {"X-Custom-Header": "value"},
        },
    )
    assert reply.status == 201
    assert list(reply.body) == ["data", "meta"]
    made = reply.data
    assert re.fullmatch(r"ep_[a-f0-9]{32}", made["id"])
    assert re.fullmatch(r"sk_[a-f0-9]{32}", made["signing_key_id"])
    assert re.fullmatch(r"whsec_[a-z0-9]{32}", made["signing_secret"])
    assert made["key_hint"] == made["signing_secret"][-4:]
    assert made["url"] == URL
    assert made["created_at"] == "2026-01-01T00:00:00.000Z"

    shown = bridge.get(f"/v1/endpoints/{made['id']}").data
    assert shown == {
        "id": made["id"],
        "url": URL,
        "description": "Main production webhook",
        "rate_limit_rps": 10,
        "burst": 20,
        "headers": {"X-Custom-Header": "value"},
        "paused": False,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }


def test_fields_without_a_value_are_left_out(bridge: Bridge) -> None:
    id = bridge.post("/v1/endpoints", {"url": URL, "rate_limit_rps": 0, "burst": 0}).data["id"]
    assert set(bridge.get(f"/v1/endpoints/{id}").data) == {"id", "url", "paused", "created_at", "updated_at"}


CREATE_REFUSALS: dict[str, tuple[Any, tuple[int, str, str]]] = {
    "no body": (b"", (400, "INVALID_REQUEST", "request body must be a JSON object")),
    "no json": (b"{", (400, "INVALID_REQUEST", "request body must be valid JSON")),
    "no object": (b"[]", (400, "INVALID_REQUEST", "request body must be a JSON object")),
    "no url": ({}, BAD_URL),
    "url no text": ({"url": 7}, BAD_URL),
    "url null": ({"url": None}, BAD_URL),
    "plain http": ({"url": "http://customer.app/webhooks"}, BAD_URL),
    "too short": ({"url": "https://a.i"}, BAD_URL),
    "too long": ({"url": "https://a.io/" + "x" * 2048}, BAD_URL),
    "own domain": ({"url": "https://api.hookbridge.io/v1"}, BAD_URL),
    "loopback": (
        {"url": "https://127.0.0.1/hooks"},
        (400, "ENDPOINT_BLOCKED", "endpoint must not point to a private or internal address"),
    ),
    "unresolvable": (
        {"url": "https://nowhere.invalid/hooks"},
        (400, "ENDPOINT_UNREACHABLE", "endpoint domain could not be resolved"),
    ),
    "description too long": (
        {"url": URL, "description": "x" * 501},
        (400, "INVALID_REQUEST", "description must be at most 500 characters"),
    ),
    "description null": (
        {"url": URL, "description": None},
        (400, "INVALID_REQUEST", "description must be a string"),
    ),
    "rate too high": (
        {"url": URL, "rate_limit_rps": 1001},
        (400, "INVALID_REQUEST", "rate_limit_rps must be between 0 and 1000"),
    ),
    "rate below": (
        {"url": URL, "rate_limit_rps": -1},
        (400, "INVALID_REQUEST", "rate_limit_rps must be between 0 and 1000"),
    ),
    "rate true": (
        {"url": URL, "rate_limit_rps": True},
        (400, "INVALID_REQUEST", "rate_limit_rps must be an integer"),
    ),
    "rate text": (
        {"url": URL, "rate_limit_rps": "9"},
        (400, "INVALID_REQUEST", "rate_limit_rps must be an integer"),
    ),
    "burst too high": (
        {"url": URL, "burst": 10_001},
        (400, "INVALID_REQUEST", "burst must be between 0 and 10000"),
    ),
    "headers no object": (
        {"url": URL, "headers": ["a"]},
        (400, "INVALID_REQUEST", "headers must be an object with string values"),
    ),
    "forbidden header": (
        {"url": URL, "headers": {"Host": "evil"}},
        (400, "INVALID_HEADERS", "header 'Host' is forbidden and cannot be overridden"),
    ),
}


@pytest.mark.parametrize(("body", "error"), CREATE_REFUSALS.values(), ids=CREATE_REFUSALS.keys())
def test_create_refuses(bridge: Bridge, body: Any, error: tuple[int, str, str]) -> None:
    reply = (
        bridge.post("/v1/endpoints", raw=body)
        if isinstance(body, bytes)
        else bridge.post("/v1/endpoints", body)
    )
    assert reply.error == error
    assert bridge.get("/v1/endpoints").data == [], "a refused create leaves nothing behind"


def test_one_url_belongs_to_one_endpoint_until_it_is_free_again(bridge: Bridge) -> None:
    taken = (409, "DUPLICATE_URL", "an endpoint with this URL already exists")
    first = bridge.post("/v1/endpoints", {"url": URL}).data["id"]
    assert bridge.post("/v1/endpoints", {"url": URL}).error == taken
    second = bridge.post("/v1/endpoints", {"url": URL + "2"}).data["id"]
    assert bridge.call("PATCH", f"/v1/endpoints/{second}", {"url": URL}).error == taken
    assert bridge.call("PATCH", f"/v1/endpoints/{first}", {"url": URL}).status == 200, (
        "its own URL is no duplicate"
    )

    assert bridge.call("PATCH", f"/v1/endpoints/{first}", {"url": URL + "3"}).status == 200
    assert bridge.call("PATCH", f"/v1/endpoints/{second}", {"url": URL}).status == 200
    assert bridge.call("DELETE", f"/v1/endpoints/{second}").status == 200
    assert bridge.post("/v1/endpoints", {"url": URL}).status == 201


def test_update_changes_what_was_sent_and_nothing_else(bridge: Bridge) -> None:
    id = bridge.endpoint(description="before", headers={"X-A": "1"}, rate_limit_rps=5)
    bridge.advance(60)
    reply = bridge.call("PATCH", f"/v1/endpoints/{id}", {"description": "after", "rate_limit_rps": 0})
    assert (reply.status, reply.data) == (200, {"id": id, "updated": True})
    shown = bridge.get(f"/v1/endpoints/{id}").data
    assert shown["description"] == "after"
    assert shown["headers"] == {"X-A": "1"}
    assert "rate_limit_rps" not in shown, "0 takes the limit away"
    assert shown["updated_at"] == "2026-01-01T00:01:00.000Z"


def test_an_empty_update_changes_nothing(bridge: Bridge) -> None:
    id = bridge.endpoint()
    before = bridge.get(f"/v1/endpoints/{id}").data
    bridge.advance(60)
    assert bridge.call("PATCH", f"/v1/endpoints/{id}", {}).data == {"id": id, "updated": True}
    assert bridge.get(f"/v1/endpoints/{id}").data == before


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"url": "http://customer.app/x"}, BAD_URL),
        ({"url": None}, BAD_URL),
        ({"burst": -1}, (400, "INVALID_REQUEST", "burst must be between 0 and 10000")),
        (
            {"headers": {"authorization": "x"}},
            (400, "INVALID_HEADERS", "header 'authorization' is forbidden and cannot be overridden"),
        ),
    ],
)
def test_a_refused_update_leaves_the_endpoint_as_it_was(
    bridge: Bridge, body: dict[str, Any], error: tuple[int, str, str]
) -> None:
    id = bridge.endpoint()
    before = bridge.get(f"/v1/endpoints/{id}").data
    assert bridge.call("PATCH", f"/v1/endpoints/{id}", body).error == error
    assert bridge.get(f"/v1/endpoints/{id}").data == before


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_the_list_gives_every_endpoint_once_newest_first(bridge: Bridge, size: int) -> None:
    made = []
    for number in range(7):
        made.append(bridge.endpoint(f"shop-{number}"))
        if number % 2:
            bridge.advance(1)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        reply = bridge.get(f"/v1/endpoints?limit={size}" + (f"&cursor={cursor}" if cursor else ""))
        assert set(reply.body["meta"]) == {"request_id", "next_cursor"}
        seen += [row["id"] for row in reply.data]
        cursor = reply.body["meta"]["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_a_listed_endpoint_is_a_summary(bridge: Bridge) -> None:
    id = bridge.endpoint(description="d", headers={"X-A": "1"}, rate_limit_rps=5)
    bridge.post(f"/v1/endpoints/{id}/pause")
    (row,) = bridge.get("/v1/endpoints").data
    assert set(row) == {"id", "url", "description", "paused", "created_at"}
    assert row["paused"] is True


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("limit=0", "limit must be between 1 and 100"),
        ("limit=101", "limit must be between 1 and 100"),
        ("limit=ten", "limit must be an integer"),
        ("limit=", "limit must be an integer"),
        ("limit=1e1", "limit must be an integer"),
        ("cursor=nonsense", "invalid cursor"),
    ],
)
def test_a_bad_page_is_refused(bridge: Bridge, query: str, text: str) -> None:
    assert bridge.get(f"/v1/endpoints?{query}").error == (400, "INVALID_REQUEST", text)


def test_a_deleted_endpoint_is_gone_and_what_it_was_owed_is_dead(bridge: Bridge) -> None:
    id = bridge.endpoint()
    bridge.script("shop", {"status": 503})
    retrying = bridge.send(id)
    bridge.settle()
    waiting = bridge.send(id)
    assert bridge.call("DELETE", f"/v1/endpoints/{id}").data == {"deleted": True}
    for method, path in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume")]:
        body = {} if method == "PATCH" else None
        assert bridge.call(method, f"/v1/endpoints/{id}{path}", body).error == GONE
    assert bridge.get("/v1/endpoints").data == []
    assert [bridge.status(each) for each in (retrying, waiting)] == ["failed_permanent"] * 2
    refused = bridge.post("/v1/webhooks/send", {"endpoint_id": id, "payload": {}})
    assert refused.error[1:] == ("ENDPOINT_NOT_FOUND", "endpoint not found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume")],
)
class TestIds:
    """Every operation on one endpoint looks at the id first."""

    @pytest.mark.parametrize(
        "id", ["ep_xyz", "shop", "ep_" + "G" * 32, "ep_" + "A" * 32, "ep_" + "a" * 31, "ep_" + "a" * 33]
    )
    def test_a_malformed_id_is_refused(self, bridge: Bridge, method: str, path: str, id: str) -> None:
        body = {"description": "x"} if method == "PATCH" else None
        assert bridge.call(method, f"/v1/endpoints/{id}{path}", body).error == BAD_ID

    def test_an_unknown_id_is_not_found(self, bridge: Bridge, method: str, path: str) -> None:
        body = {"description": "x"} if method == "PATCH" else None
        assert bridge.call(method, f"/v1/endpoints/{UNKNOWN_ENDPOINT}{path}", body).error == GONE

    def test_another_projects_id_is_not_found(
        self, bridge: Bridge, other: Bridge, method: str, path: str
    ) -> None:
        id = other.endpoint()
        body = {"description": "x"} if method == "PATCH" else None
        assert bridge.call(method, f"/v1/endpoints/{id}{path}", body).error == GONE
        assert other.get(f"/v1/endpoints/{id}").data["paused"] is False


@pytest.mark.parametrize("key", [None, "hb_test_" + "0" * 32, "hb_live_x"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/endpoints"),
        ("POST", "/v1/endpoints"),
        ("GET", f"/v1/endpoints/{UNKNOWN_ENDPOINT}"),
        ("POST", "/v1/webhooks/send"),
        ("GET", "/v1/logs"),
        ("GET", "/v1/metrics"),
        ("GET", "/v1/api-keys"),
        ("GET", "/v1/inbound-endpoints"),
    ],
)
def test_without_a_good_key_nothing_is_answered(
    bridge: Bridge, method: str, path: str, key: str | None
) -> None:
    reply = bridge.call(method, path, {} if method == "POST" else None, key=key)
    assert reply.error == (401, "UNAUTHORIZED", "Invalid or missing API key")
    assert reply.body["meta"]["request_id"].startswith("req_")


def test_every_answer_has_its_own_request_id(bridge: Bridge) -> None:
    ids = {bridge.get("/v1/endpoints").body["meta"]["request_id"] for _ in range(5)}
    assert len(ids) == 5
    assert all(re.fullmatch(r"req_[a-f0-9]{16}", id) for id in ids)


def test_keys_are_listed_without_their_text(bridge: Bridge) -> None:
    (key,) = bridge.get("/v1/api-keys").data
    assert key["prefix"] == bridge.key[:11]
    assert bridge.key not in str(key)
    assert re.fullmatch(r"key_[a-f0-9]{12}", key["key_id"])


def test_what_the_api_does_not_have_is_refused_in_its_own_form(new_project: Callable[..., Any]) -> None:
    project = new_project("hookbridge")
    unknown = project.http.get("/v1/nothing")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "NOT_FOUND")
    wrong = project.http.put("/v1/endpoints", json={})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    stranger = project.http.get("/v1/nothing", headers={"Authorization": "Bearer x"})
    assert stranger.status_code == 401
    for answer in (unknown, wrong, stranger):
        assert answer.json()["meta"]["request_id"] == answer.headers["X-Request-ID"]

"""What the engine's own callers meet: scenarios, real delivery, many clients at once, the same seed twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from functional.hookbridge.driver import Bridge
from hooktop.mockserver.delivery.model import Kind
from hooktop.mockserver.engine.dialect import Arrival, EndpointDraft
from hooktop.mockserver.hookbridge import DIALECT
from hooktop.mockserver.http.errors import ApiError

NewBridge = Callable[..., Bridge]


def draft(kind: Kind, name: str = "billing-eu", **config: object) -> EndpointDraft:
    return EndpointDraft(name=name, kind=kind, url=f"https://{name}.receiver.example/hooks", config=config)


def test_a_scenarios_outbound_endpoint_is_described_by_its_name(bridge: Bridge) -> None:
    made = DIALECT.install(bridge.project, draft(Kind.OUTBOUND))
    shown = bridge.get(f"/v1/endpoints/{made.id}").data
    assert (shown["description"], shown["url"]) == ("billing-eu", "https://billing-eu.receiver.example/hooks")
    taken = bridge.post("/v1/endpoints", {"url": made.url})
    assert taken.error[1] == "DUPLICATE_URL"


def test_a_scenarios_inbound_endpoint_is_made_by_the_rules_of_create(bridge: Bridge) -> None:
    made = DIALECT.install(
        bridge.project, draft(Kind.INBOUND, "github-in", idempotency_header_names=["X-Id"])
    )
    shown = bridge.get(f"/v1/inbound-endpoints/{made.id}").data
    assert (shown["name"], shown["idempotency_header_names"]) == ("github-in", ["X-Id"])
    with pytest.raises(ApiError, match="verify_hmac requires"):
        DIALECT.install(bridge.project, draft(Kind.INBOUND, "bad", verify_hmac=True))


@pytest.mark.parametrize("kind", [Kind.OUTBOUND, Kind.INBOUND])
def test_a_scenarios_webhook_is_delivered(bridge: Bridge, kind: Kind) -> None:
    made = DIALECT.install(bridge.project, draft(kind, "shop"))
    message = DIALECT.produce(
        bridge.project, made, Arrival(event_type="a", payload=b"{}", headers={"X-A": "1"})
    )
    assert message is not None
    bridge.settle()
    (got,) = bridge.received("shop")
    assert (got.message_id, got.headers["X-A"]) == (message.id, "1")


def test_a_paused_door_takes_nothing_from_a_scenario(bridge: Bridge) -> None:
    made = DIALECT.install(bridge.project, draft(Kind.INBOUND))
    bridge.post(f"/v1/inbound-endpoints/{made.id}/pause")
    assert DIALECT.produce(bridge.project, made, Arrival(event_type="a", payload=b"{}")) is None


def test_a_listeners_webhooks_are_never_pushed(bridge: Bridge) -> None:
    made = DIALECT.install(bridge.project, draft(Kind.INBOUND, "laptop", mode="cli"))
    message = DIALECT.produce(bridge.project, made, Arrival(event_type="a", payload=b"{}"))
    assert message is not None
    assert message.due_at is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/in", "http://localhost:9000/in"])
def test_a_project_that_really_delivers_takes_loopback(
    new_bridge: NewBridge, bridge: Bridge, url: str
) -> None:
    real = new_bridge(deliver="http")
    assert real.post("/v1/endpoints", {"url": url}).status == 201
    assert real.post("/v1/inbound-endpoints", {"url": url}).status == 201
    assert real.post("/v1/endpoints", {"url": "http://10.0.0.1/in"}).error[1] == "ENDPOINT_BLOCKED"
    assert bridge.post("/v1/endpoints", {"url": url}).error[1] == "INVALID_REQUEST"


def clients(app: Flask, bridge: Bridge, number: int) -> list[Bridge]:
    return [Bridge(app.test_client(), bridge.project, None) for _ in range(number)]


def test_one_key_makes_one_message_however_many_send_it_at_once(app: Flask, bridge: Bridge) -> None:
    endpoint = bridge.endpoint()
    with ThreadPoolExecutor(8) as pool:
        each = pool.map(
            lambda one: one.send(endpoint, {"a": 1}, idempotency_key="k"), clients(app, bridge, 16)
        )
        ids = set(each)
    assert len(ids) == 1
    assert len(bridge.get("/v1/logs").data) == 1


def test_one_url_is_given_to_one_of_many_who_ask_at_once(app: Flask, bridge: Bridge) -> None:
    body = {"url": "https://customer.app/webhooks"}
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda one: one.post("/v1/endpoints", body), clients(app, bridge, 16)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 15
    assert len({reply.body["meta"]["request_id"] for reply in replies}) == 16


def story(bridge: Bridge) -> list[bytes]:
    """A little of everything, as bytes."""
    told: list[bytes] = []
    bridge.script("shop", {"status": 503, "times": 2}, {"status": 200})
    endpoint = bridge.endpoint()
    inbound = bridge.inbound(signing_enabled=True)
    ids = [bridge.send(endpoint, {"n": number}) for number in range(3)]
    bridge.knock(inbound, b"{}")
    bridge.advance(1800)
    paths = ["/v1/endpoints", "/v1/inbound-endpoints", "/v1/logs", "/v1/inbound-logs", "/v1/metrics"]
    paths += [f"/v1/messages/{id}/attempts" for id in ids]
    for path in paths:
        told.append(json.dumps(bridge.get(path).body).encode())
    return told


def test_the_same_seed_and_the_same_requests_give_the_same_bytes(new_bridge: NewBridge) -> None:
    first, second = story(new_bridge(seed=7)), story(new_bridge(seed=7))
    assert first == second
    assert first != story(new_bridge(seed=8))


def test_the_journal_says_what_broke_the_document(bridge: Bridge) -> None:
    bridge.endpoint()
    bridge.post("/v1/endpoints", {"url": "http://customer.app/x", "burst": -1})
    bridge.get("/v1/logs?limit=0")
    rows = list(bridge.project.journal)
    assert [(row.operation, row.status, bool(row.violations)) for row in rows] == [
        ("createEndpoint", 201, False),
        ("createEndpoint", 400, True),
        ("getLogs", 400, True),
    ]


def test_the_journal_keeps_no_secret_of_a_receive_address(bridge: Bridge) -> None:
    made = bridge.inbound(verify_static_token=True, token_query_param="token", token_value="open-sesame")
    bridge.knock(made, query="?token=open-sesame&b=1")
    row = list(bridge.project.journal)[-1]
    assert (row.operation, row.status) == ("receiveWebhook", 202)
    assert row.path == f"/v1/webhooks/receive/{made['id']}/***"
    assert row.query == "token=***&b=***"


def test_what_nobody_foresaw_is_a_500_in_the_vendors_form(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_query: object) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(bridge.project.store, "endpoints", broken)
    reply = bridge.get("/v1/endpoints")
    assert reply.error == (500, "INTERNAL_ERROR", "Internal server error")
    assert "disk on fire" in caplog.text

"""The official Python client, unchanged, pointed at the reference server by its base URL alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hookbridge import AsyncHookBridge, HookBridge
from hookbridge.errors import (
    AuthenticationError,
    HookBridgeError,
    IdempotencyError,
    NotFoundError,
    ReplayLimitError,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://customer.app/webhooks"
HOST = "customer.app"


@pytest.fixture
def project(new_project: Callable[..., Any]) -> Any:
    return new_project("hookbridge", clock={"mode": "virtual", "now": START.isoformat()})


@pytest.fixture
def sdk(project: Any) -> Iterator[HookBridge]:
    facts = project.facts
    with HookBridge(
        project.api_key, base_url=facts["base_url"], send_url=facts["send_url"], retries=0
    ) as client:
        yield client


def refusal(error: pytest.ExceptionInfo[HookBridgeError]) -> tuple[int | None, str]:
    assert str(error.value.request_id).startswith("req_")
    return error.value.status_code, error.value.code


def test_an_endpoint_lives_its_life(sdk: HookBridge) -> None:
    made = sdk.create_endpoint(URL, description="Main", rate_limit_rps=10, burst=20, headers={"X-A": "1"})
    assert made.signing_secret.startswith("whsec_")
    assert made.key_hint == made.signing_secret[-4:]
    assert made.created_at == START
    shown = sdk.get_endpoint(made.id)
    assert (shown.url, shown.description, shown.rate_limit_rps, shown.burst) == (URL, "Main", 10, 20)
    assert shown.headers == {"X-A": "1"}
    sdk.update_endpoint(made.id, description="Changed")
    assert sdk.get_endpoint(made.id).description == "Changed"
    page = sdk.list_endpoints(limit=1)
    assert ([row.id for row in page.endpoints], page.has_more) == ([made.id], False)
    assert sdk.pause_endpoint(made.id).paused is True
    state = sdk.resume_endpoint(made.id)
    assert (state.paused, state.messages_requeued) == (False, 0)
    sdk.delete_endpoint(made.id)
    with pytest.raises(NotFoundError):
        sdk.get_endpoint(made.id)


def test_a_message_is_sent_held_resumed_and_delivered(sdk: HookBridge, project: Any) -> None:
    endpoint = sdk.create_endpoint(URL).id
    sdk.pause_endpoint(endpoint)
    sent = sdk.send(endpoint, {"event": "order.created"}, headers={"X-T": "t"}, idempotency_key="order-1")
    assert sent.status == "queued"
    assert (
        sdk.send(endpoint, {"event": "order.created"}, idempotency_key="order-1").message_id
        == sent.message_id
    )
    assert sdk.get_message(sent.message_id).status == "paused"
    assert sdk.resume_endpoint(endpoint).messages_requeued == 1
    project.advance(60)
    message = sdk.get_message(sent.message_id)
    assert (message.status, message.attempt_count, message.response_status) == ("succeeded", 1, 200)
    assert message.idempotency_key == "order-1"
    answer = sdk.get_message_attempts(sent.message_id)
    assert (len(answer.attempts), answer.has_more) == (1, False)
    assert answer.attempts[0].created_at == START + timedelta(minutes=1)
    assert answer.attempts[0].request_headers is not None
    assert answer.attempts[0].request_headers["X-T"] == "t"


def test_a_failing_message_is_hurried_cancelled_and_replayed(sdk: HookBridge, project: Any) -> None:
    project.receiver(HOST, {"status": 503})
    id = sdk.send(sdk.create_endpoint(URL).id, {"n": 1}).message_id
    project.drain()
    assert sdk.get_message(id).next_attempt_at == START + timedelta(minutes=30)
    sdk.retry_now(id)
    project.advance(60)
    assert sdk.get_message(id).attempt_count == 2
    sdk.cancel_retry(id)
    letters = sdk.get_dlq_messages(limit=10)
    assert ([row.message_id for row in letters.messages], letters.has_more) == ([id], False)
    sdk.replay(id)
    project.drain()
    sdk.cancel_retry(id)
    project.receiver(HOST, {"status": 200})
    sdk.replay_from_dlq(id)
    project.drain()
    message = sdk.get_message(id)
    assert (message.status, message.attempt_count, message.replay_count) == ("succeeded", 4, 2)


def test_logs_page_and_figures_add_up(sdk: HookBridge, project: Any) -> None:
    endpoint = sdk.create_endpoint(URL).id
    ids = [sdk.send(endpoint, {"n": number}).message_id for number in range(5)]
    project.advance(1)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = sdk.get_logs(status="succeeded", start_time=START, limit=2, cursor=cursor)
        seen += [row.message_id for row in page.messages]
        cursor = page.next_cursor
        if not page.has_more:
            break
    assert seen == ids[::-1]
    figures = sdk.get_metrics("1h")
    assert (figures.total_messages, figures.succeeded, figures.success_rate) == (5, 5, 1.0)
    series = sdk.get_timeseries_metrics("24h", endpoint_id=endpoint)
    assert len(series.buckets) == 24
    assert series.buckets[-1].succeeded == 5


def test_inbound_webhooks_come_in_and_are_forwarded(sdk: HookBridge, project: Any) -> None:
    made = sdk.create_inbound_endpoint(
        "https://myapp.example/stripe", name="Stripe webhooks", idempotency_header_names=["X-Event-Id"]
    )
    shown = sdk.get_inbound_endpoint(made.id)
    assert (shown.name, shown.mode, shown.paused) == ("Stripe webhooks", "forward", False)
    assert shown.idempotency_header_names == ["X-Event-Id"]
    assert [row.id for row in sdk.list_inbound_endpoints().endpoints] == [made.id]

    answer = httpx.post(made.ingest_url, json={"id": "evt_1"}, headers={"X-Event-Id": "evt_1"})
    assert answer.status_code == 202
    id = answer.json()["data"]["message_id"]
    project.drain()
    message = sdk.get_inbound_message(id)
    assert (message.status, message.inbound_endpoint_id) == ("succeeded", made.id)
    assert len(sdk.get_inbound_message_attempts(id).attempts) == 1
    assert sdk.replay_inbound_message(id).status == "queued"
    project.drain()
    entries = sdk.get_inbound_logs(inbound_endpoint_id=made.id).entries
    assert [(entry.message_id, entry.attempt_count) for entry in entries] == [(id, 2)]

    assert sdk.pause_inbound_endpoint(made.id).paused is True
    assert httpx.post(made.ingest_url, content=b"{}").status_code == 503
    assert sdk.resume_inbound_endpoint(made.id).paused is False


def test_refusals_become_the_clients_own_errors(sdk: HookBridge, project: Any) -> None:
    endpoint = sdk.create_endpoint(URL).id
    sdk.send(endpoint, {"n": 1}, idempotency_key="k")
    with pytest.raises(IdempotencyError, match="Idempotency key already used with different payload"):
        sdk.send(endpoint, {"n": 2}, idempotency_key="k")
    with pytest.raises(NotFoundError, match="Message not found"):
        sdk.get_message("01935abc-def0-7123-4567-890abcdef012")
    with pytest.raises(HookBridgeError) as error:
        sdk.resume_endpoint(endpoint)
    assert refusal(error) == (409, "NOT_PAUSED")
    with pytest.raises(HookBridgeError) as error:
        sdk.create_endpoint("http://customer.app/webhooks")
    assert refusal(error) == (400, "INVALID_REQUEST")
    with pytest.raises(HookBridgeError) as error:
        sdk.send("ep_nonexistent_12345", {})
    assert refusal(error) == (400, "INVALID_REQUEST")
    id = sdk.send(endpoint, {"n": 3}).message_id
    project.drain()
    for _ in range(10):
        sdk.replay(id)
        project.drain()
    with pytest.raises(ReplayLimitError, match="maximum number of times"):
        sdk.replay(id)


def test_a_wrong_key_is_an_authentication_error(project: Any) -> None:
    with (
        HookBridge("hb_live_wrong", base_url=project.facts["base_url"], retries=0) as stranger,
        pytest.raises(AuthenticationError, match="Invalid or missing API key"),
    ):
        stranger.list_endpoints()


def test_the_keys_of_the_project_are_listed(sdk: HookBridge, project: Any) -> None:
    (key,) = sdk.list_api_keys()
    assert project.api_key.startswith(key.prefix)
    assert key.created_at == START


async def test_the_asynchronous_client_does_the_same(project: Any) -> None:
    facts = project.facts
    client = AsyncHookBridge(
        project.api_key, base_url=facts["base_url"], send_url=facts["send_url"], retries=0
    )
    async with client:
        endpoint = (await client.create_endpoint(URL)).id
        id = (await client.send(endpoint, {"n": 1})).message_id
        project.drain()
        assert (await client.get_message(id)).status == "succeeded"
        assert (await client.pause_endpoint(endpoint)).paused is True

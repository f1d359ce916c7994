"""The lab client and the watch against the real server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from functional.console.conftest import Terminal
from functional.console.test_commands import outbound, send
from hooktop.console.model import Connection, EndpointKind, MessageState
from hooktop.console.operations.watch import Change, Watch
from hooktop.console.providers import connect as open_provider
from hooktop.console.providers import open_lab
from hooktop.console.providers.base import NotFound
from hooktop.console.providers.lab import LabClient
from hooktop.console.settings import load
from hooktop.console.stores.endpoints import EndpointStore
from hooktop.console.stores.messages import MessageStore

Connect = Callable[..., Any]


def lab() -> LabClient:
    found = open_lab(load().context())
    assert found is not None
    return found


async def test_a_receiver_is_repaired_by_the_url_of_its_endpoint(
    terminal: Terminal, connect: Connect
) -> None:
    project = connect()
    id_ = outbound(project, "a", {"status": 503})
    client = lab()
    await client.repair("https://a.receiver.example/hooks")
    (message,) = send(project, id_)
    truth = await client.truth(message)
    assert (truth.state, truth.answered_2xx, truth.endpoint_id) == ("delivered", 1, id_)
    payload = await client.payload(message)
    assert payload is not None
    assert (payload.body, payload.source) == (b'{"n":0}', "lab")
    assert any(receiver.host == "a.receiver.example" for receiver in await client.receivers())
    books = await client.books(id_)
    assert (books.accepted, books.by_state["delivered"], books.delivered_more) == (1, 1, ())
    assert (await client.clock()).mode == "virtual"
    with pytest.raises(NotFound):
        await client.truth("nobody")
    await client.aclose()


class Rig:
    """A watch on the real server, one round at a time."""

    def __init__(self) -> None:
        context = load().context()
        self.provider = open_provider(context)
        self.messages, self.endpoints, self.changes = MessageStore(), EndpointStore(), list[Change]()
        self.watch = Watch(
            self.provider,
            self.messages,
            self.endpoints,
            on_change=self.changes.append,
            budget_per_minute=100_000,
            sleep=self._sleep,
        )
        self._round = asyncio.Event()

    async def _sleep(self, seconds: float) -> None:
        self._round.set()
        await asyncio.Event().wait()

    async def rounds(self, number: int = 1) -> None:
        for _ in range(number):
            self._round.clear()
            task = asyncio.ensure_future(self.watch.run())
            await self._round.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_the_stores_follow_what_happens_elsewhere(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    id_ = outbound(project, "a", {"status": 503})
    first, _ = send(project, id_, 2)
    rig = Rig()
    await rig.rounds(2)
    assert rig.watch.complete
    assert rig.messages.states[MessageState.RETRYING] == 2
    assert [endpoint.name for endpoint in rig.endpoints.all()] == ["a"]
    project.receiver("a", {"status": 200}, host="a.receiver.example")
    assert project.http.post(f"/v1/messages/{first}/retry-now").is_success
    project.advance("PT1M")
    await rig.rounds(1)
    found = rig.messages.get(first)
    assert found is not None
    assert found.state is MessageState.DELIVERED
    assert project.http.post(f"/v1/endpoints/{id_}/pause").is_success
    await rig.rounds(1)
    assert [endpoint.name for endpoint in rig.endpoints.paused()] == ["a"]
    await rig.provider.aclose()


async def test_the_connection_is_lost_in_a_refresh_and_comes_back(
    terminal: Terminal, connect: Connect
) -> None:
    project = connect()
    send(project, outbound(project, "a"), 3)
    rig = Rig()
    await rig.rounds(2)
    project.faults({"match": {"operation": "getLogs"}, "drop": "before"})
    await rig.rounds(1)
    assert rig.watch.connection.view().state is Connection.OFFLINE
    assert rig.messages.total == 3
    project.faults({"match": {"operation": "getLogs"}, "malformed": True})
    await rig.rounds(1)
    assert rig.watch.connection.view().state is Connection.BAD_ANSWER
    project.faults()
    await rig.rounds(1)
    assert rig.watch.connection.view().state is Connection.LIVE
    assert EndpointKind.INBOUND in rig.provider.kinds
    await rig.provider.aclose()

"""One server for all tests, and a project of its own for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Self

import httpx
import pytest

from hooktop.mockserver.app import Server, start
from hooktop.mockserver.settings import ClockSetting, Settings
from judging import judged

# Nothing here speaks TLS: reading the machine's certificates for each client would be most of a test's time.
PLAIN: Any = {"timeout": 30, "verify": False, "trust_env": False}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The reference server in this process: virtual clocks, simulated deliveries, a free port."""
    running = start(Settings(port=0, clock=ClockSetting(mode="virtual")))
    yield running
    running.stop()


@pytest.fixture
def new_project(server: Server) -> Iterator[Callable[..., ProjectClient]]:
    """Make an isolated project: `new_project("convoy", profile={...}, seed=7)`."""
    with ExitStack() as opened:

        def make(api: str, **chosen: Any) -> ProjectClient:
            return opened.enter_context(ProjectClient(server.url, api, **chosen))

        yield make


class ProjectClient:
    """A project with its own client: requests carry its key, and the control calls have verbs."""

    def __init__(self, url: str, api: str, **chosen: Any) -> None:
        self.url = url
        self.api = api
        self._opened = ExitStack()
        self.control = self._opened.enter_context(httpx.Client(base_url=f"{url}/_mock/v1", **PLAIN))
        self.facts: dict[str, Any] = self._make(chosen)
        self.id: str = self.facts["id"]
        self.api_key: str = self.facts["api_key"]
        headers = {"Authorization": f"Bearer {self.api_key}"}
        client = httpx.Client(base_url=self.facts["base_url"], headers=headers, **PLAIN)
        self.http = self._opened.enter_context(client)

    def _make(self, chosen: dict[str, Any]) -> dict[str, Any]:
        made = self.control.post("/projects", json={"api": self.api, **chosen})
        if made.status_code != 201:
            self._opened.close()
            pytest.fail(f"no project: {made.text}")
        return dict(judged(made, "createProject", "mock").json()["data"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.control.delete(f"/projects/{self.id}")
        self._opened.close()

    def call(self, operation_id: str, method: str, path: str, **given: Any) -> httpx.Response:
        """One request to the project's API, its answer judged by the document."""
        return judged(self.http.request(method, path, **given), operation_id, self.api)

    def steer(self, operation_id: str, method: str, path: str = "", **given: Any) -> httpx.Response:
        """One request to the control API below this project, its answer judged by the document."""
        response = self.control.request(method, f"/projects/{self.id}{path}", **given)
        return judged(response, operation_id, "mock")

    def _data(self, operation_id: str, method: str, path: str, **given: Any) -> Any:
        response = self.steer(operation_id, method, path, **given)
        assert response.is_success, response.text
        return response.json()["data"] if response.content else None

    def advance(self, by: str | float) -> dict[str, Any]:
        """Move the project's clock; everything due in the span has happened when this returns."""
        return dict(self._data("advanceClock", "POST", "/clock/advance", json={"by": by}))

    def drain(self) -> dict[str, Any]:
        """Do what is due now."""
        return dict(self._data("drain", "POST", "/drain"))

    def receiver(self, name: str, *answers: dict[str, Any], host: str | None = None) -> None:
        """Script a receiver."""
        body: dict[str, Any] = {"answers": list(answers)} | ({"host": host} if host else {})
        self._data("setReceiver", "PUT", f"/receivers/{name}", json=body)

    def deliveries(self, name: str) -> list[dict[str, Any]]:
        """What a receiver got, newest first."""
        return list(self._data("listReceiverDeliveries", "GET", f"/receivers/{name}/deliveries"))

    def faults(self, *rules: dict[str, Any]) -> None:
        """Set the fault rules."""
        self._data("setFaults", "PUT", "/faults", json={"rules": list(rules)})

    def truth(self, message_id: str) -> dict[str, Any]:
        """The message as the engine keeps it."""
        return dict(self._data("getMessageTruth", "GET", f"/messages/{message_id}"))

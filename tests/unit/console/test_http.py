"""The one session: errors by their cause, what is repeated and what never is, and that the key stays inside."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import httpx
import pytest

from hooktop.console.providers.base import (
    AnswerLost,
    AuthFailed,
    BadAnswer,
    Exchange,
    NotFound,
    ProviderError,
    RateLimited,
    ReadOnly,
    Refused,
    Unreachable,
)
from unit.console.wire import KEY, Wire, data, error, refused, reply, reset, timeout

HTML = httpx.Response(200, headers={"Content-Type": "text/html"}, content=b"<html>Sign in</html>")
HALF = httpx.Response(200, headers={"Content-Type": "application/json"}, content=b'{"data": [1, 2')


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(400, "INVALID_REQUEST"), Refused),
        (error(401, "UNAUTHORIZED"), AuthFailed),
        (error(403, "FORBIDDEN"), AuthFailed),
        (error(404, "NOT_FOUND"), NotFound),
        (error(400, "ENDPOINT_NOT_FOUND"), NotFound),
        (error(409, "ALREADY_PAUSED"), Refused),
        (error(410, "RETENTION_EXPIRED"), Refused),
        (error(429, "RATE_LIMITED", Retry_After="7"), RateLimited),
        (error(429, "REPLAY_LIMIT_EXCEEDED"), Refused),
        (error(500, "INTERNAL"), Unreachable),
        (HTML, BadAnswer),
        (HALF, BadAnswer),
        (httpx.Response(200), BadAnswer),
        (httpx.Response(302, headers={"Location": "https://login.example"}), BadAnswer),
        (httpx.Response(418, content=b"short and stout"), BadAnswer),
        (timeout(), AnswerLost),
        (refused(), Unreachable),
        (reset(), Unreachable),
    ],
    ids=str,
)
async def test_each_answer_to_a_read_becomes_one_exception(
    answer: httpx.Response | Exception, expected: type[ProviderError]
) -> None:
    session = Wire().on("GET", "/x", answer).session()
    with pytest.raises(ProviderError) as caught:
        await session.get("/x")
    assert type(caught.value) is expected


@pytest.mark.parametrize("answer", [timeout(), reset(), error(500, "INTERNAL"), error(503, "DOWN")], ids=str)
async def test_a_change_without_a_clear_answer_is_lost_and_is_sent_once(
    answer: httpx.Response | Exception,
) -> None:
    wire = Wire().on("POST", "/x", answer)
    with pytest.raises(AnswerLost):
        await wire.session().send("POST", "/x")
    assert len(wire.asked) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_request_that_never_left_is_repeated_once(method: str) -> None:
    wire = Wire().on(method, "/x", refused(), data({}))
    session = wire.session()
    await (session.get("/x") if method == "GET" else session.send("POST", "/x"))
    assert len(wire.asked) == 2


async def test_it_is_not_repeated_a_second_time() -> None:
    wire = Wire().on("GET", "/x", refused())
    with pytest.raises(Unreachable, match=r"no connection to api\.example"):
        await wire.session().get("/x")
    assert len(wire.asked) == 2


async def test_a_read_whose_connection_broke_is_repeated() -> None:
    wire = Wire().on("GET", "/x", reset(), data({"a": 1}))
    assert (await wire.session().get("/x")).body["data"] == {"a": 1}


async def test_a_read_only_session_opens_no_socket_for_a_change() -> None:
    wire = Wire().on("POST", "/x", data({}))
    with pytest.raises(ReadOnly):
        await wire.session(read_only=True).send("POST", "/x")
    assert wire.asked == []


async def test_a_read_only_session_reads() -> None:
    wire = Wire().on("GET", "/x", data({}))
    await wire.session(read_only=True).get("/x")
    assert wire.paths() == ["/x"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("", 5.0), ("soon", 5.0), ("99999999", 3600.0), ("Fri, 20 Nov 2026 10:00:30 GMT", 30.0)],
)
async def test_retry_after_in_every_form(header: str, seconds: float) -> None:
    now = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
    session = Wire().on("GET", "/x", error(429, "BURST", Retry_After=header)).session(clock=lambda: now)
    with pytest.raises(RateLimited) as caught:
        await session.get("/x")
    assert caught.value.retry_after_s == seconds


async def test_the_time_of_the_server_comes_with_every_answer() -> None:
    session = Wire().on("GET", "/x", error(404, "NOT_FOUND")).session()
    assert session.server_time is None
    with pytest.raises(NotFound):
        await session.get("/x")
    assert session.server_time == datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("broken", ["", "yesterday", "Fri, 99 Nov 2026"])
async def test_a_broken_date_is_no_time(broken: str) -> None:
    session = Wire().on("GET", "/x", reply({}, Date=broken)).session()
    await session.get("/x")
    assert session.server_time is None


async def test_the_key_is_sent_and_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[Exchange] = []
    wire = Wire().on("GET", "/x", error(400, "INVALID", f"the key {KEY} is odd"))
    session = wire.session(on_exchange=seen.append)
    with pytest.raises(Refused) as caught:
        await session.get("/x", {"q": "1"})
    assert wire.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    shown = f"{caught.value!r} {caught.value} {session!r} {seen} {caplog.text}"
    assert KEY not in shown
    assert "the key *** is odd" in shown


async def test_every_exchange_is_told() -> None:
    seen: list[Exchange] = []
    session = Wire().on("GET", "/x", data({})).on("GET", "/y", refused()).session(on_exchange=seen.append)
    await session.get("/x", {"limit": 5})
    with pytest.raises(Unreachable):
        await session.get("/y")
    first, second = seen
    assert (first.method, first.path, first.status, first.request_id) == ("GET", "/x?limit=5", 200, "req_1")
    assert (second.path, second.status) == ("/y", None)
    assert "Connection refused" in second.error


async def test_a_message_of_the_server_is_one_short_line() -> None:
    session = Wire().on("GET", "/x", error(400, "INVALID", "a\nb" * 1000)).session()
    with pytest.raises(Refused) as caught:
        await session.get("/x")
    assert "\n" not in caught.value.message
    assert len(caught.value.message) <= 300

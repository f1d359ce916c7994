"""Input that no honest client sends: always the client's error, never a 500, a traceback or a standstill."""

import socket
from urllib.parse import urlsplit

import httpx
import pytest

SEND = "/v1/webhooks/send"


@pytest.fixture
def project(new_project):
    return new_project("hookbridge")


def talk(project, head, body=b"", *, close=False):
    """The raw answer to raw bytes; `head` is the request line and further headers."""
    place = urlsplit(project.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as wire:
        key = f"Host: x\r\nAuthorization: Bearer {project.api_key}\r\n\r\n".encode()
        wire.sendall(head + key + body)
        if close:
            wire.shutdown(socket.SHUT_WR)
        return wire.recv(65536)


@pytest.mark.parametrize(
    "body",
    [
        {"by": 1e18},
        {"by": 1e300},
        {"by": "9" * 5000},
        {"by": "P999999999999D"},
        {"by": -5},
        {"by": True},
        {"to": "9999-12-31T23:59:59-14:00"},
        {"to": "0001-01-01T00:00:00+14:00"},
        {"to": "2020-01-01T00:00:00Z"},
        {"by": 1, "max_steps": 0},
    ],
    ids=str,
)
def test_a_clock_that_cannot_be_moved_so_stays(project, body):
    before = project.steer("getClock", "GET", "/clock").json()["data"]
    answer = project.steer("advanceClock", "POST", "/clock/advance", json=body)
    assert answer.status_code in (400, 409), answer.text
    assert project.steer("getClock", "GET", "/clock").json()["data"] == before


@pytest.mark.parametrize(
    "clock",
    [
        {"mode": "virtual", "now": "9999-12-31T23:59:59Z"},
        {"mode": "virtual", "speed": 3},
        {"mode": "real", "speed": 3},
        {"mode": "scaled", "speed": 0},
    ],
    ids=str,
)
def test_a_clock_that_cannot_be(project, clock):
    assert project.steer("setClock", "PUT", "/clock", json=clock).status_code == 400


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "x", "1_0"])
@pytest.mark.parametrize("path", ["/journal?cursor=", "/journal?limit=", "/receivers/r/deliveries?cursor="])
def test_a_number_that_is_none(project, path, number):
    answer = project.control.get(f"/projects/{project.id}{path}{number}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_REQUEST"


def test_a_status_that_is_none(project):
    answer = project.http.get("/v1/endpoints", headers={"Prefer": b"code=\xb2"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "rule", [{"probability": None, "status": 503}, {"latency_ms": 0, "times": None}], ids=str
)
def test_null_in_a_fault_rule_is_nothing_said(project, rule):
    assert project.steer("setFaults", "PUT", "/faults", json={"rules": [rule]}).status_code == 200


def test_a_fault_may_not_hold_a_caller_for_ever(project):
    answer = project.steer("setFaults", "PUT", "/faults", json={"rules": [{"latency_ms": 10**9}]})
    assert answer.status_code == 400
    assert "rules[0].latency_ms" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Length: -5\r\n", b""),
        (b"Content-Length: \xb2\r\n", b""),
        (b"Content-Length: 100\r\n", b"{"),
        (b"Transfer-Encoding: chunked\r\n", b"zz\r\n"),
        (b"Transfer-Encoding: chunked\r\n", b"5\r\nab"),
    ],
)
def test_a_body_that_is_not_what_its_headers_say(project, caplog, headers, body):
    with caplog.at_level("ERROR", logger="hooktop"):
        answer = talk(project, f"POST {SEND} HTTP/1.1\r\n".encode() + headers, body, close=True)
    assert answer.startswith(b"HTTP/1.1 400")
    assert not caplog.records


def test_requests_sent_in_one_go_are_answered_one_by_one(project):
    place = urlsplit(project.url)
    asked = b"GET /_mock/healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection((place.hostname, place.port), timeout=10) as wire:
        wire.sendall(asked * 3 + asked[:20])
        got = b""
        while got.count(b"HTTP/1.1 200") < 3 or not got.endswith(b"}"):
            got += wire.recv(65536)
        wire.sendall(asked[20:])
        assert wire.recv(65536).startswith(b"HTTP/1.1 200")


def test_slow_clients_do_not_keep_others_out(project):
    place = urlsplit(project.url)
    slow = [socket.create_connection((place.hostname, place.port)) for _ in range(24)]
    try:
        for number, wire in enumerate(slow):
            begun = (
                b"GET /v1/endpoints HTTP/1.1\r\nX-" if number % 2 else b"POST /v1/webhooks/send HTTP/1.1\r\n"
            )
            wire.sendall(begun)
        assert httpx.get(f"{project.url}/_mock/healthz", timeout=5).status_code == 200
    finally:
        for wire in slow:
            wire.close()


@pytest.mark.parametrize(
    ("field", "value"),
    [("url", "https://a.example/\r\nX: y"), ("url", "https://\u0000"), ("rate_limit", 10**18 * 10**2)],
)
def test_what_the_other_api_must_not_keep(new_project, field, value):
    partners = new_project("convoy")
    body = f'{{"name": "a", "url": "https://a.example", "{field}": {_json(value)}}}'
    answer = partners.http.post(f"/v1/projects/{partners.id}/endpoints", content=body)
    assert answer.status_code == 400


def _json(value):
    return (
        str(value)
        if isinstance(value, int)
        else '"' + value.encode("unicode_escape").decode().replace("\\x", "\\u00") + '"'
    )


@pytest.mark.parametrize(("given", "shown"), [("²", 20), ("1_0", 20), ("9" * 30, 20), ("+7", 7)])
def test_a_page_size_that_is_no_number_is_the_usual_one(new_project, given, shown):
    partners = new_project("convoy")
    answer = partners.http.get(f"/v1/projects/{partners.id}/eventdeliveries", params={"perPage": given})
    assert answer.json()["data"]["pagination"]["per_page"] == shown

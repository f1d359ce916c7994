"""Real HTTP to a real receiver on loopback, and never to anybody else."""

from __future__ import annotations

import socket
import threading

import pytest

from hooktop.mockserver.delivery.model import AnswerError, Endpoint, Message
from hooktop.mockserver.engine.http_transport import AddressBlocked, AddressGuard, HttpTransport, is_loopback
from hooktop.mockserver.engine.transport import BODY_KEPT, Delivery
from unit.engine.loopback import Receiver


@pytest.fixture
def transport():
    transport = HttpTransport(AddressGuard(), connect_timeout_s=2, timeout_s=2)
    yield transport
    transport.close()


@pytest.fixture
def receiver(request):
    receivers = []

    def make(answer=lambda got: (200, {"X-Seen": "1"}, b"thanks")):
        receivers.append(Receiver(answer))
        return receivers[-1]

    yield make
    for made in receivers:
        made.close()


def delivery(url, payload=b'{"b":1,"a":2}', headers=None):
    return Delivery(
        endpoint=Endpoint(id="e", url=url),
        message=Message(id="m", endpoint_id="e"),
        payload=payload,
        headers={"Content-Type": "application/json", "X-Signature": "s", **(headers or {})},
        at=0,
        number=1,
    )


def test_exactly_the_signed_bytes_and_headers_arrive(transport, receiver):
    to = receiver()
    answer = transport.deliver(delivery(to.url("/a?b=c")))
    assert (answer.status, answer.body, answer.headers["X-Seen"]) == (200, b"thanks", "1")
    (got,) = to.got
    assert (got.path, got.body) == ("/a?b=c", b'{"b":1,"a":2}')
    assert (got.headers["X-Signature"], got.headers["User-Agent"]) == ("s", "hooktop")


def test_connections_are_kept_and_told(transport, receiver):
    to = receiver()
    first, second = (transport.deliver(delivery(to.url())) for _ in range(2))
    assert (first.conn_reused, first.resolved_ip) == (False, "127.0.0.1")
    assert (second.conn_reused, second.resolved_ip) == (True, "127.0.0.1")
    assert set(first.timings) == {"dns", "connect", "wait", "read"}
    assert first.latency_ms >= 0


def test_a_redirect_is_an_answer_and_is_not_followed(transport, receiver):
    to = receiver(lambda got: (302, {"Location": "/elsewhere"}, b""))
    assert transport.deliver(delivery(to.url())).status == 302
    assert len(to.got) == 1


def test_only_the_beginning_of_a_long_answer_is_kept(transport, receiver):
    to = receiver(lambda got: (200, {}, b"x" * (BODY_KEPT + 100_000)))
    answer = transport.deliver(delivery(to.url()))
    assert (answer.status, len(answer.body)) == (200, BODY_KEPT)


def test_a_connection_closed_without_an_answer_is_a_reset(transport, receiver):
    def hang_up(got):
        raise ConnectionAbortedError

    answer = transport.deliver(delivery(receiver(hang_up).url()))
    assert (answer.status, answer.error) == (None, AnswerError.RESET)


def test_a_receiver_that_never_answers_is_a_timeout():
    transport = HttpTransport(AddressGuard(), timeout_s=0.1)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        answer = transport.deliver(delivery(f"http://127.0.0.1:{deaf.getsockname()[1]}/"))
    transport.close()
    assert (answer.error, answer.error_text) == (AnswerError.TIMEOUT, "connection timeout")


def test_a_closed_port_is_refused(transport):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert transport.deliver(delivery(f"http://127.0.0.1:{port}/")).error is AnswerError.REFUSED


def test_plain_http_spoken_to_tls_is_a_tls_error(transport, receiver):
    to = receiver()
    assert transport.deliver(delivery(to.url().replace("http:", "https:"))).error is AnswerError.TLS


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://192.168.1.1/",
        "http://0.0.0.0/",
        "http://[fe80::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://8.8.8.8/",
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://2130706433.example/",
    ],
)
def test_nobody_but_loopback_is_dialled(url):
    asked = []

    def resolver(host, port):
        asked.append(host)
        return [host]

    transport = HttpTransport(AddressGuard(resolve=resolver))
    answer = transport.deliver(delivery(url))
    transport.close()
    assert answer.error is AnswerError.BLOCKED
    assert asked == [], "a name that is not allowed must not even be looked up"


def test_every_address_of_a_name_is_checked():
    guard = AddressGuard(resolve=lambda host, port: ["127.0.0.1", "10.0.0.1"])
    with pytest.raises(AddressBlocked, match=r"10\.0\.0\.1"):
        guard.addresses("localhost", 80)


def test_a_name_that_changes_its_address_is_resolved_once_for_each_connection(receiver):
    to = receiver()
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    guard = AddressGuard(resolve=lambda host, port: next(answers))
    transport = HttpTransport(guard)
    url = f"http://localhost:{to.port}/"
    assert transport.deliver(delivery(url)).resolved_ip == "127.0.0.1"
    transport.close()
    assert transport.deliver(delivery(url)).error is AnswerError.BLOCKED
    assert len(to.got) == 1


def test_a_host_allowed_by_name_may_be_anywhere(receiver):
    to = receiver()
    guard = AddressGuard(["Hooks.Test"], resolve=lambda host, port: ["127.0.0.1"])
    transport = HttpTransport(guard)
    answer = transport.deliver(delivery(f"http://hooks.test:{to.port}/"))
    transport.close()
    assert answer.status == 200
    assert to.got[0].headers["Host"] == f"hooks.test:{to.port}"


def test_a_name_without_an_address_is_a_dns_error():
    def nowhere(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    transport = HttpTransport(AddressGuard(["gone.test"], resolve=nowhere))
    answer = transport.deliver(delivery("http://gone.test/"))
    transport.close()
    assert (answer.error, answer.error_text) == (AnswerError.DNS, "host not found")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::1%lo", True),
        ("128.0.0.1", False),
        ("::", False),
        ("0.0.0.0", False),
        ("localhost", False),
        ("", False),
        ("0x7f000001", False),
        ("2130706433", False),
    ],
)
def test_what_loopback_is(address, expected):
    assert is_loopback(address) is expected


def test_many_threads_share_the_transport(transport, receiver):
    to = receiver()
    statuses = []

    def work():
        statuses.extend(transport.deliver(delivery(to.url())).status for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80

"""Deliveries over real HTTP: pooled, without redirects, with limits of time and size, to allowed addresses only."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from hooktop.mockserver.delivery.model import Answer, AnswerError
from hooktop.mockserver.engine.transport import BODY_KEPT, Delivery

USER_AGENT = "hooktop"
_CHUNK = 16 * 1024

Resolve = Callable[[str, int], Iterable[str]]


class AddressBlocked(Exception):
    """The address is neither loopback nor allowed by name."""


class _Dial(threading.local):
    """What the connection that this thread is opening has found out."""

    opened: bool = False
    ip: str = ""
    dns_ms: int = 0
    connect_ms: int = 0


_dial = _Dial()


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, in the resolver's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class AddressGuard:
    """Decides whom the server may dial: loopback, and hosts allowed by name."""

    def __init__(self, allowed_hosts: Iterable[str] = (), resolve: Resolve = resolve) -> None:
        self._allowed = frozenset(host.lower() for host in allowed_hosts)
        self._resolve = resolve

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses to dial, resolved once. Raises AddressBlocked when any of them may not be dialled.

        A name that is not allowed and cannot be loopback is not even looked up.
        """
        host = host.strip("[]").lower().rstrip(".")
        if host in self._allowed:
            return list(self._resolve(host, port))
        if not _may_be_loopback(host):
            raise AddressBlocked(f"{host} is neither loopback nor an allowed host")
        addresses = list(self._resolve(host, port))
        for address in addresses:
            if not is_loopback(address):
                raise AddressBlocked(f"{host} is {address}, which is not loopback")
        return addresses


def _may_be_loopback(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost") or is_loopback(host)


def is_loopback(address: str) -> bool:
    """Whether text is a loopback address; IPv4 inside IPv6 counts as the IPv4 it is."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


class HttpTransport:
    """Sends deliveries with urllib3. Give it to the scheduler; `close` it at the end."""

    def __init__(
        self,
        guard: AddressGuard | None = None,
        *,
        connect_timeout_s: float = 5.0,
        timeout_s: float = 30.0,
        connections: int = 64,
    ) -> None:
        self._timeout_s = timeout_s
        self._timeout = urllib3.Timeout(connect=connect_timeout_s, read=timeout_s)
        self._manager = urllib3.PoolManager(num_pools=256, maxsize=connections, retries=False)
        self._manager.pool_classes_by_scheme = _guarded_pools(guard or AddressGuard())
        self._ips: dict[tuple[str, int | None], str] = {}

    def deliver(self, delivery: Delivery) -> Answer:
        """POST the payload; whatever goes wrong is an Answer with an error."""
        _dial.opened, _dial.ip, _dial.dns_ms, _dial.connect_ms = False, "", 0, 0
        started = perf_counter()
        try:
            answer = self._post(delivery, started)
        except (AddressBlocked, HTTPError, OSError, ValueError) as error:
            kind = _kind_of(error)
            answer = Answer(error=kind, error_text=_line(kind, error), latency_ms=_ms(started))
        return self._told(answer, delivery.url)

    def close(self) -> None:
        """Close all connections."""
        self._manager.clear()

    def _post(self, delivery: Delivery, started: float) -> Answer:
        headers = {"User-Agent": USER_AGENT, **delivery.headers}
        response = self._manager.request(
            "POST",
            delivery.url,
            body=delivery.payload,
            headers=headers,
            timeout=self._timeout,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        wait_ms = _ms(started)
        try:
            body, is_whole = _read(response, started + self._timeout_s)
            if not is_whole:
                response.close()
        finally:
            response.release_conn()
        latency_ms = _ms(started)
        return Answer(
            status=response.status,
            headers=dict(response.headers.items()),
            body=body,
            latency_ms=latency_ms,
            timings={"wait": wait_ms, "read": latency_ms - wait_ms},
        )

    def _told(self, answer: Answer, url: str) -> Answer:
        """Add what the connection knows: whether it is new, to which address, how long it took to open."""
        try:
            target = urllib3.util.parse_url(url)
        except LocationParseError:
            return answer
        place = (target.host or "", target.port)
        if not _dial.opened:
            return replace(answer, resolved_ip=self._ips.get(place, ""), conn_reused=answer.error is None)
        self._ips[place] = _dial.ip
        timings: Mapping[str, int] = {"dns": _dial.dns_ms, "connect": _dial.connect_ms, **answer.timings}
        return replace(answer, resolved_ip=_dial.ip, timings=timings)


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> tuple[bytes, bool]:
    """The first bytes of a body, and whether that was all. A slow drip ends at the deadline."""
    body = bytearray()
    while len(body) <= BODY_KEPT:
        if perf_counter() > deadline:
            raise ReadTimeoutError(None, "", "the answer took too long")  # type: ignore[arg-type]  # no pool here
        chunk = response.read(_CHUNK)
        if not chunk:
            return bytes(body[:BODY_KEPT]), True
        body += chunk
    return bytes(body[:BODY_KEPT]), False


def _kind_of(error: Exception) -> AnswerError:
    if isinstance(error, AddressBlocked):
        return AnswerError.BLOCKED
    # From the special to the general: urllib3 derives its kinds of failure to connect from one another.
    if isinstance(error, (NameResolutionError, socket.gaierror)):
        return AnswerError.DNS
    if isinstance(error, (NewConnectionError, ConnectionRefusedError)):
        return AnswerError.REFUSED
    if isinstance(error, (ConnectTimeoutError, ReadTimeoutError, TimeoutError)):
        return AnswerError.TIMEOUT
    return AnswerError.TLS if isinstance(error, SSLError) else AnswerError.RESET


_LINES = {
    AnswerError.TIMEOUT: "connection timeout",
    AnswerError.REFUSED: "connection refused",
    AnswerError.RESET: "connection reset by peer",
    AnswerError.DNS: "host not found",
}


def _line(kind: AnswerError, error: Exception) -> str:
    return _LINES.get(kind) or str(error)


def _ms(started: float) -> int:
    return round((perf_counter() - started) * 1000)


def _guarded_pools(guard: AddressGuard) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections ask the guard, once, and dial exactly the addresses it has checked."""

    def dial(connection: HTTPConnection) -> socket.socket:
        started = perf_counter()
        try:
            addresses = guard.addresses(connection.host, connection.port)
        except socket.gaierror as error:
            raise NameResolutionError(connection.host, connection, error) from error
        _dial.opened, _dial.dns_ms = True, _ms(started)
        return _connect(connection, addresses)

    class GuardedHTTP(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self)

    class GuardedHTTPS(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self)

    class HTTPPool(HTTPConnectionPool):
        ConnectionCls = GuardedHTTP

    class HTTPSPool(HTTPSConnectionPool):
        ConnectionCls = GuardedHTTPS

    return {"http": HTTPPool, "https": HTTPSPool}


def _connect(connection: HTTPConnection, addresses: list[str]) -> socket.socket:
    failure: OSError = OSError("no address")
    for address in addresses:
        started = perf_counter()
        try:
            sock = socket.create_connection((address, connection.port), timeout=_seconds(connection.timeout))
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, f"{address} did not answer") from error
        except OSError as error:
            failure = error
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _dial.ip, _dial.connect_ms = address, _ms(started)
        return sock
    raise NewConnectionError(connection, f"cannot connect: {failure}") from failure


def _seconds(timeout: Any) -> float | None:
    return float(timeout) if isinstance(timeout, (int, float)) else None

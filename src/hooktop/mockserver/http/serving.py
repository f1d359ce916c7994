"""The listening socket: cheroot, kept alive for as many clients as come, and stopped without cutting an answer."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, Final

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10
from cheroot.wsgi import Server as CherootServer

from hooktop.mockserver.http.wire import make_file

log = logging.getLogger("hooktop.mockserver")

IDLE_S: Final = 75
"""How long a kept connection may be silent; longer than common clients' pools keep theirs."""
READ_S: Final = 10
"""How long a request that has begun may be silent: until then its reader is a thread that nobody else has."""
FREE_THREADS: Final = 2
"""So many threads are kept free of requests that only wait."""
MOST_THREADS: Final = 256
RELIEF_S: Final = 0.2
"""How long requests may stand in line with none being answered before there are more threads."""
CALM_TURNS: Final = 25
"""After so many looks at a line that moved, threads beyond the first ones are sent home."""
CUT_OFF_S: Final = 1
"""So long before the end of its time a stop hangs up on those who are still being read from."""
QUIET_S: Final = 0.15
"""A server that is stopping waits for this much silence before it closes what is still open."""

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Gateway(Gateway_10):
    """Cheroot's gateway, with a way to hang up and the wish to close while the server stops."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override] # the stub says None
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call] # so is the stub
        environ["hooktop.drop"] = self._drop
        return environ

    def respond(self) -> None:
        listener: Listener = self.req.server.listener
        listener.enter()
        try:
            super().respond()
        finally:
            listener.leave()

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any | None = None
    ) -> Callable[[bytes], object]:
        if self.req.server.listener.stopping or any(
            name == "Connection" and value == "close" for name, value in headers
        ):
            headers = [pair for pair in headers if pair[0] != "Connection"]
            self.req.close_connection = True
        write: Callable[[bytes], object] = super().start_response(status, headers, exc_info)
        return write

    def _drop(self) -> None:
        """Hang up; what is written afterwards meets a broken pipe, which cheroot passes over."""
        self.req.conn.socket.shutdown(socket.SHUT_RDWR)


class _Request(HTTPRequest):
    """Cheroot's request, which also refuses a length below nothing."""

    def read_request_headers(self) -> bool:
        if not super().read_request_headers():  # type: ignore[no-untyped-call] # the stub says nothing
            return False
        if self.inheaders.get(b"Content-Length", b"").startswith(b"-"):
            self.simple_response("400 Bad Request", "Malformed Content-Length Header.")
            return False
        return True


class _Connection(HTTPConnection):
    """Cheroot's connection, less patient with who has begun to speak than with who is silent."""

    RequestHandlerClass = _Request

    def __init__(self, server: CherootServer, sock: socket.socket, *_theirs: Any) -> None:
        super().__init__(server, sock, make_file)
        sock.settimeout(READ_S)


class _Server(CherootServer):
    """Cheroot's server, speaking to our log."""

    ConnectionClass = _Connection

    listener: Listener
    _connections: Any

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        if self.listener.stopping:
            level = logging.DEBUG  # doors that close on somebody are meant to
        log.log(level, "%s", msg, exc_info=traceback)


class Listener:
    """Serves one WSGI application on one address, in threads of its own."""

    def __init__(self, host: str, port: int, *, threads: int = 2) -> None:
        self._server = _Server((host, port), None, numthreads=threads, server_name="hooktop")
        self._server.listener = self
        self._server.gateway = _Gateway
        self._server.keep_alive_conn_limit = None  # type: ignore[assignment] # the stub forgets that None is no limit
        self._server.timeout = IDLE_S
        self._server.request_queue_size = 1024
        self._server.expiration_interval = 0.1
        self._server.max_request_body_size = 64 * 1024 * 1024
        self._thread: Thread | None = None
        self._lock = Lock()
        self._threads = self._least = threads
        self._waits = 0
        self._busy = 0
        self._answered = 0
        self._ended = Event()
        self._last_seen = 0.0
        self.stopping = False

    def bind(self) -> int:
        """Take the address and answer the port; nothing is served yet. Raises OSError when it is taken."""
        self._server.prepare()
        port: int = self._server.socket.getsockname()[1]
        return port

    def serve(self, app: WsgiApp) -> None:
        """Answer requests with `app` in the background until `stop`."""
        self._server.wsgi_app = app
        self._thread = Thread(target=self._server.serve, name="hooktop-listener", daemon=True)
        self._thread.start()
        Thread(target=self._relieve, name="hooktop-relief", daemon=True).start()

    def enter(self) -> None:
        """A request has been read."""
        with self._lock:
            self._busy += 1
            self._last_seen = monotonic()

    def leave(self) -> None:
        """A request has been answered."""
        with self._lock:
            self._busy -= 1
            self._answered += 1
            self._last_seen = monotonic()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around a request that only waits: others find threads all the same."""
        with self._lock:
            self._waits += 1
            short = self._threads < self._waits + FREE_THREADS
        if short:
            self._grow(FREE_THREADS)
        try:
            yield
        finally:
            with self._lock:
                self._waits -= 1

    def _relieve(self) -> None:
        """Whenever requests stand in line and none is answered, all threads are held up: start as many more.

        Few threads answer faster than many, so that there are no more than needed: slow clients and long
        calls are what the others are for.
        """
        answered, calm = -1, 0
        while not self._ended.wait(RELIEF_S):
            if self._server.requests.qsize and answered == self._answered:
                self._grow(self._threads)
                calm = 0
            elif (calm := calm + 1) >= CALM_TURNS:
                self._shrink()
                calm = 0
            answered = self._answered

    def _shrink(self) -> None:
        """Send home the threads that were needed once and are idle now."""
        pool = self._server.requests
        pool.shrink(0)  # only now the pool forgets those who have gone since the last time
        with self._lock:
            by = min(pool.idle - FREE_THREADS, self._threads - self._least)
            self._threads -= max(0, by)
        if by > 0:
            pool.shrink(by)

    def _grow(self, by: int) -> None:
        with self._lock:
            by = min(by, MOST_THREADS - self._threads)
            self._threads += by
        if by > 0:
            self._server.requests.grow(by)

    def stop(self, timeout: float = 4.0) -> None:
        """Take no new connection, answer all requests under way and those already sent, then close."""
        self._ended.set()
        if self._thread is None:
            self._server.stop()
            return
        self.stopping = True
        self._last_seen = monotonic()
        self._refuse_new()
        self._await_silence(timeout - CUT_OFF_S)
        self._hang_up_on_who_waits()
        self._server.shutdown_timeout = CUT_OFF_S
        self._server.stop()
        self._thread.join(2)
        self._thread = None

    def _refuse_new(self) -> None:
        """Close the door, after letting in who already stood in the queue."""
        manager = self._server._connections
        listening: socket.socket = self._server.socket
        manager._selector.unregister(listening.fileno())
        listening.settimeout(0)
        while (waiting := manager._from_server_socket(listening)) is not None:
            self._server.process_conn(waiting)
        self._server.socket = None
        listening.close()

    def _hang_up_on_who_waits(self) -> None:
        """Nobody will come to serve who stands in line by now, and threads must not begin with them."""
        with suppress(Empty):
            while True:
                self._server.requests.get(block=False).close()

    def _await_silence(self, timeout: float) -> None:
        deadline = monotonic() + timeout
        pause = Event()
        while monotonic() < deadline:
            with self._lock:
                if not self._busy and monotonic() - self._last_seen > QUIET_S:
                    return
            pause.wait(0.01)

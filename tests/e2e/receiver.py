"""A receiver of webhooks as a process of its own: fails or answers as told, checks signatures, counts what it accepted.

Run as ``python receiver.py SECRET_FILE``; prints its port. ``PUT /control`` sets the status it answers;
``GET /control`` gives what it saw. Everything else is a webhook.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock


class State:
    """What the receiver answers and what it has seen."""

    def __init__(self, secret_file: Path) -> None:
        self.secret_file = secret_file
        self.status = 200
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.bad_signatures: list[str] = []
        self.lock = Lock()

    def signature_is_good(self, headers: dict[str, str], body: bytes) -> bool:
        secret = self.secret_file.read_text().strip().encode()
        signed = headers["x-webhook-timestamp"].encode() + b"." + body
        wanted = "sha256=" + hmac.new(secret, signed, hashlib.sha256).hexdigest()
        given = headers["x-webhook-signature"].split(",")
        return any(hmac.compare_digest(wanted, one) for one in given)

    def webhook(self, headers: dict[str, str], body: bytes) -> int:
        message_id = headers.get("x-webhook-id", "")
        with self.lock:
            if not self.signature_is_good(headers, body):
                self.bad_signatures.append(message_id)
                return 401
            (self.accepted if self.status < 300 else self.refused)[message_id] += 1
            return self.status


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    state: State

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, content: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        body = self.body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.answer(self.state.webhook(headers, body))

    def do_PUT(self) -> None:
        self.state.status = json.loads(self.body())["status"]
        self.answer(204)

    def do_GET(self) -> None:
        with self.state.lock:
            seen = {
                "accepted": dict(self.state.accepted),
                "refused": dict(self.state.refused),
                "bad_signatures": self.state.bad_signatures,
            }
        self.answer(200, json.dumps(seen).encode())

    def log_message(self, format: str, *args: object) -> None:
        return


def main() -> None:
    Handler.state = State(Path(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

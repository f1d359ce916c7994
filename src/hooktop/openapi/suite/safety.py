"""What may leave for a target: read-only, only what this run made, or everything. The guard sits in the transport.

Nothing else decides: whatever a case, a set-up or a cleanup wants to send passes here last.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from hooktop.openapi.documents import Operation

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ID_FIELDS: Final = ("id", "uid", "message_id")
PARENT_FIELDS: Final = ("endpoint_id", "inbound_endpoint_id")
PARENT_QUERIES: Final = ("endpointId", "endpoint_id", "eventId")
TENANT_PARAMETERS: Final = frozenset({"projectID"})
"""Path parameters that name the tenant itself, which nobody in it can own."""

Find = Callable[[str, str], tuple[Operation, dict[str, str]] | None]


class Safety(StrEnum):
    """How much a run may change."""

    READ_ONLY = "read-only"
    TENANT = "tenant"
    """Make objects, and change only what this run made."""
    FULL = "full"


class Unsafe(Exception):
    """The safety level forbids this request; it has not been sent."""


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def default_level(url: str) -> Safety:
    """Everything on this machine, reading only anywhere else."""
    return Safety.FULL if is_loopback(url) else Safety.READ_ONLY


class Guard:
    """Decides about each request, and learns from the answers which objects are ours."""

    def __init__(self, safety: Safety, find: Find, control_prefix: str = "/_mock/") -> None:
        self.safety = safety
        self._find = find
        self._control = control_prefix
        self._owned: set[str] = set()
        self._lock = Lock()

    def check(self, method: str, path: str, query: str, body: bytes) -> None:
        """Let the request pass, or raise Unsafe."""
        if method in SAFE_METHODS or self.safety is Safety.FULL:
            return
        if self.safety is Safety.READ_ONLY:
            raise Unsafe(f"safety read-only: {method} {path} was not sent")
        if path.startswith(self._control):
            return
        foreign = [name for name in self._claimed(method, path, query, body) if name not in self._owned]
        if foreign:
            raise Unsafe(
                f"safety tenant: {method} {path} was not sent, {foreign[0]} was not made by this run"
            )

    def learn(self, method: str, path: str, status: int, body: Any) -> None:
        """Remember the objects that an answer shows to be made by this run."""
        if self.safety is not Safety.TENANT or not 200 <= status < 300:
            return
        with self._lock:
            for item in _objects(body):
                made = method not in SAFE_METHODS or any(
                    item.get(name) in self._owned for name in PARENT_FIELDS
                )
                if made:
                    self._owned.update(
                        str(item[name]) for name in ID_FIELDS if isinstance(item.get(name), str)
                    )

    def _claimed(self, method: str, path: str, query: str, body: bytes) -> Iterator[str]:
        """The objects that the request would act on; an unknown operation claims its own path."""
        found = self._find(method, path)
        if found is None:
            yield path
            return
        yield from (value for name, value in found[1].items() if name not in TENANT_PARAMETERS)
        yield from (value for name, value in parse_qsl(query) if name in PARENT_QUERIES)
        content = _decoded(body)
        yield from (content[name] for name in PARENT_FIELDS if isinstance(content.get(name), str))


def _decoded(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body or b"null")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _objects(body: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(body, dict):
        yield body
        for value in body.values():
            yield from _objects(value)
    elif isinstance(body, list):
        for value in body:
            yield from _objects(value)

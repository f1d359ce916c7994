"""Open a target: normalise its address, set the safety level, look for a control API, find the key."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from hooktop.openapi.documents import load
from hooktop.openapi.suite.asking import Bases
from hooktop.openapi.suite.catalogue import suite_of
from hooktop.openapi.suite.control import Control, probe
from hooktop.openapi.suite.redaction import Redactor
from hooktop.openapi.suite.runner import Target
from hooktop.openapi.suite.safety import Guard, Safety, default_level, is_loopback
from hooktop.openapi.suite.transport import Wire
from hooktop.openapi.validation import Judge


class UsageError(Exception):
    """The options do not fit together; the text says which and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the user asked for."""

    api: str
    url: str
    send_url: str | None = None
    key_env: str | None = None
    safety: Safety | None = None
    confirmed: str | None = None
    """The host that the user confirmed to be changed without limits."""
    clock: str = "auto"
    profiles: frozenset[str] = frozenset()
    token_env: str | None = None


@contextmanager
def opened(
    wish: Wish, environment: Mapping[str, str], transport: httpx.BaseTransport | None = None
) -> Iterator[Target]:
    """The target, its connections closed at the end. Raises UsageError, Unreachable, CaseError, DocumentError."""
    suite, document = suite_of(wish.api), load(wish.api)
    url = _address(wish.url, suite.base_path)
    safety = _level(wish, url)
    redactor = Redactor()
    with Wire(Guard(safety, document.find), url, transport) as wire:
        control = _control(wish, wire, environment)
        key = _key(wish, environment, redactor, needed=control is None or safety is Safety.READ_ONLY)
        urls = {"base_url": url, "send_url": wish.send_url or url, "receive_url": wish.send_url or url}
        yield Target(
            suite=suite,
            document=document,
            judge=Judge.of(wish.api),
            wire=wire,
            bases=Bases(urls=urls, key=key),
            control=control,
            safety=safety,
            redactor=redactor,
            run_id=f"ht{secrets.token_hex(4)}",
            profiles=wish.profiles,
        )


def _address(url: str, base_path: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--url {url!r} is no http or https address")
    return url.rstrip("/") if parts.path.strip("/") else url.rstrip("/") + base_path


def _level(wish: Wish, url: str) -> Safety:
    level = wish.safety or default_level(url)
    host = urlsplit(url).hostname
    if level is Safety.FULL and not is_loopback(url) and wish.confirmed != host:
        raise UsageError(
            f"--safety full changes anything on {host}; add --confirm-target {host} if you mean it"
        )
    return level


def _control(wish: Wish, wire: Wire, environment: Mapping[str, str]) -> Control | None:
    token = environment.get(wish.token_env) if wish.token_env else None
    found = probe(wire, token)
    if found is None and wish.clock == "virtual":
        raise UsageError("--clock virtual needs a server with a control API; this one has none")
    return None if wish.clock == "observed" else found


def _key(wish: Wish, environment: Mapping[str, str], redactor: Redactor, *, needed: bool) -> str:
    if wish.key_env is None:
        if needed:
            raise UsageError(
                "this target needs a key: name the environment variable that holds it, --key-env NAME"
            )
        return ""
    key = environment.get(wish.key_env, "")
    if not key:  # also where none is needed: a variable that was named was meant
        raise UsageError(f"--key-env {wish.key_env}: the environment variable is not set or empty")
    redactor.add(key, f"${wish.key_env}")
    return key

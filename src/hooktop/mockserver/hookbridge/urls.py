"""Which destinations an endpoint may have. Pure: names are judged by their form, nothing is resolved.

source: docs/guides/product/url-requirements
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from hooktop.mockserver.hookbridge.limits import OWN_DOMAINS, UNRESOLVABLE_SUFFIXES, URL_MAX, URL_MIN

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_URI = re.compile(
    r"https?://[A-Za-z0-9._~%!$&'()*+,;=:@\[\]-]+"
    r"(?:[/?](?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
"""The characters of RFC 3986 at their places; the fields of the answers promise a URI."""
_NUMERIC_HOST = re.compile(r"[0-9a-fx.]*[0-9][0-9a-fx.]*")


class UrlProblem(StrEnum):
    """Why a URL is refused."""

    MALFORMED = "malformed"
    """Not https, not a URL, too short or too long, or on the service's own domain."""
    UNREACHABLE = "unreachable"
    """The domain does not resolve."""
    BLOCKED = "blocked"
    """An internal or private address."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What a project that really delivers allows besides: plain http, loopback, and hosts by name."""

    plain_http: bool = False
    loopback: bool = False
    hosts: frozenset[str] = frozenset()


def problem(url: str, relaxed: Relaxation) -> UrlProblem | None:
    """Why this URL cannot be a destination, or None when it can."""
    parts = _split(url)
    if parts is None or not _scheme_allowed(parts, relaxed):
        return UrlProblem.MALFORMED
    host = (parts.hostname or "").rstrip(".").lower()
    if host in relaxed.hosts or (relaxed.loopback and is_loopback(host)):
        return None
    address = _address(host)
    if address is not None:
        return None if _is_public(address) else UrlProblem.BLOCKED
    return _name_problem(host)


def is_loopback(host: str) -> bool:
    """This very machine, by address or by name."""
    address = _address(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def _split(url: str) -> SplitResult | None:
    if not URL_MIN <= len(url) <= URL_MAX or not _URI.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname else None


def _scheme_allowed(parts: SplitResult, relaxed: Relaxation) -> bool:
    return parts.scheme == "https" or (parts.scheme == "http" and relaxed.plain_http)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host stands for, also in the short and octal forms that resolvers accept."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    if not _NUMERIC_HOST.fullmatch(host):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    embedded = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if embedded is not None and not _is_public(embedded):
        return False
    documentation = any(
        address.version == network.version and address in network for network in _DOCUMENTATION
    )
    return documentation or (address.is_global and not address.is_multicast)


_DOCUMENTATION: Collection[ipaddress.IPv4Network | ipaddress.IPv6Network] = tuple(
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)
"""Addresses of examples: public-looking, never contacted; the documentation uses them as receivers."""


def _name_problem(host: str) -> UrlProblem | None:
    if host == "localhost" or host.endswith(".localhost"):
        return UrlProblem.BLOCKED
    labels = host.split(".")
    if len(host) > 253 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        return UrlProblem.MALFORMED
    if any(host == domain or host.endswith("." + domain) for domain in OWN_DOMAINS):
        return UrlProblem.MALFORMED
    unresolvable = len(labels) < 2 or host.endswith(UNRESOLVABLE_SUFFIXES)
    return UrlProblem.UNREACHABLE if unresolvable else None

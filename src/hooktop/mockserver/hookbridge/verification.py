"""The checks at the door of an inbound endpoint. Pure: a knock and the endpoint's settings give a verdict.

Every check that is switched on must pass; the first one that fails is the reason.
source: docs/guides/inbound/verification-options, docs/guides/inbound/rejections
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

_UNIX_TIME: Final = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One webhook as it arrived. Header names are lower case; `now` is in milliseconds."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    source_ip: str
    now: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a webhook is not let in. `code` is the documented reason code, `detail` is ours."""

    code: str
    detail: str


def token_digest(token: str) -> str:
    """What is kept of a static token. source: docs/api/operations/createinboundendpoint ("stored hashed")"""
    return hashlib.sha256(token.encode()).hexdigest()


def verdict(config: Mapping[str, Any], knock: Knock, *, signs_timestamp: bool) -> Rejection | None:
    """The first failed check, or None when the webhook may come in."""
    if config.get("verify_ip_allowlist") and not _address_allowed(config["allowed_cidrs"], knock.source_ip):
        return Rejection("ip_not_allowed", "source address is not in allowed_cidrs")
    if config.get("verify_static_token") and not _token_matches(config, knock):
        return Rejection("static_token_failed", "static token is missing or wrong")
    if config.get("verify_hmac"):
        return _stale(config, knock) or _unsigned(config, knock, signs_timestamp=signs_timestamp)
    return None


def idempotency_key(names: Sequence[str], headers: Mapping[str, str]) -> str:
    """The key that the configured headers make, in their order; empty when the webhook has none of them.

    source: docs/guides/inbound/idempotency ("header order counts"). One header gives its value as it is;
    several are joined so that different values can never make the same key.
    """
    values = [headers.get(name.lower(), "") for name in names]
    if not any(values):
        return ""
    if len(values) == 1:
        return values[0]
    return "|".join(quote(value, safe="") for value in values)


def _address_allowed(cidrs: Sequence[str], source_ip: str) -> bool:
    try:
        address = ipaddress.ip_address(source_ip)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(cidr, strict=False) for cidr in cidrs)


def _token_matches(config: Mapping[str, Any], knock: Knock) -> bool:
    given = None
    if config.get("token_header_name"):
        given = knock.headers.get(config["token_header_name"].lower())
    if given is None and config.get("token_query_param"):
        given = knock.query.get(config["token_query_param"])
    return given is not None and hmac.compare_digest(token_digest(given), config["token_sha256"])


def _stale(config: Mapping[str, Any], knock: Knock) -> Rejection | None:
    """The reason codes have none for a stale timestamp, so it counts as a failed HMAC: inferred."""
    name = config.get("timestamp_header_name")
    if not name:
        return None
    text = knock.headers.get(name.lower(), "")
    if not _UNIX_TIME.fullmatch(text):
        return Rejection("hmac_failed", f"{name} is missing or no unix time")
    ttl = config.get("timestamp_ttl_seconds")
    if ttl and abs(knock.now // 1000 - int(text)) > ttl:
        return Rejection("hmac_failed", f"{name} is outside the allowed window")
    return None


def _unsigned(config: Mapping[str, Any], knock: Knock, *, signs_timestamp: bool) -> Rejection | None:
    """HMAC-SHA256 as lower-case hex, with or without "sha256=": the algorithm is not documented, inferred."""
    given = knock.headers.get(config["hmac_header_name"].lower(), "").removeprefix("sha256=")
    content = knock.body
    stamp = config.get("timestamp_header_name")
    if signs_timestamp and stamp:
        content = knock.headers.get(stamp.lower(), "").encode() + b"." + content
    expected = hmac.new(config["hmac_secret"].encode(), content, hashlib.sha256).hexdigest()
    if hmac.compare_digest(given.encode(), expected.encode()):
        return None
    return Rejection("hmac_failed", "signature is missing or wrong")

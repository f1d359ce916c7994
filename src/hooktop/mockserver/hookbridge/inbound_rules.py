"""Which inbound endpoints may be made. source: docs/api/operations/createinboundendpoint

The page says which fields exist and which are needed together only by example; those rules are inferred.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hooktop.mockserver.hookbridge import fields, limits
from hooktop.mockserver.hookbridge.errors import invalid
from hooktop.mockserver.hookbridge.rules import checked_url
from hooktop.mockserver.hookbridge.urls import Relaxation
from hooktop.mockserver.hookbridge.verification import token_digest

MODES: Final = ("forward", "cli")
"""The enum also lists `pull`, which has a resource of its own."""

SHORT_TEXT: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundOrder:
    """A valid request to make an inbound endpoint."""

    name: str
    description: str
    url: str
    config: Mapping[str, Any]

    @property
    def is_signed(self) -> bool:
        """Forwarded deliveries carry a signature."""
        return bool(self.config["signing_enabled"])


def inbound_order(body: Mapping[str, Any], profile: Mapping[str, str], relaxed: Relaxation) -> InboundOrder:
    """Read and check the body of a create."""
    name = fields.text(body, "name", limits.NAME_MAX) or ""
    description = fields.text(body, "description", limits.DESCRIPTION_MAX) or ""
    mode = _mode(body)
    url = ""
    if mode == "forward" or body.get("url"):
        url = checked_url(body.get("url"), profile, relaxed)
    config = {
        "mode": mode,
        **_token_check(body),
        **_signature_check(body),
        **_address_check(body),
        **_answers(body),
        **_lifetime(body),
    }
    return InboundOrder(name=name, description=description, url=url, config=config)


def _mode(body: Mapping[str, Any]) -> str:
    mode = fields.text(body, "mode", SHORT_TEXT)
    if mode is None:
        return "forward"
    if mode not in MODES:
        raise invalid(f"mode must be one of: {', '.join(MODES)}")
    return mode


def _token_check(body: Mapping[str, Any]) -> dict[str, Any]:
    enabled = fields.flag(body, "verify_static_token") or False
    header = fields.text(body, "token_header_name", SHORT_TEXT)
    parameter = fields.text(body, "token_query_param", SHORT_TEXT)
    value = fields.text(body, "token_value", SHORT_TEXT)
    if enabled and not (header or parameter):
        raise invalid("verify_static_token requires token_header_name or token_query_param")
    if enabled and not value:
        raise invalid("verify_static_token requires token_value")
    return {
        "verify_static_token": enabled,
        "token_header_name": header,
        "token_query_param": parameter,
        "token_sha256": token_digest(value) if value else None,
    }


def _signature_check(body: Mapping[str, Any]) -> dict[str, Any]:
    enabled = fields.flag(body, "verify_hmac") or False
    header = fields.text(body, "hmac_header_name", SHORT_TEXT)
    secret = fields.text(body, "hmac_secret", SHORT_TEXT)
    if enabled and not (header and secret):
        raise invalid("verify_hmac requires hmac_header_name and hmac_secret")
    return {
        "verify_hmac": enabled,
        "hmac_header_name": header,
        "hmac_secret": secret,
        "timestamp_header_name": fields.text(body, "timestamp_header_name", SHORT_TEXT),
        "timestamp_ttl_seconds": fields.whole(body, "timestamp_ttl_seconds", 1, limits.TIMESTAMP_TTL_MAX),
    }


def _address_check(body: Mapping[str, Any]) -> dict[str, Any]:
    enabled = fields.flag(body, "verify_ip_allowlist") or False
    cidrs = fields.texts(body, "allowed_cidrs") or ()
    for cidr in cidrs:
        try:
            ipaddress.ip_network(cidr, strict=False)
        except ValueError as error:
            raise invalid(f"allowed_cidrs contains an invalid CIDR: {cidr}") from error
    if enabled and not cidrs:
        raise invalid("verify_ip_allowlist requires allowed_cidrs")
    return {"verify_ip_allowlist": enabled, "allowed_cidrs": list(cidrs)}


def _answers(body: Mapping[str, Any]) -> dict[str, Any]:
    code = fields.whole(body, "ingest_response_code", 200, 299)
    return {
        "ingest_response_code": limits.DEFAULT_INGEST_CODE if code is None else code,
        "idempotency_header_names": list(fields.texts(body, "idempotency_header_names") or ()),
        "signing_enabled": fields.flag(body, "signing_enabled") or False,
    }


def _lifetime(body: Mapping[str, Any]) -> dict[str, Any]:
    """source: hb command line 1.1.0 (ephemeral, ttl_minutes 1..1440)"""
    ephemeral = fields.flag(body, "ephemeral") or False
    minutes = fields.whole(body, "ttl_minutes", 1, limits.TTL_MINUTES_MAX)
    if minutes is not None and not ephemeral:
        raise invalid("ttl_minutes requires ephemeral")
    return {"ephemeral": ephemeral, "ttl_minutes": minutes}

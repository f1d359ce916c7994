"""Signatures of deliveries: `sha256=<hex>` of HMAC-SHA256 over "<unix time>.<raw body>", one per live key.

The key is the secret's whole text, `whsec_` included. The time is that of the original send.
source: docs/guides/outbound/signature-verification, docs/api (delivery headers)
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from hooktop.mockserver.delivery.model import Secret

SIGNATURE: Final = "X-Webhook-Signature"
TIMESTAMP: Final = "X-Webhook-Timestamp"
MESSAGE_ID: Final = "X-Webhook-Id"


def signature(secrets: Sequence[Secret], unix: int, payload: bytes) -> str:
    """The value of the signature header: with two keys both, separated by a comma."""
    return ",".join("sha256=" + _hex(secret.value, unix, payload) for secret in secrets)


def verdict(secrets: Sequence[Secret], headers: Mapping[str, str], payload: bytes) -> str:
    """What a receiver that knows these secrets finds: "valid", "invalid" or "unsigned"."""
    found = {name.lower(): value for name, value in headers.items()}
    given = found.get(SIGNATURE.lower())
    if not given:
        return "unsigned"
    unix = found.get(TIMESTAMP.lower(), "")
    if not (unix.isascii() and unix.isdigit()):
        return "invalid"
    expected = ["sha256=" + _hex(secret.value, int(unix), payload) for secret in secrets]
    matches = (
        hmac.compare_digest(part.strip().encode(), each.encode())
        for part in given.split(",")
        for each in expected
    )
    return "valid" if any(matches) else "invalid"


def _hex(key: str, unix: int, payload: bytes) -> str:
    return hmac.new(key.encode(), str(unix).encode() + b"." + payload, hashlib.sha256).hexdigest()

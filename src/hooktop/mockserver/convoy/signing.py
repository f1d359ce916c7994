"""Signatures of deliveries: one HMAC, or a time stamp and one HMAC for each live secret.

source: docs/product-manual/signatures and the server's own code: the key is the secret's text, the text
signed is the compact JSON body, in the advanced form with "<unix time>," before it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from hooktop.mockserver.delivery.model import Secret

HEADER = "X-Convoy-Signature"


def compact(payload: bytes) -> bytes:
    """JSON without insignificant white space, keys and numbers untouched; other bytes as they are."""
    try:
        return msgspec.json.format(payload, indent=-1)
    except msgspec.DecodeError:
        return payload


def simple(secrets: Sequence[Secret], payload: bytes) -> str:
    """Hex HMAC-SHA256 of the compact body under the last secret."""
    return _hmac(secrets[-1].value, compact(payload)) if secrets else ""


def advanced(secrets: Sequence[Secret], payload: bytes, unix: int) -> str:
    """`t=<unix>,v1=<hex>`, with one `v1` for each secret that has not been deleted."""
    text = str(unix).encode() + b"," + compact(payload)
    live = [secret for secret in secrets if secret.deleted_at is None]
    return ",".join([f"t={unix}", *(f"v1={_hmac(secret.value, text)}" for secret in live)])


def matches(secrets: Sequence[Secret], header: str, payload: bytes) -> bool:
    """Whether a receiver that knows `secrets` accepts the header, whatever its age."""
    if not header.startswith("t="):
        return any(hmac.compare_digest(header, _hmac(each.value, compact(payload))) for each in secrets)
    parts = [part.partition("=") for part in header.split(",")]
    unix = parts[0][2]
    if not unix.isdigit():
        return False
    expected = {part.partition("=")[2] for part in advanced(secrets, payload, int(unix)).split(",")[1:]}
    return any(name == "v1" and value in expected for name, _, value in parts)


def _hmac(key: str, text: bytes) -> str:
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()

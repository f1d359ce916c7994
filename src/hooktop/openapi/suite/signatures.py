"""Check the signature of a delivery the way a careful receiver would."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from hooktop.openapi.suite.model import Signature


def is_signed(signature: Signature, headers: Mapping[str, Any], body: bytes) -> bool:
    """Whether one of the signatures in the header was made with the secret over exactly these bytes."""
    given = {name.lower(): str(value) for name, value in headers.items()}
    value = given.get(signature.header.lower(), "")
    if signature.form == "t,v1":
        return _listed(value, signature.secret, body)
    timestamp = given.get((signature.timestamp or "").lower(), "")
    wanted = "sha256=" + _hex(signature.secret, f"{timestamp}.".encode() + body)
    return any(hmac.compare_digest(item.strip(), wanted) for item in value.split(","))


def _listed(value: str, secret: str, body: bytes) -> bool:
    pairs = [item.partition("=") for item in value.split(",")]
    timestamps = [text for name, _, text in pairs if name == "t"]
    if not timestamps:
        return False
    wanted = _hex(secret, f"{timestamps[0]},".encode() + body)
    return any(name == "v1" and hmac.compare_digest(text, wanted) for name, _, text in pairs)


def _hex(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()

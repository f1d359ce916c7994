"""The place where a page of a list ended, as the opaque text that clients hand back.

The form is the documented one: base64 of a small JSON object with `id` and `ts`.
source: docs/api/operations/getlogs (example of cursor)
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

import msgspec

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""What a store can look up; a forged cursor may hold anything."""


class BadCursor(ValueError):
    """The cursor is not one that this server gave."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last row of a page: its id, its time in milliseconds and its sequence number."""

    id: str
    ts: Whole
    seq: Whole


_DECODER = msgspec.json.Decoder(Place)


def encode(place: Place) -> str:
    """The text for a client. ASCII letters, digits and `=` only, so that it survives a URL unescaped."""
    return base64.b64encode(msgspec.json.encode(place)).decode("ascii")


def decode(text: str) -> Place:
    """The place a client's cursor names; raises BadCursor."""
    try:
        return _DECODER.decode(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise BadCursor(text) from error

"""The forms of this API's identifiers and secrets: how they are made and how they are recognised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hooktop.mockserver.engine.chance import Chance

ENDPOINT_ID: Final = re.compile(r"ep_[a-f0-9]{32}")
"""source: docs/api/operations/getendpoint"""

UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def uuid7(purpose: str, chance: Chance, now: int) -> str:
    """A UUIDv7: ids of messages, attempts and inbound endpoints sort by the time they were made."""
    noise = chance.hex(20, purpose)
    variant = "89ab"[int(noise[3], 16) & 3]
    stamp = f"{now & 0xFFFFFFFFFFFF:012x}"
    return f"{stamp[:8]}-{stamp[8:]}-7{noise[:3]}-{variant}{noise[4:7]}-{noise[7:19]}"


def letters(purpose: str, chance: Chance, count: int) -> str:
    """`count` lower-case letters and digits, as in the secrets that the pages show."""
    number = int(chance.hex(count * 2, purpose), 16)
    picked: list[str] = []
    for _ in range(count):
        number, index = divmod(number, len(_ALPHABET))
        picked.append(_ALPHABET[index])
    return "".join(picked)


def is_endpoint_id(text: str) -> bool:
    """Whether `text` has the form of an outbound endpoint's id; it need not exist."""
    return ENDPOINT_ID.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """Whether `text` has the form of a UUID of any version."""
    return UUID.fullmatch(text) is not None

"""ULIDs: 48 bits of time and 80 bits of chance in Crockford's base 32, so that they sort by age."""

from __future__ import annotations

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 26


def ulid(at: int, random_hex: str) -> str:
    """The ULID of instant `at` (milliseconds) with 80 random bits given as 20 hex digits."""
    number = (at & (1 << 48) - 1) << 80 | int(random_hex, 16) & (1 << 80) - 1
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def instant(text: str) -> int | None:
    """The instant in a ULID, in milliseconds; None when `text` is no ULID."""
    if len(text) != LENGTH or any(letter not in ALPHABET for letter in text):
        return None
    number = 0
    for letter in text[:10]:
        number = number << 5 | ALPHABET.index(letter)
    return number if number < 1 << 48 else None

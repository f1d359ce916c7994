"""Reading fields of an untrusted JSON value: the right type, or ``BadAnswer`` naming the field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hooktop.console.providers.base import BadAnswer

_ZERO_YEAR = 1


class Fields:
    """One JSON object and where it was found."""

    __slots__ = ("raw", "where")

    def __init__(self, raw: Any, where: str) -> None:
        if not isinstance(raw, dict):
            raise BadAnswer(f"the answer's {where} is {_kind(raw)}, not an object")
        self.raw: dict[str, Any] = raw
        self.where = where

    def __contains__(self, name: str) -> bool:
        return self.raw.get(name) is not None

    def child(self, name: str) -> Fields:
        """An object inside; an absent one is empty."""
        value = self.raw.get(name)
        return Fields({} if value is None else value, f"{self.where}.{name}")

    def items(self, name: str) -> list[Any]:
        """An array inside; an absent one is empty."""
        value = self.raw.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "an array")
        return value

    def text(self, name: str) -> str:
        """Text; absent is empty."""
        value = self.raw.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(name, "text")
        return value

    def needed(self, name: str) -> str:
        """Text that must be there."""
        value = self.text(name)
        if not value:
            raise BadAnswer(f"the answer's {self.where}.{name} is missing")
        return value

    def whole(self, name: str) -> int | None:
        """A whole number."""
        value = self.raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(name, "a whole number")
        return value

    def real(self, name: str) -> float | None:
        """Any number."""
        value = self.raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(name, "a number")
        return float(value)

    def flag(self, name: str) -> bool:
        """True or false; absent is false."""
        value = self.raw.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def time(self, name: str) -> datetime | None:
        """An instant, in UTC; the zero time of some servers counts as absent."""
        value = self.text(name)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
            aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            if value.startswith("0001-01-01"):
                return None
            raise self._wrong(name, "a time") from None
        return None if aware.year == _ZERO_YEAR else aware

    def needed_time(self, name: str) -> datetime:
        """An instant that must be there."""
        moment = self.time(name)
        if moment is None:
            raise BadAnswer(f"the answer's {self.where}.{name} is missing")
        return moment

    def texts(self, name: str) -> dict[str, str]:
        """A map of texts, such as headers; lists of texts are joined."""
        value = self.raw.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return {str(key): _joined(item) for key, item in value.items()}

    def _wrong(self, name: str, wanted: str) -> BadAnswer:
        return BadAnswer(f"the answer's {self.where}.{name} is {_kind(self.raw[name])}, not {wanted}")


def _joined(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


SECRET_FIELDS = frozenset(
    {
        "secret",
        "secrets",
        "signing_secret",
        "secret_token",
        "ingest_url",
        "authentication",
        "mtls_client_cert",
    }
)


def scrubbed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The object as received, without what must never reach a screen."""
    return {name: "***" if name in SECRET_FIELDS and value else value for name, value in raw.items()}

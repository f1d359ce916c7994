"""What is found wrong, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Missing(Enum):
    """The type of MISSING."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""No body at all, as opposed to the JSON value null."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One point in which a message departs from the document."""

    where: str
    """``path.NAME``, ``query.NAME``, ``header.NAME``, ``body``, ``status`` or ``content-type``."""
    pointer: str
    """JSON pointer within the value, empty for the value itself."""
    rule: str
    """The schema keyword, or ``undocumented-field``, ``undocumented-status``, ``media-type``, ..."""
    message: str

    def __str__(self) -> str:
        return f"{self.where}{self.pointer}: {self.message}"


def body_violation(rule: str, message: str, pointer: str = "") -> Violation:
    return Violation(where="body", pointer=pointer, rule=rule, message=message)


def pointer_of(path: Iterable[str | int]) -> str:
    return "".join(f"/{escaped(str(part))}" for part in path)


def escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")

"""The one error that a view raises to answer with something else than success."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An answer that is not a success; the wing gives it the vendor's form.

    `code` and `details` are the vendor's machine-readable parts and may be empty where a vendor has none.
    """

    def __init__(
        self,
        status: int,
        code: str = "",
        message: str = "",
        details: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message or code)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = dict(headers or {})


class ConnectionDropped(Exception):
    """A fault rule asks to close the connection without any answer."""

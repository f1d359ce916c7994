"""Keep secrets out of everything that is written: by the names of fields, and by the values once seen."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

MASK: Final = "[redacted]"
SECRET_NAME: Final = re.compile(
    r"authorization|cookie|secret|password|signature|(^|[_-])token(_?value)?$|api[_-]?key$|ingest_url|_credential",
    re.IGNORECASE,
)
PLAIN_NAMES: Final = frozenset({"advanced_signatures"})
"""Fields that only look like secrets."""
SHORTEST: Final = 6
"""Shorter values are not hunted through other texts: they would take half of the evidence with them."""


class Redactor:
    """Learns secrets from what is sent and received and replaces them in any text. Safe in many threads."""

    def __init__(self, keys: Mapping[str, str] | None = None) -> None:
        self._names: dict[str, str] = {}
        self._lock = Lock()
        for name, value in (keys or {}).items():
            self.add(value, f"${name}")

    def add(self, value: str, stand_in: str = MASK) -> None:
        """Hide a value from now on."""
        if len(value) >= SHORTEST:
            with self._lock:
                self._names.setdefault(value, stand_in)

    def learn(self, value: Any, name: str = "") -> None:
        """Remember every secret of a decoded body or a mapping of headers."""
        if isinstance(value, dict):
            hidden = _hides(name)
            for key, item in value.items():
                self.learn(item, name if hidden else str(key))
        elif isinstance(value, list):
            for item in value:
                self.learn(item, name)
        elif isinstance(value, str) and _hides(name):
            self.add(value)

    def text(self, text: str) -> str:
        """The text without any secret that was seen."""
        with self._lock:
            known = sorted(self._names.items(), key=lambda item: -len(item[0]))
        for value, stand_in in known:
            if value in text:
                text = text.replace(value, stand_in)
        return text

    def body(self, content: bytes, content_type: str) -> str:
        """A body as text, secret fields masked even when they were never seen before."""
        if "json" in content_type:
            try:
                return self.text(json.dumps(self._masked(json.loads(content)), ensure_ascii=False))
            except ValueError:
                pass
        return self.text(content.decode("utf-8", "replace"))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers with the values of secret ones masked; the scheme of Authorization stays."""
        return {name: self._header(name, value) for name, value in headers.items()}

    def _header(self, name: str, value: str) -> str:
        if not _hides(name):
            return self.text(value)
        shown = self.text(value)
        if shown != value and "$" in shown:
            return shown
        scheme, space, _ = value.partition(" ")
        return f"{scheme} {MASK}" if space else MASK

    def _masked(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            hidden = _hides(name)
            return {key: self._masked(item, name if hidden else key) for key, item in value.items()}
        if isinstance(value, list):
            return [self._masked(item, name) for item in value]
        return MASK if isinstance(value, str) and value and _hides(name) else value


def _hides(name: str) -> bool:
    return name not in PLAIN_NAMES and SECRET_NAME.search(name) is not None

"""A row source over any sequence of values: a function for the key, a function for a cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from hooktop.console.widgets.columns import Cell, Column

T = TypeVar("T")


class ListRows(Generic[T]):
    """Rows of a list that fits in memory; the list may be replaced while it is shown."""

    def __init__(self, items: Sequence[T], key: Callable[[T], str], cell: Callable[[T, str], Cell]) -> None:
        self.items = items
        self._key = key
        self._cell = cell

    def __len__(self) -> int:
        return len(self.items)

    def key(self, index: int) -> str:
        """What names the row."""
        return self._key(self.items[index])

    def find(self, key: str) -> int | None:
        """Where the row is now."""
        return next((at for at, item in enumerate(self.items) if self._key(item) == key), None)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """The cells of one row."""
        item = self.items[index]
        return [self._cell(item, column.key) for column in columns]

    def get(self, key: str | None) -> T | None:
        """The value behind a key."""
        at = None if key is None else self.find(key)
        return None if at is None else self.items[at]

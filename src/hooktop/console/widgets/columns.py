"""Columns of a table and how they share the width; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

GAP = 2
"""Blank cells between two columns."""

GUTTER = 2
"""Cells in front of the first column: the cursor mark and the selection mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its width, and what becomes of it when room is short."""

    key: str
    title: str
    width: int
    """Cells it needs at least."""
    flex: int = 0
    """Its share of the cells that are left over."""
    right: bool = False
    rank: int = 0
    """Columns with the highest rank go first when the terminal is narrow; rank 0 never goes."""
    sortable: bool = False


class Cell(NamedTuple):
    """Text of one cell, possibly untrusted, and the tone it is drawn in."""

    text: str
    tone: str = ""


class Rows(Protocol):
    """Where a table reads what it shows; only visible rows are ever asked for."""

    def __len__(self) -> int:
        """How many rows there are."""

    def key(self, index: int) -> str:
        """What names the row for good, however the list is ordered."""

    def find(self, key: str) -> int | None:
        """Where the row is now, ``None`` when it has gone."""

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """The cells of one row, in the order of ``columns``."""


class Placed(NamedTuple):
    """A column with the width it got."""

    column: Column
    width: int


def place(columns: Sequence[Column], width: int) -> tuple[Placed, ...]:
    """Drop what does not fit, highest rank first, and share what is left among the flexible columns."""
    kept = list(columns)
    while len(kept) > 1 and _needed(kept) > width:
        worst = max(kept, key=lambda column: column.rank)
        if worst.rank == 0:
            break
        kept.remove(worst)
    spare = max(0, width - _needed(kept))
    shares = sum(column.flex for column in kept)
    placed: list[Placed] = []
    for column in kept:
        extra = spare * column.flex // shares if shares else 0
        spare, shares = spare - extra, shares - column.flex
        placed.append(Placed(column, column.width + extra))
    return tuple(placed)


def _needed(columns: Sequence[Column]) -> int:
    return GUTTER + sum(column.width for column in columns) + GAP * (len(columns) - 1)


def column_at(placed: Sequence[Placed], x: int) -> int | None:
    """Which column lies under a cell of the line."""
    left = GUTTER
    for index, (_, width) in enumerate(placed):
        if left <= x < left + width + GAP:
            return index
        left += width + GAP
    return None

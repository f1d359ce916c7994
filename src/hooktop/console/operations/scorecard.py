"""The end of a drill: does everything that was accepted have an explained end?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hooktop.console.operations.reconcile import Books, Class


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """The proof of a drill, over all its endpoints."""

    balanced: bool
    accepted: int
    delivered: int
    lost: int
    duplicated: int
    refused: tuple[tuple[str, int], ...]
    """Reason and number, for what cannot be delivered any more."""
    unresolved: int
    contradicted: int
    elapsed_s: float
    """On the wall clock."""
    project_elapsed_s: float
    """On the project's clock."""
    books: tuple[Books, ...]
    steps: tuple[tuple[str, str], ...]
    """Title and result of every step, in order."""

    def as_document(self) -> dict[str, Any]:
        """Plain data, for ``-o json``."""
        return {
            "balanced": self.balanced,
            "accepted": self.accepted,
            "delivered": self.delivered,
            "lost": self.lost,
            "duplicated": self.duplicated,
            "refused": dict(self.refused),
            "unresolved": self.unresolved,
            "contradicted": self.contradicted,
            "elapsed_s": round(self.elapsed_s, 1),
            "project_elapsed_s": round(self.project_elapsed_s),
            "endpoints": [_book(book) for book in self.books],
            "steps": [{"step": title, "result": result} for title, result in self.steps],
        }


def _book(book: Books) -> dict[str, Any]:
    return {
        "endpoint": book.endpoint_name,
        "accepted": book.accepted,
        "listed": book.listed,
        "classes": {kind.value: number for kind, number in sorted(book.rows.items()) if number},
        "balanced": book.balanced,
    }


def make_scorecard(
    books: Sequence[Books],
    *,
    steps: tuple[tuple[str, str], ...],
    elapsed_s: float,
    project_elapsed_s: float,
) -> Scorecard:
    """Sum the books of the drill's endpoints; no books balance nothing."""
    refused: Counter[str] = Counter()
    for book in books:
        refused.update(dict(book.refused))
    return Scorecard(
        balanced=bool(books) and all(book.balanced for book in books),
        accepted=sum(book.listed if book.accepted is None else book.accepted for book in books),
        delivered=sum(book.rows.get(Class.DELIVERED, 0) for book in books),
        lost=sum(book.lost for book in books),
        duplicated=sum(book.duplicated for book in books),
        refused=tuple(refused.most_common()),
        unresolved=sum(book.unresolved for book in books),
        contradicted=sum(book.contradicted for book in books),
        elapsed_s=elapsed_s,
        project_elapsed_s=project_elapsed_s,
        books=tuple(books),
        steps=steps,
    )

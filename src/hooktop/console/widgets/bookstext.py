"""Books and scorecards in lines; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hooktop.console.operations.reconcile import Books, Class
from hooktop.console.operations.scorecard import Scorecard
from hooktop.console.widgets.bars import Part
from hooktop.console.widgets.text import fit, inert, number, span

_TONES = {
    Class.DELIVERED: "good",
    Class.OPEN: "warn",
    Class.HELD: "held",
    Class.DEAD: "bad",
    Class.REFUSED: "muted",
    Class.DISCARDED: "bad",
    Class.CANCELLED: "muted",
    Class.UNKNOWN: "warn",
}
_SHORT = (
    (Class.DELIVERED, "DELIVERED", 9),
    (Class.OPEN, "OPEN", 6),
    (Class.HELD, "HELD", 6),
    (Class.DEAD, "DEAD", 6),
    (Class.DISCARDED, "ASIDE", 6),
    (Class.REFUSED, "REFUSED", 7),
)


def score_lines(card: Scorecard) -> list[list[Part]]:
    """The end of the drill."""
    tone = "good" if card.balanced else "bad"
    verdict = "NOTHING WAS LOST, AND HERE IS THE PROOF" if card.balanced else "THE BOOKS DO NOT BALANCE"
    lines = [[Part(("✓ " if card.balanced else "✗ ") + verdict, tone)], []]
    for facts in (
        (("accepted", card.accepted), ("delivered", card.delivered)),
        (("lost", card.lost), ("duplicated", card.duplicated), ("unresolved", card.unresolved)),
    ):
        line: list[Part] = []
        for name, value in facts:
            wrong = name in {"lost", "duplicated", "unresolved"} and value
            line += [Part(f"{name} ", "muted"), Part(f"{number(value)}   ", "bad" if wrong else "bright")]
        lines.append(line)
    if not card.refused:
        lines.append([Part("refused ", "muted"), Part("0", "bright")])
    for reason, count in card.refused:
        lines.append(
            [
                Part("refused ", "muted"),
                Part(number(count), "bright"),
                Part(f"   {inert(reason, 60)}", "text"),
            ]
        )
    names = ", ".join(inert(book.endpoint_name, 30) for book in card.books)
    lines.append([Part("over ", "muted"), Part(names, "text")])
    took = f"{span(card.elapsed_s)} here, {span(card.project_elapsed_s)} on the project's clock"
    return [*lines, [Part("time ", "muted"), Part(took, "text")], []]


def books_lines(books: Sequence[Books]) -> list[list[Part]]:
    """One endpoint in full, several as a table."""
    if not books:
        return [[Part("there is no endpoint yet", "muted")]]
    return list(_one(books[0])) if len(books) == 1 else list(_several(books))


def _one(book: Books) -> Iterator[list[Part]]:
    for kind in Class:
        count = book.rows.get(kind, 0)
        if count:
            yield [Part(f"{count:>9,}  ", "bright"), Part(kind.value, _TONES[kind])]
    yield [Part("─" * 9, "rule")]
    yield [Part(f"{book.listed:>9,}  ", "bright"), Part("in the provider's list", "text")]
    if book.accepted is None:
        yield [Part("        –  ", "muted"), Part("no independent count: this API has none", "muted")]
    else:
        yield [Part(f"{book.accepted:>9,}  ", "bright"), Part("accepted, by the server's own count", "text")]
    for reason, count in book.refused:
        yield [Part(f"{count:>9,}  ", "muted"), Part(f"refused for good: {inert(reason, 50)}", "muted")]
    yield []
    yield from _verdict((book,))


def _several(books: Sequence[Books]) -> Iterator[list[Part]]:
    # A class that nothing is in takes no room: all must fit in a narrow window.
    short = [column for column in _SHORT if any(book.rows.get(column[0]) for book in books)]
    head = (
        f"{'ENDPOINT':<14}"
        + "".join(f"{title:>{width + 1}}" for _, title, width in short)
        + f"{'SUM':>8} {'TOOK IN':>8}"
    )
    yield [Part(head, "muted")]
    for book in books:
        wrong = bool(book.lost or book.duplicated or book.contradicted)
        parts = [Part(fit(inert(book.endpoint_name, 14), 14), "bad" if wrong else "title")]
        for kind, _, width in short:
            count = book.rows.get(kind, 0)
            parts.append(
                Part(f"{number(count) if count else '·':>{width + 1}}", _TONES[kind] if count else "rule")
            )
        same = book.accepted is None or book.accepted == book.listed
        parts.append(Part(f"{book.listed:>8,}", "text"))
        parts.append(Part(f" {number(book.accepted):>8}", "good" if same else "bad"))
        yield parts
    yield []
    yield from _verdict(books)


def _verdict(books: Sequence[Books]) -> Iterator[list[Part]]:
    lost, doubled = sum(book.lost for book in books), sum(book.duplicated for book in books)
    left = sum(book.unresolved for book in books)
    counted = all(book.accepted is not None for book in books)
    if lost or doubled:
        yield [Part(f"✗ lost {lost:,}, delivered twice {doubled:,}", "bad")]
    elif counted:
        yield [Part("✓ nothing lost, nothing delivered twice", "good")]
    else:
        yield [Part("~ nothing missing that can be seen from here", "text")]
    if left:
        yield [Part(f"  {left:,} still without an end: the books close when these have one", "warn")]

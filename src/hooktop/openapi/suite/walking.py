"""Walk through a list page by page while it grows: complete, without doubles, in order, properly ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hooktop.openapi.suite.evidence import Asked, Finding, Paged
from hooktop.openapi.suite.model import Call, Walk
from hooktop.openapi.suite.pointer import MISSING, read
from hooktop.openapi.suite.scope import fill, moment

if TYPE_CHECKING:
    from hooktop.openapi.suite.executor import Player


def sizes(limit: int) -> list[int]:
    """The numbers of objects at which paging goes wrong, in growing order."""
    return sorted({0, 1, limit - 1, limit, limit + 1, 3 * limit + 1})


def walk_list(player: Player, walk: Walk) -> None:
    """Grow the list to each critical size and walk through it; findings end the case."""
    made: list[str] = []
    pages: list[Asked] = []
    for size in sizes(walk.limit):
        while len(made) < size:
            player.values["n"] = len(made) + 1
            player.steps(walk.create)
            made.append(str(fill(walk.created, player.values)))
        pages = _pages(player, walk, most=_most(player, size, walk.limit))
        player.broken(_judge(walk, pages, made, exact=player.tenant.is_isolated))
    player.record.paged.append(Paged(walk=walk, pages=tuple(pages)))


def _most(player: Player, size: int, limit: int) -> int:
    """More pages than this are a loop; a shared tenant may hold anything."""
    return size // limit + 2 if player.tenant.is_isolated else 1000


def _pages(player: Player, walk: Walk, most: int) -> list[Asked]:
    found: list[Asked] = []
    cursor: Any = None
    while True:
        asked = player.ask(_page(walk, cursor))
        found.append(asked)
        cursor = read(asked.exchange.body, walk.cursor)
        if _is_last(walk, asked.exchange.body, cursor):
            return found
        if not isinstance(cursor, str) or not cursor:
            player.broken([_wrong(walk, "cursor", "a cursor, as there is more", repr(cursor))])
        if len(found) >= most:
            player.broken([_wrong(walk, "end", f"an end after {most} pages", "yet another page")])


def _page(walk: Walk, cursor: Any) -> Call:
    query = {**walk.call.query, walk.limit_parameter: walk.limit}
    if cursor is not None:
        query[walk.cursor_parameter] = cursor
    return replace(walk.call, query=query)


def _is_last(walk: Walk, body: Any, cursor: Any) -> bool:
    more = read(body, walk.more) if walk.more else MISSING
    if isinstance(more, bool):
        return not more
    return cursor in (None, "", MISSING)


def _judge(walk: Walk, pages: list[Asked], made: list[str], *, exact: bool) -> list[Finding]:
    rows = [row for page in pages for row in _rows(walk, page)]
    ids = [str(read(row, walk.item_id)) for row in rows]
    return [
        *_complete(walk, ids, made, exact=exact),
        *_filled(walk, pages),
        *(_ordered(walk, rows) if walk.descending else ()),
    ]


def _rows(walk: Walk, page: Asked) -> list[Any]:
    rows = read(page.exchange.body, walk.items)
    return rows if isinstance(rows, list) else []


def _complete(walk: Walk, ids: list[str], made: list[str], *, exact: bool) -> list[Finding]:
    found = []
    missing, extra = [name for name in made if name not in ids], [name for name in ids if name not in made]
    if len(set(ids)) != len(ids):
        found.append(_wrong(walk, "doubles", "every row once", f"{len(ids) - len(set(ids))} row(s) twice"))
    if missing:
        found.append(
            _wrong(walk, "complete", f"all {len(made)} rows", f"{len(missing)} missing: {missing[0]}")
        )
    if extra and exact:
        found.append(_wrong(walk, "complete", f"only the {len(made)} rows", f"{len(extra)} more: {extra[0]}"))
    return found


def _filled(walk: Walk, pages: list[Asked]) -> list[Finding]:
    """Pages hold no more than the limit, and all but the last are full."""
    lengths = [len(_rows(walk, page)) for page in pages]
    if all(length == walk.limit for length in lengths[:-1]) and lengths[-1] <= walk.limit:
        return []
    return [_wrong(walk, "page size", f"pages of {walk.limit}, the last one at most", str(lengths))]


def _ordered(walk: Walk, rows: list[Any]) -> list[Finding]:
    assert walk.descending is not None
    times = [read(row, walk.descending) for row in rows]
    try:
        moments = [moment(time) for time in times]
    except ValueError as error:
        return [_wrong(walk, "order", f"a time at {walk.descending}", str(error))]
    if moments == sorted(moments, reverse=True):
        return []
    return [_wrong(walk, "order", f"newest {walk.descending} first", ", ".join(map(str, times)))]


def _wrong(walk: Walk, rule: str, expected: str, actual: str) -> Finding:
    return Finding(rule=f"pages: {rule}", expected=expected, actual=actual, position=walk.position)

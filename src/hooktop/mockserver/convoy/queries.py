"""Query strings as the server reads them: dates, filters and inclusive cursors.

source: docs/api-reference, and the server's code where its document is silent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

from hooktop.mockserver.http.errors import ApiError

DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
BAD_START: Final = "please specify a startDate in the format 2006-01-02T15:04:05"
BAD_END: Final = "please specify a correct endDate in the format 2006-01-02T15:04:05 or none at all"
DEFAULT_PER_PAGE: Final = 20

Row = TypeVar("Row")
Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Window:
    """From and to, in milliseconds, both included."""

    since: int
    until: int


def first(query: Query, name: str) -> str:
    """First value of a parameter; "" when it was not sent."""
    values = query.get(name)
    return values[0] if values else ""


def window(query: Query, now: int) -> Window:
    """The time span of a list: as asked, else from seven days ago to the end of today. Raises ApiError."""
    today = datetime.fromtimestamp(now // 1000, UTC).replace(hour=0, minute=0, second=0)
    since = _date(first(query, "startDate"), BAD_START) or _millis(today - timedelta(days=7))
    until = _date(first(query, "endDate"), BAD_END) or _millis(
        today + timedelta(hours=23, minutes=59, seconds=59)
    )
    if since > until:
        raise ApiError(400, message="startDate cannot be greater than endDate")
    # A bound names a whole second: rows within it belong to the window.
    return Window(since, until + 999)


def _date(text: str, complaint: str) -> int | None:
    if not text:
        return None
    if not DATE.fullmatch(text):
        raise ApiError(400, message=complaint)
    try:
        return _millis(datetime.fromisoformat(f"{text}+00:00"))
    except ValueError:
        raise ApiError(400, message=complaint) from None


def _millis(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is asked for."""

    per_page: int
    forward: bool
    cursor: str
    newest_first: bool = True


def paging(query: Query, failed: ApiError) -> Paging:
    """The five paging parameters. Whatever is not `next` counts as `prev`; a bad perPage counts as 20.

    Raises `failed` for a negative perPage, which the server's database refuses.
    """
    forward = (first(query, "direction") or "next") == "next"
    cursor = first(query, "next_page_cursor" if forward else "prev_page_cursor")
    return Paging(
        per_page=_per_page(first(query, "perPage"), failed),
        forward=forward,
        cursor=cursor,
        newest_first=first(query, "sort").upper() != "ASC",
    )


_WHOLE: Final = re.compile("[+-]?[0-9]{1,18}")
"""More digits are more than the server's own integers hold."""


def _per_page(text: str, failed: ApiError) -> int:
    if not _WHOLE.fullmatch(text):
        return DEFAULT_PER_PAGE
    number = int(text)
    if number < 0:
        raise failed
    return number


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of one page with the answer's `pagination` object."""

    rows: Sequence[Row]
    pagination: dict[str, object]


def page(
    asked: Paging,
    fetch: Callable[[str, bool, int], Sequence[Row]],
    has_before: Callable[[Row], bool],
    id_of: Callable[[Row], str],
) -> Page[Row]:
    """One page, with inclusive cursors.

    `fetch(cursor, forward, limit)` gives rows from the cursor's row on (itself included; "" starts at the
    end that comes first): in list order when forward, against it otherwise. `has_before(row)` tells whether
    the list has a row before this one.
    """
    items = list(fetch(asked.cursor, asked.forward, asked.per_page + 1))
    if not asked.forward:
        items.reverse()
    rows = items[: asked.per_page]
    pagination: dict[str, object] = {
        "per_page": asked.per_page,
        "has_next_page": len(items) > asked.per_page,
        "has_prev_page": bool(rows) and has_before(rows[0]),
        "prev_page_cursor": id_of(items[0]) if items else "",
        # The surplus row where there is one, else the last row shown; nothing for fewer than two rows.
        "next_page_cursor": id_of(items[-1]) if len(items) > 1 else "",
    }
    return Page(rows, pagination)

"""The table: only visible rows are asked for, only changed lines repainted, the cursor stays on its row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from hooktop.console.app import HooktopApp
from hooktop.console.widgets import look
from hooktop.console.widgets.columns import Cell, Column, column_at, place
from hooktop.console.widgets.table import Table

COLUMNS = (
    Column(key="id", title="ID", width=8, sortable=True),
    Column(key="name", title="NAME", width=10, flex=1),
    Column(key="size", title="SIZE", width=6, right=True, rank=1),
)


class CountingRows:
    """A million rows that remember which of them were drawn."""

    def __init__(self, count: int) -> None:
        self.names = [f"row{n}" for n in range(count)]
        self.asked: list[int] = []

    def __len__(self) -> int:
        return len(self.names)

    def key(self, index: int) -> str:
        return self.names[index]

    def find(self, key: str) -> int | None:
        return self.names.index(key) if key in self.names else None

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        self.asked.append(index)
        return [Cell(f"{column.key}-{self.names[index]}") for column in columns]


class TableApp(App[None]):
    """Nothing but a table."""

    CSS_PATH = HooktopApp.CSS_PATH

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, str | None]] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return look.theme("teal").variables

    def compose(self) -> ComposeResult:
        yield Table(COLUMNS)

    def on_table_opened(self, event: Table.Opened) -> None:
        self.events.append(("opened", event.key))

    def on_table_sort_asked(self, event: Table.SortAsked) -> None:
        self.events.append(("sort", event.column))


@asynccontextmanager
async def shown(count: int = 1000) -> AsyncIterator[tuple[Table, CountingRows, Pilot[None], TableApp]]:
    app = TableApp()
    async with app.run_test(size=(60, 20)) as pilot:
        table, rows = app.query_one(Table), CountingRows(count)
        table.show(rows)
        table.focus()
        await pilot.pause()
        yield table, rows, pilot, app


def lines(app: App[None]) -> list[str]:
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


async def test_a_million_rows_cost_what_is_on_screen() -> None:
    async with shown(1_000_000) as (_, rows, pilot, app):
        assert len(set(rows.asked)) <= 20
        rows.asked.clear()
        await pilot.press("G")
        await pilot.pause()
        assert "row999999" in lines(app)[-1]
        assert len(set(rows.asked)) <= 22


async def test_a_move_of_the_cursor_draws_two_lines() -> None:
    async with shown() as (table, rows, pilot, _):
        rows.asked.clear()
        await pilot.press("j")
        await pilot.pause()
        assert table.cursor == 1
        assert set(rows.asked) == {0, 1}


async def test_a_reload_repaints_only_lines_that_differ() -> None:
    async with shown() as (table, rows, pilot, _):
        painted: list[int] = []
        refresh = table.refresh
        table.refresh = lambda *regions, **more: (
            painted.extend(r.y for r in regions) or refresh(*regions, **more)
        )
        table.reload()
        assert painted == []
        rows.names[3] = "changed"
        table.reload()
        assert painted == [4]
        await pilot.pause()


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        ("j j k", 1),
        ("down down", 2),
        ("G", 999),
        ("G g", 0),
        ("pagedown", 19),
        ("ctrl+d", 10),
        ("ctrl+d ctrl+u", 0),
    ],
)
async def test_keys_move_the_cursor(keys: str, cursor: int) -> None:
    async with shown() as (table, _, pilot, _app):
        await pilot.press(*keys.split())
        await pilot.pause()
        assert table.cursor == cursor
        top = table.scroll_offset.y
        assert top <= cursor < top + 19, "the cursor is always on screen"


async def test_a_cursor_at_the_top_goes_with_its_row_unless_the_news_come_in_there() -> None:
    async with shown() as (table, rows, _, _):
        here = table.current
        rows.names.insert(0, "newest")
        table.reload()
        assert table.current == here


async def test_the_cursor_follows_its_row_and_stays_at_the_top_when_it_was_there() -> None:
    async with shown() as (table, rows, pilot, _):
        table.follows_top = True
        rows.names.insert(0, "newest")
        table.reload()
        assert table.current == "newest", "at the top the news come in under the cursor"
        await pilot.press("j", "j")
        here = table.current
        rows.names[0:0] = ["x", "y", "z"]
        table.reload()
        assert table.current == here
        rows.names.remove(here)
        table.reload()
        assert table.current is not None


async def test_marks_by_key_range_and_all() -> None:
    async with shown(30) as (table, _, pilot, app):
        await pilot.press("space", "space")
        assert table.picked == ("row0", "row1")
        assert "*" in lines(app)[1]
        await pilot.press("v", "j", "j", "k", "v")
        assert table.marks == {"row0", "row1", "row2", "row3"}
        await pilot.press("shift+down")
        assert "row4" in table.marks
        await pilot.press("ctrl+a")
        assert len(table.marks) == 30
        await pilot.press("ctrl+a")
        assert table.marks == set()
        assert table.picked == (table.current,)


async def test_mouse_headings_rows_and_double_clicks() -> None:
    async with shown() as (table, _, pilot, app):
        await pilot.click(Table, offset=(3, 0))
        await pilot.click(Table, offset=(5, 4))
        assert table.cursor == 3
        await pilot.click(Table, offset=(5, 6), times=2)
        await pilot.hover(Table, offset=(5, 9))
        assert table.hover == 8
        assert app.events == [("sort", "id"), ("opened", "row5")]


async def test_an_empty_table_says_what_is_so() -> None:
    async with shown(0) as (table, _, pilot, app):
        table.empty = (Cell("no rows [/here]", "muted"),)
        table.refresh()
        await pilot.pause()
        assert "no rows [/here]" in "\n".join(lines(app))
        await pilot.press("j", "enter", "space", "v", "G", "pagedown")
        assert table.current is None
        assert table.picked == ()


def test_columns_share_what_is_left_and_the_least_needed_go_first() -> None:
    assert [width for _, width in place(COLUMNS, 60)] == [8, 60 - 2 - 8 - 6 - 4, 6]
    assert [column.key for column, _ in place(COLUMNS, 24)] == ["id", "name"]
    assert [column.key for column, _ in place(COLUMNS, 5)] == ["id", "name"], "rank 0 never goes"
    assert column_at(place(COLUMNS, 60), 3) == 0
    assert column_at(place(COLUMNS, 60), 59) == 2
    assert column_at(place(COLUMNS, 60), 0) is None

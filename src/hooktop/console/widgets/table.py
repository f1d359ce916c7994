"""A table that asks its source only for the rows on screen, so that a million rows cost what forty do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hooktop.console.widgets.columns import GAP, Cell, Column, Placed, Rows, column_at, place
from hooktop.console.widgets.look import Toned
from hooktop.console.widgets.text import fit, inert


class NoRows:
    """A source without rows, for a table that has none yet."""

    def __len__(self) -> int:
        return 0

    def key(self, index: int) -> str:
        raise IndexError(index)

    def find(self, key: str) -> int | None:
        return None

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        raise IndexError(index)


class Table(Toned, ScrollView, can_focus=True):
    """Rows of a source with a cursor, marks and a sort sign."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--header-at",
        "table--cursor",
        "table--cursor-idle",
        "table--hover",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False, id="table.down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="table.up"),
        Binding("g,home", "first", "First row", show=False, id="table.first"),
        Binding("G,end", "last", "Last row", show=False, id="table.last"),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False, id="table.half-down"),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False, id="table.half-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page-up"),
        Binding("h,left", "column(-1)", "Column left", show=False, id="table.left"),
        Binding("l,right", "column(1)", "Column right", show=False, id="table.right"),
        Binding("enter", "open", "Open", id="table.open"),
        Binding("space", "mark", "Mark", show=False, id="table.mark"),
        Binding("v", "range", "Mark a range", show=False, id="table.range"),
        Binding("shift+down", "stretch(1)", "Mark downwards", show=False, id="table.mark-down"),
        Binding("shift+up", "stretch(-1)", "Mark upwards", show=False, id="table.mark-up"),
        Binding("ctrl+a", "mark_loaded", "Mark all rows", show=False, id="table.mark-all"),
    ]

    cursor = reactive(0, repaint=False)
    """Index of the row that keys act on."""
    hover = reactive(-1, repaint=False)
    """Index of the row under the mouse, -1 for none."""
    stale = reactive(False)
    """Whether the rows are old: then they are drawn dim."""

    class Moved(Message):
        """The cursor is on another row (or on the same one, changed)."""

        def __init__(self, table: Table, key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> Table:
            return self.table

    class Opened(Moved):
        """A row was opened with enter or a double click."""

    class Marked(Message):
        """The set of marked rows changed."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

    class SortAsked(Message):
        """A column heading was clicked."""

        def __init__(self, table: Table, column: str) -> None:
            super().__init__()
            self.table = table
            self.column = column

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        id: str | None = None,
        markable: bool = True,
        follows_top: bool = False,
    ) -> None:
        super().__init__(id=id)
        self.follows_top = follows_top
        """Whether a cursor on the first row stays there, where the news comes in, or goes with its row."""
        self.columns = tuple(columns)
        self.rows: Rows = NoRows()
        self.marks: set[str] = set()
        self.markable = markable
        self.sorted_by: tuple[str, bool] = ("", False)
        self.empty: Sequence[Cell] = (Cell("nothing here yet", "muted"),)
        self.column_at = 0
        self._anchor: int | None = None
        self._marks_before: set[str] = set()
        self._key: str | None = None
        self._placed: tuple[Placed, ...] = ()
        self._placed_for = -1
        self._painted: dict[int, Strip] = {}

    # --- what it shows ---------------------------------------------------------------------------------

    @property
    def current(self) -> str | None:
        """Key of the row under the cursor."""
        return self.rows.key(self.cursor) if 0 <= self.cursor < len(self.rows) else None

    @property
    def column(self) -> Column | None:
        """The column under the cursor."""
        return self._placed[self.column_at].column if self.column_at < len(self._placed) else None

    @property
    def picked(self) -> tuple[str, ...]:
        """Keys of what an action is about: the marked rows, else the row under the cursor."""
        if self.marks:
            return tuple(sorted(self.marks))
        return () if self.current is None else (self.current,)

    def show(self, rows: Rows, *, sorted_by: tuple[str, bool] | None = None) -> None:
        """Show another source from its first row."""
        self.rows, self._key, self._anchor = rows, None, None
        self.sorted_by = sorted_by or self.sorted_by
        self.marks.clear()
        self.set_reactive(Table.cursor, 0)
        self.scroll_to(0, 0, animate=False)
        self.reload()
        self.refresh()

    def reload(self) -> None:
        """Rows changed: keep the cursor on its row and repaint the lines that differ, no others."""
        top_before = self.scroll_offset.y
        if self._key is not None and (self.cursor > 0 or not self.follows_top):
            self._follow(self.rows.find(self._key))
        self.set_reactive(Table.cursor, max(0, min(self.cursor, len(self.rows) - 1)))
        self._resize()
        if self.scroll_offset.y != top_before:
            return
        for y in range(self.size.height):
            if (line := self._build(y)) != self._painted.get(y):
                self._painted[y] = line
                self.refresh(Region(0, y, self._width, 1))
        if self.current != self._key:
            self._announce()

    def _follow(self, index: int | None) -> None:
        if index is None or index == self.cursor:
            return
        shift = index - self.cursor
        self.set_reactive(Table.cursor, index)
        self.scroll_to(y=max(0, self.scroll_offset.y + shift), animate=False)

    def _resize(self) -> None:
        wanted = Size(max(1, self._width), len(self.rows) + 1)
        if wanted != self.virtual_size:
            self.virtual_size = wanted

    def on_resize(self) -> None:
        """Columns share the new width."""
        self._place()
        self._resize()
        self.refresh()

    @property
    def _width(self) -> int:
        """Cells of a line: what the scroll bar leaves."""
        return self.scrollable_content_region.width

    def _place(self) -> None:
        self._placed_for = self._width
        self._placed = place(self.columns, self._width)
        self.column_at = min(self.column_at, max(0, len(self._placed) - 1))
        self._painted.clear()

    # --- drawing ---------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window."""
        line = self._build(y)
        self._painted[y] = line
        return line

    def notify_style_update(self) -> None:
        """Colours changed: everything is drawn again."""
        super().notify_style_update()
        self._painted.clear()

    def _build(self, y: int) -> Strip:
        if self._placed_for != self._width:
            self._place()
        if y == 0:
            return self._header_line()
        index = self.scroll_offset.y + y - 1
        if index < len(self.rows):
            return self._row_line(index)
        if not len(self.rows) and 2 <= y < 2 + len(self.empty):
            return self._note_line(self.empty[y - 2])
        return Strip.blank(self._width, self.rich_style)

    def _header_line(self) -> Strip:
        base = self.get_component_rich_style("table--header")
        chosen = self.get_component_rich_style("table--header-at")
        parts = [Segment("  ", base)]
        for at, (column, width) in enumerate(self._placed):
            title = self._title(column)
            style = chosen if at == self.column_at and self.has_focus else base
            parts.append(Segment(fit(title, width, right=column.right), style))
            parts.append(Segment(" " * GAP, base))
        return self._line(parts, base)

    def _title(self, column: Column) -> str:
        key, descending = self.sorted_by
        if column.key != key:
            return column.title
        return column.title + ("▾" if descending else "▴")

    def _row_line(self, index: int) -> Strip:
        key = self.rows.key(index)
        base = self._row_style(index)
        sign = self._gutter(index, key)
        parts = [Segment(sign, base if sign.isspace() else base + self.tone("accent"))]
        cells = self.rows.cells(index, [column for column, _ in self._placed])
        for (column, width), cell in zip(self._placed, cells, strict=True):
            text = fit(inert(cell.text, width), width, right=column.right)
            tone = "muted" if self.stale and cell.tone not in {"bad", "warn"} else cell.tone
            # The gap takes the tone of its cell, where it cannot be seen, so that equal neighbours merge.
            parts.append(Segment(text + " " * GAP, base + self.tone(tone) if tone else base))
        return self._line(parts, base)

    def _gutter(self, index: int, key: str) -> str:
        return ("▌" if index == self.cursor else " ") + ("*" if key in self.marks else " ")

    def _row_style(self, index: int) -> Style:
        if index == self.cursor:
            name = "table--cursor" if self.has_focus else "table--cursor-idle"
            return self.get_component_rich_style(name)
        return self.get_component_rich_style("table--hover") if index == self.hover else self.rich_style

    def _note_line(self, note: Cell) -> Strip:
        text = fit("  " + inert(note.text, self._width - 4), self._width)
        return Strip([Segment(text, self.rich_style + self.tone(note.tone))], self._width)

    def _line(self, parts: Iterable[Segment], base: Style) -> Strip:
        # Equal neighbours become one segment: over SSH that halves what a repaint writes.
        return Strip(Segment.simplify(parts)).adjust_cell_length(self._width, base)

    # --- moving ----------------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        """Stay on the rows there are."""
        return max(0, min(cursor, len(self.rows) - 1))

    def watch_cursor(self, before: int, now: int) -> None:
        """Repaint the two rows concerned, and scroll when the cursor left the window."""
        if self._anchor is not None:
            self._mark_span(self._anchor, now)
        self._refresh_row(before)
        self._refresh_row(now)
        self._reveal(now)
        self._announce()

    def _announce(self) -> None:
        self._key = self.current
        self.post_message(self.Moved(self, self._key))

    def _refresh_row(self, index: int) -> None:
        y = index - self.scroll_offset.y + 1
        if 0 < y < self.size.height:
            self.refresh(Region(0, y, self._width, 1))

    def _reveal(self, index: int) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height - 1)
        if index < top:
            self.scroll_to(y=index, animate=False)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False)

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self.cursor += by

    def action_page(self, pages: float) -> None:
        """Move cursor and window by pages."""
        step = round(pages * max(1, self.size.height - 1))
        target = max(0, min(self.scroll_offset.y + step, len(self.rows) - self.size.height + 1))
        self.scroll_to(y=target, animate=False)
        self.cursor += step

    def action_first(self) -> None:
        """Go to the first row."""
        self.cursor = 0

    def action_last(self) -> None:
        """Go to the last row."""
        self.cursor = len(self.rows) - 1

    def action_column(self, by: int) -> None:
        """Move the column cursor, for sorting and for keeping rows like this cell."""
        self.column_at = max(0, min(self.column_at + by, len(self._placed) - 1))
        self.refresh(Region(0, 0, self._width, 1))

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self.current is not None:
            self.post_message(self.Opened(self, self.current))

    def go_to(self, key: str) -> bool:
        """Put the cursor on the row with this key; false when it is not here."""
        index = self.rows.find(key)
        if index is None:
            return False
        self.cursor = index
        self._key = key
        return True

    # --- marking ---------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark or unmark the row and go on to the next."""
        if not self.markable or self.current is None:
            return
        self.marks ^= {self.current}
        self._marks_changed()
        self.cursor += 1

    def action_range(self) -> None:
        """Start marking a range at the cursor, or end it."""
        if not self.markable or self.current is None:
            return
        self._anchor = None if self._anchor is not None else self.cursor
        self._marks_before = set(self.marks)
        if self._anchor is not None:
            self._mark_span(self.cursor, self.cursor)

    def action_stretch(self, by: int) -> None:
        """Mark the row, move, and mark the row arrived at."""
        if not self.markable or self.current is None:
            return
        self.marks.add(self.current)
        self.cursor += by
        self.marks.add(self.current)
        self._marks_changed()

    def action_mark_loaded(self) -> None:
        """Mark every row of the list, or unmark all."""
        if not self.markable:
            return
        keys = {self.rows.key(index) for index in range(len(self.rows))}
        self.marks = set() if self.marks == keys else keys
        self._marks_changed()

    def clear_marks(self) -> bool:
        """Unmark all; false when nothing was marked."""
        had = bool(self.marks) or self._anchor is not None
        self._anchor = None
        self.marks.clear()
        if had:
            self._marks_changed()
        return had

    @property
    def in_range(self) -> bool:
        """Whether moving the cursor marks rows."""
        return self._anchor is not None

    def _mark_span(self, one: int, other: int) -> None:
        low, high = sorted((one, other))
        self.marks = self._marks_before | {self.rows.key(index) for index in range(low, high + 1)}
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.Marked(self))

    # --- mouse -----------------------------------------------------------------------------------------

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show which row the mouse is over."""
        self.hover = self._row_at(event.y)

    def on_leave(self) -> None:
        """The mouse went away."""
        self.hover = -1

    def watch_hover(self, before: int, now: int) -> None:
        """Repaint the two rows concerned."""
        self._refresh_row(before)
        self._refresh_row(now)

    def on_click(self, event: events.Click) -> None:
        """A heading sorts, a row takes the cursor, a second click opens it."""
        if event.y == 0:
            self._heading_clicked(event.x)
        elif (index := self._row_at(event.y)) >= 0:
            self.cursor = index
            if event.chain == 2:
                self.action_open()

    def _heading_clicked(self, x: int) -> None:
        at = column_at(self._placed, x)
        if at is not None and self._placed[at].column.sortable:
            self.column_at = at
            self.post_message(self.SortAsked(self, self._placed[at].column.key))

    def _row_at(self, y: int) -> int:
        index = self.scroll_offset.y + y - 1
        return index if y > 0 and index < len(self.rows) else -1

"""What programs read on stdout: tables for people at a terminal, data for everything else."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from hooktop.console.cli.inert import formula_safe, inert, inert_json

FORMATS = ("table", "json", "jsonl", "yaml", "csv")
WIDEST_CELL = 60

Row = Mapping[str, Any]


def chosen(format_: str | None) -> str:
    """The format asked for, else a table at a terminal and JSON elsewhere."""
    return format_ or ("table" if sys.stdout.isatty() else "json")


def emit_rows(rows: Sequence[Row], format_: str | None, columns: Sequence[str]) -> None:
    """Print a list. ``columns`` are those of the table; data formats carry every field."""
    name = chosen(format_)
    if name == "table":
        _print_table([[_cell(row.get(column)) for column in columns] for row in rows], columns)
    elif name == "jsonl":
        for row in rows:
            _print_json(row, indent=None)
    elif name == "json":
        _print_json(list(rows))
    elif name == "yaml":
        _print_yaml(list(rows))
    else:
        _print_csv(rows, columns)


def emit_one(row: Row, format_: str | None) -> None:
    """Print one thing."""
    name = chosen(format_)
    if name == "table":
        width = max(map(len, row), default=0)
        for key, value in row.items():
            click.echo(f"{key:<{width}}  {_cell(value, WIDEST_CELL * 4)}")
    elif name in {"json", "jsonl"}:
        _print_json(row, indent=None if name == "jsonl" else 2)
    elif name == "yaml":
        _print_yaml(row)
    else:
        _print_csv([row], list(row))


def plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, frozenset, set)):
        return [plain(item) for item in value]
    return value if isinstance(value, (bool, int, float)) or value is None else str(value)


def _cell(value: Any, widest: int = WIDEST_CELL) -> str:
    value = plain(value)
    if value is None:
        return "–"
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    text = inert(str(value))
    return text if len(text) <= widest else text[: widest - 1] + "…"


def _print_table(rows: list[list[str]], columns: Sequence[str]) -> None:
    titles = [column.replace("_", " ").upper() for column in columns]
    widths = [max([len(title), *(len(row[at]) for row in rows)]) for at, title in enumerate(titles)]
    for line in [titles, *rows]:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _print_json(value: Any, indent: int | None = 2) -> None:
    text = json.dumps(plain(value), ensure_ascii=False, indent=indent)
    click.echo(inert_json(text))


def _print_yaml(value: Any) -> None:
    import yaml

    click.echo(yaml.safe_dump(plain(value), sort_keys=False, allow_unicode=False), nl=False)


def _print_csv(rows: Sequence[Row], columns: Sequence[str]) -> None:
    names = list(dict.fromkeys(key for row in rows for key in row)) or list(columns)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_csv_cell(row.get(name)) for name in names])
    click.echo(stream.getvalue(), nl=False)


def _csv_cell(value: Any) -> str:
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, str):
        return formula_safe(inert(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)

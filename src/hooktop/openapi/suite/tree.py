"""YAML that remembers where everything was written, and readers that refuse what they do not know.

`CaseError` is the one exception of loading: file, line, field and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from hooktop.openapi.suite.model import Position

T = TypeVar("T")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CaseError(ValueError):
    """Something in a case file cannot be used."""

    def __init__(self, position: Position, where: str, reason: str) -> None:
        self.position = position
        self.where = where
        self.reason = reason
        super().__init__(f"{position}: {where}: {reason}" if where else f"{position}: {reason}")


class Table(dict[str, Any]):
    """A mapping of a case file, with the line that each key stands on."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.lines: dict[str, int] = {}

    def position(self, key: str | None = None) -> Position:
        """Where the mapping, or one of its keys, is written."""
        return Position(self.file, self.lines.get(key, self.line) if key else self.line)

    def filled(self, function: Callable[[Any], Any]) -> Table:
        """A copy with the same lines whose scalar values went through the function."""
        copy = Table(self.file, self.line)
        copy.lines = self.lines
        for key, value in self.items():
            dict.__setitem__(copy, function(key), _filled(value, function))
        return copy


def _filled(value: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(value, Table):
        return value.filled(function)
    if isinstance(value, list):
        return [_filled(item, function) for item in value]
    return function(value)


def plain(value: Any) -> Any:
    """The value as ordinary dictionaries and lists."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def read_file(path: Path, name: str) -> Table:
    """The mapping that a file holds. Raises CaseError."""
    try:
        loader = _Loader(path.read_bytes())
        try:
            node = loader.get_single_node()
            value = _build(loader, node, name) if node is not None else None
        finally:
            loader.dispose()
    except OSError as error:
        raise CaseError(Position(name, 1), "", f"cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise CaseError(Position(name, line), "", f"no valid YAML: {error.problem}") from error
    if not isinstance(value, Table):
        raise CaseError(Position(name, 1), "", "the file must be a mapping")
    return value


def _build(loader: Any, node: Any, name: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _table(loader, node, name)
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, item, name) for item in node.value]
    if node.tag.endswith(":timestamp"):
        return node.value  # a date stays the text that it is on the wire
    return loader.construct_object(node)


def _table(loader: Any, node: Any, name: str) -> Table:
    table = Table(name, node.start_mark.line + 1)
    for key_node, value_node in node.value:
        key, line = str(_build(loader, key_node, name)), key_node.start_mark.line + 1
        if key in table:
            raise CaseError(Position(name, line), key, "is written twice; keep one")
        table.lines[key] = line
        table[key] = _build(loader, value_node, name)
    return table


class Reader:
    """Takes the fields of one mapping, by name and kind, and at the end refuses whatever was not asked for."""

    def __init__(self, table: Any, where: str, at: Position | None = None) -> None:
        if not isinstance(table, Table):
            raise CaseError(at or Position("?", 1), where, f"must be a mapping, not {kind(table)}")
        self.table = table
        self.where = where
        self._asked: set[str] = set()

    @property
    def position(self) -> Position:
        """Where the mapping starts."""
        return self.table.position()

    def has(self, key: str) -> bool:
        """Whether the field is written."""
        return key in self.table

    def fail(self, key: str, reason: str) -> CaseError:
        """The error for a field of this mapping."""
        return CaseError(self.table.position(key), f"{self.where}.{key}" if self.where else key, reason)

    def raw(self, key: str, default: Any = None) -> Any:
        """The field as it is written."""
        self._asked.add(key)
        return self.table.get(key, default)

    def take(self, key: str, wanted: type[T], default: T | None = None) -> T:
        """The field, which must be of a type; required unless a default is given. Raises CaseError."""
        self._asked.add(key)
        if key not in self.table:
            if default is None:
                raise CaseError(self.position, f"{self.where}.{key}", "is missing")
            return default
        value = self.table[key]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise self.fail(key, f"must be {_kind_of(wanted)}, not {kind(value)}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A field of text, with its line breaks folded."""
        return " ".join(self.take(key, str, default).split())

    def texts(self, key: str, default: Iterable[str] | None = None) -> tuple[str, ...]:
        """A list of texts; one text alone stands for a list of one."""
        value = self.raw(key, None if default is None else list(default))
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.fail(key, "must be a text or a list of texts")
        return tuple(items)

    def child(self, key: str) -> Reader | None:
        """The reader of a nested mapping, None when it is not written."""
        value = self.raw(key)
        return None if value is None else Reader(value, f"{self.where}.{key}", self.table.position(key))

    def mapping(self, key: str) -> dict[str, Any]:
        """A nested mapping as it is, empty when it is not written."""
        return dict(plain(self.take(key, dict, {})))

    def rows(self, key: str) -> list[Any]:
        """A list of anything, empty when it is not written."""
        return self.take(key, list, [])

    def done(self) -> None:
        """Refuse fields that nobody asked for. Raises CaseError."""
        for key in self.table:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1)
                hint = (
                    f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(sorted(self._asked))}"
                )
                raise self.fail(key, f"is not known here{hint}")


def kind(value: Any) -> str:
    """The type of a YAML value, in words."""
    return _kind_of(type(value))


def _kind_of(wanted: type) -> str:
    names: dict[type, str] = {dict: "a mapping", Table: "a mapping", list: "a list", str: "a text"}
    names |= {bool: "true or false", int: "a whole number", float: "a number", type(None): "nothing"}
    return names.get(wanted, wanted.__name__)

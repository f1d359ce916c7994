"""YAML whose every value still knows its line, so that an error can name it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_DEEPEST = 40


class ScenarioError(ValueError):
    """A scenario cannot be used; the message names file, line, path and reason."""

    def __init__(self, file: str, line: int, path: str, reason: str) -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {path}: {reason}" if path else f"{where}: {reason}")
        self.file = file
        self.line = line
        self.path = path
        self.reason = reason


@dataclass(slots=True)
class Source:
    """A parsed file: its value, and the line of each path in it."""

    file: str
    value: Any = None
    lines: dict[str, int] = field(default_factory=dict)

    def error(self, path: str, reason: str) -> ScenarioError:
        """An error at this path, or at the closest one around it that stands in the file."""
        known = path
        while known and known not in self.lines:
            known = known[: max(known.rfind("."), known.rfind("["), 0)]
        return ScenarioError(self.file, self.lines.get(known, 1), path, reason)


def read_source(path: Path) -> Source:
    """Read and parse a file. Raises ScenarioError."""
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(file, 0, "", f"cannot be read: {error}") from error
    return parse_source(text, file)


def parse_source(text: str, file: str) -> Source:
    """Parse YAML text. Raises ScenarioError."""
    source = Source(file)
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise ScenarioError(file, 1, "", "the file is empty")
        source.value = _value(loader, node, "", source, 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ScenarioError(file, mark.line + 1 if mark else 1, "", f"no YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ScenarioError(file, 1, "", f"no YAML: {error}") from error
    finally:
        loader.dispose()
    return source


def _value(loader: yaml.SafeLoader, node: yaml.Node, path: str, source: Source, depth: int) -> Any:
    line = node.start_mark.line + 1
    source.lines.setdefault(path, line)
    if depth > _DEEPEST:
        raise ScenarioError(source.file, line, path, "nested too deeply")
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, source, depth)
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(loader, item, f"{path}[{number}]", source, depth + 1)
            for number, item in enumerate(node.value)
        ]
    return loader.construct_object(node)


def _mapping(
    loader: yaml.SafeLoader, node: yaml.MappingNode, path: str, source: Source, depth: int
) -> dict[str, Any]:
    loader.flatten_mapping(node)
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        name = str(key_node.value)
        inner = f"{path}.{name}" if path else name
        line = key_node.start_mark.line + 1
        if name in found:
            raise ScenarioError(source.file, line, inner, "the key is there twice")
        source.lines[inner] = line
        found[name] = _value(loader, value_node, inner, source, depth + 1)
    return found

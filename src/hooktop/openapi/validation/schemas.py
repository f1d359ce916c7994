"""Compile schemas, close them against undocumented fields, and find such fields in a value."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import jsonschema_rs

from hooktop.openapi.validation.violations import Violation, body_violation, escaped

Schema: TypeAlias = Any
"""A dereferenced JSON Schema: a mapping, or true or false."""


def compile_schema(schema: Schema) -> Any:
    # `mask` replaces the value in every message.
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, mask="value")


def closed(schema: Schema) -> Schema:
    """The schema, with every field an error that it does not declare.

    At least as strict as "valid and nothing undocumented", never weaker: what it refuses is examined again.
    """
    if not isinstance(schema, Mapping):
        return schema
    flat = _flatten(schema)
    result = {key: _closed_keyword(key, value) for key, value in flat.items()}
    if _declares_fields(flat) and "additionalProperties" not in flat:
        result["unevaluatedProperties"] = False
    return result


def _closed_keyword(key: str, value: Any) -> Any:
    if key in ("properties", "patternProperties"):
        return {name: closed(child) for name, child in value.items()}
    if key in ("items", "additionalProperties"):
        return closed(value)
    if key == "prefixItems":
        return [closed(child) for child in value]
    if key in ("allOf", "oneOf", "anyOf"):
        # A branch describes the same object as its siblings do: only the outermost schema may close it.
        return [_open(closed(branch)) for branch in value]
    return value


def _open(schema: Schema) -> Schema:
    return (
        {k: v for k, v in schema.items() if k != "unevaluatedProperties"}
        if isinstance(schema, Mapping)
        else schema
    )


def _flatten(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Lift fields and items out of ``allOf``, so that what two branches declare is judged by both at once."""
    branches = [_flatten(branch) for branch in schema.get("allOf", ()) if isinstance(branch, Mapping)]
    if not branches:
        return dict(schema)
    parts = (schema, *branches)
    flat = {key: value for key, value in schema.items() if key not in _LIFTED}
    flat["allOf"] = [{key: value for key, value in part.items() if key not in _LIFTED} for part in branches]
    fields: dict[str, list[Schema]] = {}
    for part in parts:
        for name, child in part.get("properties", {}).items():
            fields.setdefault(name, []).append(child)
    if fields:
        flat["properties"] = {name: _all_of(children) for name, children in fields.items()}
    items = [part["items"] for part in parts if "items" in part]
    return {**flat, "items": _all_of(items)} if items else flat


_LIFTED = ("properties", "items")


def _all_of(schemas: list[Schema]) -> Schema:
    return schemas[0] if len(schemas) == 1 else {"allOf": schemas}


def _declares_fields(schema: Schema) -> bool:
    if not isinstance(schema, Mapping):
        return False
    if schema.get("properties"):
        return True
    return any(
        _declares_fields(branch) for key in ("allOf", "oneOf", "anyOf") for branch in schema.get(key, ())
    )


def undocumented_fields(value: Any, schemas: Sequence[Schema], pointer: str) -> Iterator[Violation]:
    """Fields that none of the schemas which describe ``value`` declares; free-form objects are exempt."""
    parts = [part for schema in schemas for part in _in_place(schema, value)]
    if isinstance(value, Mapping):
        free = not any(part.get("properties") for part in parts)
        for name, child in value.items():
            here = f"{pointer}/{escaped(str(name))}"
            children = [found for part in parts for found in _child_schemas(part, name)]
            if children:
                yield from undocumented_fields(child, children, here)
            elif not free:
                yield body_violation("undocumented-field", "the field is not documented", here)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            schemas = [found for part in parts for found in _item_schemas(part, index)]
            yield from undocumented_fields(child, schemas, f"{pointer}/{index}")


def _in_place(schema: Schema, value: Any) -> Iterator[Mapping[str, Any]]:
    """The schema and those of its branches that describe the very same value."""
    if not isinstance(schema, Mapping):
        return
    yield schema
    for branch in schema.get("allOf", ()):
        yield from _in_place(branch, value)
    for key in ("oneOf", "anyOf"):
        branches = schema.get(key, ())
        # When no branch fits, the value is invalid anyway: then any branch may have declared the field.
        chosen = [branch for branch in branches if compile_schema(branch).is_valid(value)] or branches
        for branch in chosen:
            yield from _in_place(branch, value)


def _child_schemas(schema: Mapping[str, Any], name: str) -> Iterator[Schema]:
    declared = schema.get("properties", {})
    if name in declared:
        yield declared[name]
        return
    patterns = schema.get("patternProperties", {})
    matching = [child for pattern, child in patterns.items() if re.search(pattern, name)]
    yield from matching
    if not matching and schema.get("additionalProperties", False) is not False:
        yield schema["additionalProperties"]


def _item_schemas(schema: Mapping[str, Any], index: int) -> Iterator[Schema]:
    first = schema.get("prefixItems", ())
    if index < len(first):
        yield first[index]
    elif "items" in schema:
        yield schema["items"]

"""Judge the path, query and header parameters of a request."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from hooktop.openapi.documents import Document, Parameter
from hooktop.openapi.validation.schemas import Schema, compile_schema
from hooktop.openapi.validation.violations import Violation, pointer_of


class Part:
    """The parameters of one place, checked together as one object."""

    def __init__(
        self, document: Document, where: Literal["path", "query", "header"], all_of_them: Iterable[Parameter]
    ) -> None:
        parameters = {self._key(where, item): item for item in all_of_them if item.where == where}
        self.names = frozenset(parameters)
        self._where = where
        schemas = {name: document.expand(item.schema) for name, item in parameters.items()}
        self._types = {name: _Coercion(schema) for name, schema in schemas.items()}
        required = [name for name, item in parameters.items() if item.required]
        self._validator = compile_schema({"type": "object", "properties": schemas, "required": required})

    @staticmethod
    def _key(where: str, parameter: Parameter) -> str:
        return parameter.name.lower() if where == "header" else parameter.name

    def check(self, given: Mapping[str, Sequence[str]]) -> list[Violation]:
        values: dict[str, Any] = {}
        found: list[Violation] = []
        for name, texts in given.items():
            coercion = self._types.get(name)
            if coercion is None:
                found += self._unknown(name)
            elif len(texts) > 1 and not coercion.is_array:
                found.append(self._violation(name, "", "repeated-parameter", "given more than once"))
            else:
                values[name] = coercion(texts)
        if not self._validator.is_valid(values):
            found += [self._explain(error) for error in self._validator.iter_errors(values)]
        return found

    def _unknown(self, name: str) -> list[Violation]:
        if self._where != "query":  # any request carries headers that no document lists
            return []
        known = ", ".join(sorted(self.names)) or "none"
        return [self._violation(name, "", "unknown-parameter", f"unknown query parameter (known: {known})")]

    def _explain(self, error: Any) -> Violation:
        path = list(error.instance_path)
        if path:
            return self._violation(str(path[0]), pointer_of(path[1:]), error.kind.name, error.message)
        name = getattr(error.kind, "property", "")
        return self._violation(name, "", error.kind.name, "a value is required")

    def _violation(self, name: str, pointer: str, rule: str, message: str) -> Violation:
        return Violation(where=f"{self._where}.{name}", pointer=pointer, rule=rule, message=message)


_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class _Coercion:
    """Turns the text of a parameter into the JSON value that its schema speaks of."""

    __slots__ = ("_types", "is_array")

    def __init__(self, schema: Schema) -> None:
        types = _types_of(schema)
        self.is_array = "array" in types
        self._types = _types_of(schema.get("items", {})) if self.is_array else types

    def __call__(self, texts: Sequence[str]) -> Any:
        return [self._one(text) for text in texts] if self.is_array else self._one(texts[0] if texts else "")

    def _one(self, text: str) -> Any:
        # What does not look like its type stays a string, for the schema to refuse.
        if "integer" in self._types and _INTEGER.fullmatch(text):
            return int(text)
        if "number" in self._types and _NUMBER.fullmatch(text):
            return float(text)
        if "boolean" in self._types and text in ("true", "false"):
            return text == "true"
        return text


def _types_of(schema: Schema) -> frozenset[str]:
    if not isinstance(schema, Mapping):
        return frozenset()
    own = schema.get("type", ())
    own = {own} if isinstance(own, str) else set(own)
    branches = (*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ()))
    return frozenset(own.union(*map(_types_of, branches)))

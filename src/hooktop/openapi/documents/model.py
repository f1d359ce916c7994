"""A parsed OpenAPI document: its operations by id and by path, with references resolved."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

ANNOTATIONS: Final = {"title", "description", "example", "examples", "default", "deprecated", "externalDocs"}
"""Keywords that say something to people and nothing to a validator."""
NAMED_SUBSCHEMAS: Final = {"properties", "patternProperties"}
LISTED_SUBSCHEMAS: Final = {"allOf", "anyOf", "oneOf", "prefixItems"}
UNSUPPORTED: Final = {
    "$defs",
    "$dynamicRef",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "unevaluatedProperties",
}
"""Keywords under which references and undocumented fields would go unnoticed."""
SUBSCHEMAS: Final = {"items", "additionalProperties", "not", "contains", "propertyNames"}


class DocumentError(ValueError):
    """The OpenAPI document cannot be used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaType:
    """One representation of a body: its schema (references not yet resolved) and named examples."""

    name: str
    schema: Mapping[str, Any]
    examples: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A path, query or header parameter."""

    name: str
    where: str
    required: bool
    schema: Mapping[str, Any]
    inferred: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestBody:
    """What an operation reads."""

    required: bool
    content: Mapping[str, MediaType]


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One documented answer; ``status`` is a number, a range such as ``4XX`` or ``default``."""

    status: str
    description: str
    content: Mapping[str, MediaType]
    headers: Mapping[str, Any]
    inferred: str | None

    @property
    def examples(self) -> dict[str, Any]:
        """All named examples of this answer."""
        return {name: value for media in self.content.values() for name, value in media.examples.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation of a document, with everything that is referenced by it resolved, schemas excepted."""

    id: str
    method: str
    path: str
    summary: str
    source: tuple[str, ...]
    """Pages and clients that confirm the operation (``x-source``)."""
    inferred: Mapping[str, str]
    """What no source states outright: place within the operation -> why it is believed (``x-inferred``)."""
    parameters: tuple[Parameter, ...]
    request_body: RequestBody | None
    responses: Mapping[str, Response]
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def examples(self) -> dict[tuple[str, str], Any]:
        """Named examples of all answers, keyed by status and name."""
        return {
            (status, name): value
            for status, response in self.responses.items()
            for name, value in response.examples.items()
        }

    def response(self, status: int) -> Response | None:
        """The documented answer for a status: the number itself, its range, or the default."""
        responses = self.responses
        return responses.get(str(status)) or responses.get(f"{status // 100}XX") or responses.get("default")


class Document:
    """A parsed OpenAPI document, indexed by operation and by path."""

    def __init__(self, raw: Mapping[str, Any], *, name: str, path: Path) -> None:
        self.raw = raw
        self.name = name
        self.path = path
        info = raw.get("info", {})
        self.title = str(info.get("title", name))
        self.version = str(info.get("version", ""))
        self.operations: Mapping[str, Operation] = {item.id: item for item in _operations(self)}

    def __repr__(self) -> str:
        return f"Document({self.name!r}, {self.title!r} {self.version}, {len(self.operations)} operations)"

    def resolve(self, node: Any) -> Any:
        """Follow ``$ref`` from ``node`` until something else is reached. Raises DocumentError."""
        hops = 0
        while isinstance(node, Mapping) and "$ref" in node:
            node = self._lookup(node["$ref"])
            hops += 1
            if hops > 50:
                raise DocumentError(f"{self.path}: {node['$ref']} refers to itself")
        return node

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation that answers ``method path`` and the values of its path parameters."""
        segments = path.strip("/").split("/")
        for template, operation in self._routes.get((method.upper(), len(segments)), ()):
            values = _match(template, segments)
            if values is not None:
                return operation, values
        return None

    def expand(self, schema: Any) -> Any:
        """A schema with all references replaced by what they name, and without its annotations.

        Raises DocumentError when a schema contains itself: no validator is made for such a document.
        """
        return self._expand(schema, ())

    def _expand(self, schema: Any, trail: tuple[str, ...]) -> Any:
        if not isinstance(schema, Mapping):
            return schema
        if not UNSUPPORTED.isdisjoint(schema):
            raise DocumentError(
                f"{self.path}: schemas with {', '.join(UNSUPPORTED & set(schema))} are not supported"
            )
        own = {
            key: self._expand_keyword(key, value, trail)
            for key, value in schema.items()
            if key not in ANNOTATIONS and not key.startswith("x-")
        }
        if "$ref" not in schema:
            return own
        reference = own.pop("$ref")
        if reference in trail:
            raise DocumentError(f"{self.path}: {reference} contains itself; write it without the cycle")
        target = self._expand(self._lookup(reference), (*trail, reference))
        return {"allOf": [target, own]} if own else target

    def _expand_keyword(self, key: str, value: Any, trail: tuple[str, ...]) -> Any:
        if key in NAMED_SUBSCHEMAS:
            return {name: self._expand(child, trail) for name, child in value.items()}
        if key in LISTED_SUBSCHEMAS:
            return [self._expand(child, trail) for child in value]
        return self._expand(value, trail) if key in SUBSCHEMAS else value

    def _lookup(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise DocumentError(
                f"{self.path}: {reference}: only references within the document are supported"
            )
        node: Any = self.raw
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(key)] if isinstance(node, list) else node[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise DocumentError(f"{self.path}: {reference} refers to nothing; correct the name") from None
        return node

    @cached_property
    def _routes(self) -> dict[tuple[str, int], list[tuple[list[str], Operation]]]:
        routes: dict[tuple[str, int], list[tuple[list[str], Operation]]] = {}
        for operation in self.operations.values():
            template = operation.path.strip("/").split("/")
            routes.setdefault((operation.method, len(template)), []).append((template, operation))
        for candidates in routes.values():
            # Literal segments win over parameters: /dlq/messages before /dlq/{id}.
            candidates.sort(key=lambda pair: [segment.startswith("{") for segment in pair[0]])
        return routes


def _match(template: list[str], segments: list[str]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for expected, actual in zip(template, segments, strict=True):
        if expected.startswith("{"):
            if not actual:
                return None
            values[expected[1:-1]] = actual
        elif expected != actual:
            return None
    return values


# --- building ---------------------------------------------------------------


def _operations(document: Document) -> Iterator[Operation]:
    for path, item in document.raw.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield _operation(document, path, method, item)


def _operation(document: Document, path: str, method: str, item: Mapping[str, Any]) -> Operation:
    raw = item[method]
    if "operationId" not in raw:
        raise DocumentError(f"{document.path}: {method.upper()} {path} has no operationId; name it")
    parameters = tuple(
        _parameter(document.resolve(entry))
        for entry in (*item.get("parameters", ()), *raw.get("parameters", ()))
    )
    responses = {str(s): _response(document, str(s), r) for s, r in raw.get("responses", {}).items()}
    body = _request_body(document, raw["requestBody"]) if "requestBody" in raw else None
    return Operation(
        id=raw["operationId"],
        method=method.upper(),
        path=path,
        summary=raw.get("summary", ""),
        source=tuple(raw.get("x-source", ())),
        inferred=dict(_inferred(raw, parameters, responses)),
        parameters=parameters,
        request_body=body,
        responses=responses,
        raw=raw,
    )


def _inferred(
    raw: Mapping[str, Any], parameters: tuple[Parameter, ...], responses: Mapping[str, Response]
) -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        if parameter.inferred is not None:
            yield f"parameters/{parameter.name}", parameter.inferred
    for status, response in responses.items():
        if response.inferred is not None:
            yield f"responses/{status}", response.inferred
    # Last: what an operation says of its use of a shared component counts more than the component's own word.
    own = raw.get("x-inferred", {})
    yield from own.items() if isinstance(own, Mapping) else [("", own)]


def _parameter(raw: Mapping[str, Any]) -> Parameter:
    return Parameter(
        name=raw["name"],
        where=raw["in"],
        required=raw.get("required", False),
        schema=raw.get("schema", {}),
        inferred=raw.get("x-inferred"),
    )


def _request_body(document: Document, node: Mapping[str, Any]) -> RequestBody:
    raw = document.resolve(node)
    return RequestBody(required=raw.get("required", False), content=_content(document, raw))


def _response(document: Document, status: str, node: Mapping[str, Any]) -> Response:
    raw = document.resolve(node)
    return Response(
        status=status,
        description=raw.get("description", ""),
        content=_content(document, raw),
        headers=raw.get("headers", {}),
        inferred=raw.get("x-inferred"),
    )


def _content(document: Document, raw: Mapping[str, Any]) -> dict[str, MediaType]:
    return {name: _media(document, name, media) for name, media in raw.get("content", {}).items()}


def _media(document: Document, name: str, raw: Mapping[str, Any]) -> MediaType:
    examples = {key: document.resolve(node).get("value") for key, node in raw.get("examples", {}).items()}
    if "example" in raw:
        examples.setdefault("default", raw["example"])
    return MediaType(name=name, schema=raw.get("schema", {}), examples=examples)

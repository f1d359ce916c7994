"""The rules of one operation: what it reads, and what it may answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hooktop.openapi.documents import Document, MediaType, Operation
from hooktop.openapi.validation.parameters import Part
from hooktop.openapi.validation.schemas import Schema, closed, compile_schema, undocumented_fields
from hooktop.openapi.validation.violations import MISSING, Violation, body_violation, pointer_of


class AnswerRules:
    """One documented answer: its media types and their schemas."""

    def __init__(self, document: Document, content: Mapping[str, MediaType]) -> None:
        self._bodies = {name: Body(document, media) for name, media in content.items()}

    def accepts(self, body: Any) -> bool:
        if body is MISSING or not self._bodies:
            return body is MISSING and not self._bodies
        return any(rules.accepts(body) for rules in self._bodies.values())

    def check(self, content_type: str | None, body: Any) -> tuple[Violation, ...]:
        if not self._bodies:
            return () if body is MISSING else (body_violation("no-body", "no body is documented here"),)
        if body is MISSING:
            return (body_violation("required", "a body is documented here, and none came"),)
        rules = self._bodies.get(content_type or "") or pick(self._bodies, content_type)
        if rules is None:
            return (_media_type_violation(content_type, self._bodies),)
        return () if rules.accepts(body) else tuple(rules.violations(body, undocumented=True))


class RequestRules:
    """The parameters and the body that one operation reads."""

    def __init__(self, document: Document, operation: Operation) -> None:
        self._path = Part(document, "path", operation.parameters)
        self._query = Part(document, "query", operation.parameters)
        self._headers = Part(document, "header", operation.parameters)
        body = operation.request_body
        self._body_required = body is not None and body.required
        self._bodies = {} if body is None else {n: Body(document, m) for n, m in body.content.items()}

    def check(
        self,
        path: Mapping[str, str],
        query: Mapping[str, Sequence[str]],
        headers: Mapping[str, str],
        body: Any,
        content_type: str | None,
    ) -> tuple[Violation, ...]:
        found: list[Violation] = []
        if self._path.names:
            found += self._path.check({name: [value] for name, value in path.items()})
        if query or self._query.names:
            found += self._query.check(query)
        if self._headers.names:
            found += self._headers.check({name.lower(): [value] for name, value in headers.items()})
        found += self._check_body(body, content_type)
        return tuple(found)

    def _check_body(self, body: Any, content_type: str | None) -> Iterable[Violation]:
        # A body where none is documented is ignored by every server we know: not a violation.
        if not self._bodies:
            return ()
        if body is MISSING:
            return (body_violation("required", "a body is required"),) if self._body_required else ()
        rules = pick(self._bodies, content_type)
        if rules is None:
            return (_media_type_violation(content_type, self._bodies),)
        return () if rules.is_valid(body) else rules.violations(body, undocumented=False)


class Body:
    """One schema of a body, compiled when it is first needed."""

    __slots__ = ("_document", "_exact", "_schema", "_source", "_strict")

    def __init__(self, document: Document, media: MediaType) -> None:
        self._document = document
        self._source = media.schema
        self._schema: Schema | None = None
        self._exact: Any = None
        self._strict: Any = None

    @property
    def schema(self) -> Schema:
        if self._schema is None:
            self._schema = self._document.expand(self._source)
        return self._schema

    def accepts(self, body: Any) -> bool:
        """Valid, and without an undocumented field."""
        return self.accepts_strictly(body) or not any(self.violations(body, undocumented=True))

    def accepts_strictly(self, body: Any) -> bool:
        """The fast half of `accepts`: true is certain, false asks for a closer look."""
        if self._strict is None:
            self._strict = compile_schema(closed(self.schema))
        return bool(self._strict.is_valid(body))

    def is_valid(self, body: Any) -> bool:
        return bool(self._validator().is_valid(body))

    def violations(self, body: Any, *, undocumented: bool) -> Iterator[Violation]:
        for error in self._validator().iter_errors(body):
            pointer = pointer_of(error.instance_path)
            yield body_violation(error.kind.name, error.message, pointer)
        if undocumented:
            yield from undocumented_fields(body, (self.schema,), "")

    def _validator(self) -> Any:
        if self._exact is None:
            self._exact = compile_schema(self.schema)
        return self._exact


def pick(bodies: Mapping[str, Body], content_type: str | None) -> Body | None:
    """The rules for a Content-Type header: its own, those of its range, or those of anything."""
    if not content_type:
        return bodies.get("*/*") or (next(iter(bodies.values())) if len(bodies) == 1 else None)
    name = content_type.partition(";")[0].strip().lower()
    return bodies.get(name) or bodies.get(f"{name.partition('/')[0]}/*") or bodies.get("*/*")


def _media_type_violation(content_type: str | None, bodies: Mapping[str, Body]) -> Violation:
    text = f"{content_type or 'no media type'} is not documented here (documented: {', '.join(bodies)})"
    return Violation(where="content-type", pointer="", rule="media-type", message=text)

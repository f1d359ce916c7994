"""The judge of a document."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hooktop.openapi.documents import Document, Operation, load
from hooktop.openapi.validation.rules import AnswerRules, RequestRules
from hooktop.openapi.validation.violations import MISSING, Violation


class Judge:
    """Checks messages of one document. Safe to use from many threads: what it compiles is never changed."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._requests: dict[str, RequestRules] = {}
        self._answers: dict[tuple[str, int], AnswerRules | None] = {}

    @staticmethod
    def of(name_or_path: str | Path) -> "Judge":
        """The judge of a bundled document (or of one at a path), made once per process."""
        return _judge(name_or_path)

    def request(
        self,
        operation_id: str,
        path: Mapping[str, str],
        query: Mapping[str, Sequence[str]],
        headers: Mapping[str, str],
        body: Any = MISSING,
        content_type: str | None = None,
    ) -> tuple[Violation, ...]:
        """What is wrong with a request; raises KeyError when the document has no such operation."""
        rules = self._requests.get(operation_id)
        if rules is None:
            rules = self._requests[operation_id] = RequestRules(self.document, self._operation(operation_id))
        return rules.check(path, query, headers, _readable(body), content_type)

    def response(
        self, operation_id: str, status: int, content_type: str | None = None, body: Any = MISSING
    ) -> tuple[Violation, ...]:
        """What is wrong with an answer; raises KeyError when the document has no such operation."""
        rules = self._answer(operation_id, status)
        if rules is None:
            known = ", ".join(self._operation(operation_id).responses)
            text = f"{status} is not documented for {operation_id} (documented: {known})"
            return (Violation(where="status", pointer="", rule="undocumented-status", message=text),)
        return rules.check(content_type, _readable(body))

    def response_ok(self, operation_id: str, status: int, body: Any = MISSING) -> bool:
        """Whether an answer is clean, whatever its media type; costs microseconds and names nothing."""
        rules = self._answer(operation_id, status)
        return rules is not None and rules.accepts(_readable(body))

    def _operation(self, operation_id: str) -> Operation:
        return self.document.operations[operation_id]

    def _answer(self, operation_id: str, status: int) -> "AnswerRules | None":
        key = (operation_id, status)
        if key not in self._answers:
            documented = self._operation(operation_id).response(status)
            content = None if documented is None else documented.content
            self._answers[key] = None if content is None else AnswerRules(self.document, content)
        return self._answers[key]


@cache
def _judge(name_or_path: str | Path) -> Judge:
    return Judge(load(name_or_path))


def _readable(body: Any) -> Any:
    """A body that was not read as JSON is text to a schema."""
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else body

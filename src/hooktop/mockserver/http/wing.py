"""What a wing must say so that its API's requests pass through the one pipeline."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from flask import Blueprint, Response, request

from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError
from hooktop.mockserver.http.pipeline import carry
from hooktop.openapi.documents import Document, load

if TYPE_CHECKING:
    from hooktop.mockserver.delivery.model import Message
    from hooktop.mockserver.engine.dialect import Dialect
    from hooktop.mockserver.engine.project import Project
    from hooktop.mockserver.engine.registry import Registry
    from hooktop.mockserver.http.site import Site
    from hooktop.openapi.validation import Judge

View = Callable[[Call], Answer]


class Wing(ABC):
    """One API of the server: who may call, how errors look, which headers an answer carries.

    Operations are added with `operation`; each becomes the Flask endpoint "<name>.<operation id>".
    """

    name: ClassVar[str]
    """The name of the API, of its document and of its Flask blueprint."""
    dialect: ClassVar[Dialect | None] = None
    """Makes the ids of the API's requests; without one the registry does."""

    def __init__(self, registry: Registry, site: Site, judge: Judge | None) -> None:
        self.registry = registry
        self.site = site
        self.judge = judge
        self.document: Document | None = load(self.name) if judge else None
        self.judged = frozenset(self.document.operations) if self.document else frozenset[str]()
        self.blueprint = Blueprint(self.name, __name__)

    # --- said by the wing ---

    @abstractmethod
    def missing_key(self, call: Call) -> ApiError:
        """The refusal of a request that carries no usable key."""

    @abstractmethod
    def unknown_key(self, call: Call) -> ApiError:
        """The refusal of a key that belongs to no project of this API."""

    @abstractmethod
    def refusal(self, error: ApiError, call: Call) -> Answer:
        """The error in the vendor's form."""

    @abstractmethod
    def translate(self, error: Exception, call: Call) -> ApiError | None:
        """What the vendor says where the engine raised `error`; None when it is no foreseen refusal."""

    def invalid(self, call: Call) -> ApiError | None:
        """The vendor's refusal of a request that breaks its document (`call.violations`), or None to go on.

        A wing that checks in its views, because the vendor's order of checks matters, keeps this None.
        """
        return None

    def find_public_project(self, call: Call) -> Project | None:
        """The project that a request without a key concerns, for its faults and its journal; None for none."""
        return None

    def before(self, call: Call) -> ApiError | None:
        """A refusal that comes after authentication and before anything is read; None to go on."""
        return None

    def complaints(self, profile: Mapping[str, str]) -> tuple[str, ...]:
        """Why a project of this API cannot take these readings; empty when it can."""
        return ()

    def word(self, project: Project, message: Message) -> str:
        """The message's state in the words of this API."""
        return message.state.value

    def no_such_path(self, call: Call) -> ApiError:
        """The refusal of a path that the API does not have; runs after authentication."""
        return ApiError(404, "NOT_FOUND", "no such path")

    def wrong_method(self, call: Call, allowed: tuple[str, ...]) -> ApiError:
        """The refusal of a method that the path does not have; runs after authentication."""
        return ApiError(
            405, "METHOD_NOT_ALLOWED", "no such method here", headers={"Allow": ", ".join(allowed)}
        )

    def internal_error(self, call: Call) -> ApiError:
        """The answer to what nobody foresaw."""
        return ApiError(500, "INTERNAL_ERROR", "internal server error")

    def headers(self, call: Call) -> Mapping[str, str]:
        """Headers that every answer of this API carries besides Date and X-Request-ID."""
        return {}

    def shown(self, call: Call) -> tuple[str, str]:
        """Path and query as the journal keeps them; a wing whose addresses hold secrets masks them here.

        A key that its owner has put into the address by mistake is masked too.
        """
        path, query = call.request.path, call.request.query_string.decode("latin-1")
        return (path.replace(call.key, "***"), query.replace(call.key, "***")) if call.key else (path, query)

    def request_id(self, call: Call) -> str:
        """A fresh id of this request; `call.project` is None before authentication."""
        if self.dialect is None or call.project is None:
            return self.registry.request_id()
        return self.dialect.new_id("request", None, call.project.chance, call.now)

    # --- given to the wing ---

    def find_project(self, call: Call) -> Project | None:
        """The project that the request's bearer key opens. Raises ApiError in the vendor's words.

        None lets the request in without a project: no fault, no journal.
        """
        key = bearer_key(call.request.environ.get("HTTP_AUTHORIZATION"))
        if not key:
            raise self.missing_key(call)
        project = self.registry.by_key(key)
        if project is None or project.api != self.name:
            raise self.unknown_key(call)
        call.key = key
        return project

    def operation(
        self, operation_id: str, method: str, rule: str, *, public: bool = False
    ) -> Callable[[View], View]:
        """Serve `method rule` with the decorated view; a public operation needs no key."""

        def register(view: View) -> View:
            def entry(**path: str) -> Response:
                call = Call(operation_id, request._get_current_object(), path)  # type: ignore[attr-defined]
                return carry(self, call, view, public=public)

            self.blueprint.add_url_rule(
                rule, operation_id, entry, methods=[method], provide_automatic_options=False
            )
            return view

        return register


def bearer_key(header: str | None) -> str | None:
    """The key of an `Authorization: Bearer <key>` header; the scheme is read in any case."""
    if not header:
        return None
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer" or not key or " " in key:
        return None
    return key


def details_of(violations: tuple[Any, ...]) -> list[dict[str, str]]:
    """Violations as JSON: where, what rule, in words."""
    return [
        {"where": each.where, "pointer": each.pointer, "rule": each.rule, "message": each.message}
        for each in violations
    ]

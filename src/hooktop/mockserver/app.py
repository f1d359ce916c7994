"""The running reference server: one Flask application for all APIs, on one listener."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from hooktop.mockserver import control, convoy
from hooktop.mockserver.engine.registry import Registry
from hooktop.mockserver.hookbridge.wing import HookBridgeWing
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError
from hooktop.mockserver.http.pipeline import carry
from hooktop.mockserver.http.site import Site
from hooktop.mockserver.http.wing import Wing
from hooktop.openapi.validation import Judge


def create_app(registry: Registry, site: Site) -> Flask:
    """All wings on one application; what no route knows is answered by the wing whose path it is nearest to."""
    dialects: dict[str, Wing] = {
        "hookbridge": HookBridgeWing(registry, site, Judge.of("hookbridge")),
        "convoy": convoy.wing(registry, site, Judge.of("convoy")),
    }
    mock = control.wing(registry, site, Judge.of("mock"), dialects)
    app = Flask("hooktop.mockserver", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it
    app.url_map.merge_slashes = False
    for wing in (*dialects.values(), mock):
        app.register_blueprint(wing.blueprint)
    _catch_unrouted(app, {"/_mock": mock, "/api": dialects["convoy"], "": dialects["hookbridge"]})
    return app


def _catch_unrouted(app: Flask, by_prefix: Mapping[str, Wing]) -> None:
    """Answer unknown paths and wrong methods in the form of the API that the path belongs to."""

    def unrouted(error: HTTPException) -> Response:
        path = request.path
        wing = next(
            wing for prefix, wing in by_prefix.items() if path == prefix or path.startswith(f"{prefix}/")
        )
        call = Call("", request._get_current_object(), {})  # type: ignore[attr-defined] # werkzeug's proxy

        def refuse(refused: Call) -> Answer:
            raise _refusal(wing, refused, error)

        return carry(wing, call, refuse)

    app.register_error_handler(HTTPException, unrouted)


def _refusal(wing: Wing, call: Call, error: HTTPException) -> ApiError:
    if isinstance(error, MethodNotAllowed):
        return wing.wrong_method(call, tuple(sorted(cast("list[str]", error.valid_methods or []))))
    if error.code == 404 or error.code is None:
        return wing.no_such_path(call)
    return ApiError(error.code, "INVALID_REQUEST", error.description or error.name)

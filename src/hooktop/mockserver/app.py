"""The running reference server: one Flask application for all APIs, on one listener.

`start` raises `StartError`, whose message names the flag or the file that stands in the way.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, cast

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from hooktop.mockserver import control, convoy, hookbridge
from hooktop.mockserver.control.projects import addresses
from hooktop.mockserver.engine.clock import Clock, ClockError, make_clock, parse_iso
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.engine.project import Settings as ProjectSettings
from hooktop.mockserver.engine.registry import Registry, UnknownApi
from hooktop.mockserver.engine.scenario import ScenarioError
from hooktop.mockserver.engine.scheduler import Scheduler
from hooktop.mockserver.engine.store import StoreError
from hooktop.mockserver.engine.transport import ClosableTransport, DeferredTransport, Transport
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError
from hooktop.mockserver.http.pipeline import carry
from hooktop.mockserver.http.serving import Listener
from hooktop.mockserver.http.site import Site
from hooktop.mockserver.http.wing import Wing
from hooktop.mockserver.settings import ClockSetting, Settings
from hooktop.openapi.documents import DocumentError
from hooktop.openapi.validation import Judge

log = logging.getLogger("hooktop.mockserver")

DIALECTS = {each.name: each for each in (hookbridge.DIALECT, convoy.DIALECT)}
FAILED = 1
WRONG_USAGE = 2


class StartError(Exception):
    """The server cannot start; the message says what to change."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


# --- the application ---------------------------------------------------------


def create_app(registry: Registry, site: Site) -> Flask:
    """All wings on one application; what no route knows is answered by the wing whose path it is nearest to."""
    dialects: dict[str, Wing] = {
        "hookbridge": hookbridge.wing(registry, site, Judge.of("hookbridge")),
        "convoy": convoy.wing(registry, site, Judge.of("convoy")),
    }
    mock = control.wing(registry, site, Judge.of("mock"), dialects)
    app = Flask("hooktop.mockserver", static_folder=None)
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


# --- the server --------------------------------------------------------------


class Server:
    """A running server. `stop` drains: every request that was taken in is answered first."""

    def __init__(
        self,
        registry: Registry,
        site: Site,
        listener: Listener,
        transport: DeferredTransport,
        port_file: Path | None,
    ) -> None:
        self.registry = registry
        self.site = site
        self._listener = listener
        self._transport = transport
        self._port_file = port_file

    @property
    def url(self) -> str:
        """Where the server is reached."""
        return self.site.url

    @property
    def projects(self) -> list[Project]:
        """All live projects."""
        return self.registry.all()

    def facts(self) -> dict[str, Any]:
        """What the port file says."""
        return {
            "url": self.site.url,
            "stream_url": self.site.stream_url,
            "pid": os.getpid(),
            "admin_token": self.site.admin_token,
            "projects": [_project_facts(project, self.site) for project in self.projects],
        }

    def stop(self, timeout: float = 4.0) -> None:
        """Answer what was asked, stop delivering, remove the port file."""
        deadline = monotonic() + timeout
        self.site.stopping.set()
        self._listener.stop(timeout)
        self.registry.close(max(0.2, deadline - monotonic()))
        self._transport.close()
        if self._port_file is not None:
            _remove_port_file(self._port_file)


def _project_facts(project: Project, site: Site) -> dict[str, Any]:
    where = addresses(project.api, site)
    return {
        "id": project.id,
        "api": project.api,
        "name": project.name,
        "api_key": project.api_key,
        "base_url": where["base_url"],
        "send_url": where["send_url"],
    }


def start(settings: Settings) -> Server:
    """Bind, make the first projects, and serve in the background. Raises StartError."""
    listener = Listener(settings.host, settings.port, threads=settings.threads)
    port = _bind(listener, settings)
    try:
        transport = DeferredTransport(partial(_http_transport, settings.allow_hosts))
        registry = _registry(settings, transport)
        site = _site(settings, port)
        site.waiting = listener.waiting
        app = create_app(registry, site)
        _make_projects(registry, settings)
        registry.scheduler.start()
        server = Server(registry, site, listener, transport, settings.port_file)
        listener.serve(app)
        if settings.port_file is not None:
            _write_port_file(settings.port_file, server.facts())
    except (StoreError, ScenarioError, ClockError, UnknownApi, DocumentError, OSError) as error:
        listener.stop()
        raise StartError(*_reason(error)) from error
    return server


def _bind(listener: Listener, settings: Settings) -> int:
    try:
        return listener.bind()
    except OSError as error:
        text = (
            f"cannot listen on {settings.host} port {settings.port}: {_why(error)}. "
            "Another program may be using it; choose another with --port, or --port 0 for any free one."
        )
        raise StartError(text, FAILED) from error


def _why(error: OSError) -> str:
    """The system's own words; the web server wraps its error in one whose text is a tuple."""
    number = error.errno or next((int(found) for found in re.findall(r"\[Errno (\d+)\]", str(error))), None)
    return os.strerror(number).lower() if number else str(error)


def _reason(error: Exception) -> tuple[str, int]:
    """What to tell, and the exit code: 2 where a flag or a file that it names is wrong."""
    if isinstance(error, OSError):
        return f"--port-file: {error}", FAILED
    if isinstance(error, DocumentError):
        return str(error), FAILED
    if isinstance(error, ClockError):
        return f"--clock: {error}", WRONG_USAGE
    return str(error), WRONG_USAGE


def _site(settings: Settings, port: int) -> Site:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return Site(
        url=f"http://{host}:{port}",
        admin_token=settings.admin_token or secrets.token_urlsafe(24),
        loopback=settings.is_loopback,
    )


def _http_transport(allow_hosts: tuple[str, ...]) -> ClosableTransport:
    """Imported where it is needed: nothing else needs urllib3, and reading it takes a tenth of the start."""
    from hooktop.mockserver.engine.http_transport import AddressGuard, HttpTransport

    return HttpTransport(AddressGuard(allow_hosts))


def _registry(settings: Settings, transport: Transport) -> Registry:
    kind, _, path = settings.store.partition(":")
    return Registry(
        DIALECTS,
        scheduler=Scheduler(transport),
        store_path=path if kind == "sqlite" else None,
        seed=settings.seed,
        make_clock=_clock_maker(settings.clock),
        settings=ProjectSettings(
            deliver=settings.deliver, config={"allow_hosts": list(settings.allow_hosts)}
        ),
    )


def _clock_maker(setting: ClockSetting) -> Callable[[], Clock]:
    """A maker of clocks, tried once so that a wrong flag is told at the start. Raises ClockError."""
    now = None if setting.now is None else parse_iso(setting.now)
    maker = partial(make_clock, setting.mode, now=now, speed=setting.speed)
    maker()
    return maker


def _make_projects(registry: Registry, settings: Settings) -> None:
    """The scenario's projects, or one of each API; none where a store has brought its own."""
    if registry.all():
        return
    if settings.scenario is not None:
        registry.load(settings.scenario, seed=settings.seed)
        return
    for api in DIALECTS:
        registry.create(api, name="default")


# --- the port file -----------------------------------------------------------


def _write_port_file(path: Path, facts: Mapping[str, Any]) -> None:
    """Write at once or not at all, readable by nobody else: it holds keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2)
    Path(temporary).replace(path)


def _remove_port_file(path: Path) -> None:
    """Remove the file, unless another server has written its own there."""
    try:
        if json.loads(path.read_bytes()).get("pid") == os.getpid():
            path.unlink()
    except (OSError, ValueError):
        log.warning("port file %s is gone or damaged", path)

"""Scripts of receivers, and what each receiver got."""

from __future__ import annotations

import base64
from typing import Any

from hooktop.mockserver.control.forms import ReceiverForm, invalid, read
from hooktop.mockserver.control.journal import limit_of, number_of, page
from hooktop.mockserver.control.wing import ControlWing, data, moment, nothing
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.engine.receivers import Received, Script
from hooktop.mockserver.engine.scripts import ScriptError
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.errors import ApiError


def register(wing: ControlWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("listReceivers", "GET", "/_mock/v1/projects/<id>/receivers")
    def list_receivers(call: Call) -> Answer:
        return data(call, [script_json(each) for each in wing.project(call).receivers.scripts()])

    @wing.operation("getReceiver", "GET", "/_mock/v1/projects/<id>/receivers/<name>")
    def get_receiver(call: Call) -> Answer:
        return data(call, script_json(_script(wing.project(call), call.path["name"])))

    @wing.operation("setReceiver", "PUT", "/_mock/v1/projects/<id>/receivers/<name>")
    def put_receiver(call: Call) -> Answer:
        project, form = wing.project(call), read(call, ReceiverForm)
        try:
            with project.lock:
                name, host = _meant(project, call.path["name"])
                script = project.receivers.set(name, form.answers, form.host or host)
        except ScriptError as error:
            raise invalid(error.path, error.reason) from None
        return data(call, script_json(script))

    @wing.operation("deleteReceiver", "DELETE", "/_mock/v1/projects/<id>/receivers/<name>")
    def delete_receiver(call: Call) -> Answer:
        project = wing.project(call)
        with project.lock:
            _script(project, call.path["name"])
            project.receivers.drop(call.path["name"])
        return nothing()

    @wing.operation("listReceiverDeliveries", "GET", "/_mock/v1/projects/<id>/receivers/<name>/deliveries")
    def list_receiver_deliveries(call: Call) -> Answer:
        project, limit = wing.project(call), limit_of(call)
        rows = project.receivers.received(call.path["name"], limit=limit, before=number_of(call, "cursor"))
        return page(call, [received_json(project, row) for row in rows], "id")


def _meant(project: Project, name_or_host: str) -> tuple[str, str | None]:
    """The name and host of the script to write: the one that has this host already, else a new one."""
    known = project.receivers.get(name_or_host)
    if known is not None and name_or_host.lower() in (known.name.lower(), known.host):
        return known.name, known.host
    return name_or_host, None


def _script(project: Project, name: str) -> Script:
    found = project.receivers.get(name)
    if found is None:
        raise ApiError(404, "NOT_FOUND", f"no script for receiver {name!r}; without one it answers 200")
    return found


def script_json(script: Script) -> dict[str, Any]:
    """A receiver's script."""
    return {"name": script.name, "host": script.host, "answers": [line.state() for line in script.answers]}


def received_json(project: Project, row: Received) -> dict[str, Any]:
    """One delivery as the receiver got it, with what a check of its signature gives."""
    try:
        body, encoding = row.body.decode(), "text"
    except UnicodeDecodeError:
        body, encoding = base64.b64encode(row.body).decode(), "base64"
    return {
        "id": row.seq,
        "at": moment(row.at),
        "receiver": row.receiver,
        "endpoint_id": row.endpoint.id,
        "url": row.endpoint.url,
        "message_id": row.message_id,
        "attempt_no": row.attempt_no,
        "status": row.status,
        "error": row.error.value if row.error else None,
        "headers": dict(row.headers),
        "body": body,
        "body_encoding": encoding,
        "signature": project.dialect.verify(row.endpoint, row.headers, row.body),
    }

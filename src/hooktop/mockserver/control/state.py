"""Back in time and out of the house: reset, snapshots, export and import."""

from __future__ import annotations

from hooktop.mockserver.control.forms import ResetForm, SnapshotForm, invalid, read
from hooktop.mockserver.control.projects import project_json
from hooktop.mockserver.control.wing import ControlWing, data
from hooktop.mockserver.engine.store import StoreError
from hooktop.mockserver.http.call import Answer, Call


def register(wing: ControlWing) -> None:
    """Add the operations to the wing."""
    registry = wing.registry

    @wing.operation("resetProject", "POST", "/_mock/v1/projects/<id>/reset")
    def reset_project(call: Call) -> Answer:
        project, form = wing.project(call), read(call, ResetForm, empty=True)
        for part in form.what if isinstance(form.what, list) else [form.what]:
            registry.reset(project, part)
        return data(call, project_json(project, wing.site))

    @wing.operation("listSnapshots", "GET", "/_mock/v1/projects/<id>/snapshots")
    def list_snapshots(call: Call) -> Answer:
        kept = wing.project(call).snapshots
        return data(call, [{"name": name, "size_bytes": len(image)} for name, image in sorted(kept.items())])

    @wing.operation("createSnapshot", "POST", "/_mock/v1/projects/<id>/snapshots")
    def create_snapshot(call: Call) -> Answer:
        project, form = wing.project(call), read(call, SnapshotForm)
        registry.snapshot(project, form.name)
        return data(call, {"name": form.name, "size_bytes": len(project.snapshots[form.name])}, 201)

    @wing.operation("restoreSnapshot", "POST", "/_mock/v1/projects/<id>/snapshots/<name>/restore")
    def restore_snapshot(call: Call) -> Answer:
        project = wing.project(call)
        registry.restore(project, call.path["name"])
        return data(call, project_json(project, wing.site))

    @wing.operation("exportProject", "GET", "/_mock/v1/projects/<id>/export")
    def export_project(call: Call) -> Answer:
        project = wing.project(call)
        attachment = {"Content-Disposition": f'attachment; filename="{project.id}.hooktop"'}
        return Answer(200, registry.export(project), attachment, "application/octet-stream")

    @wing.operation("importProject", "POST", "/_mock/v1/projects/<id>/import")
    def import_project(call: Call) -> Answer:
        project = wing.project(call)
        try:
            registry.import_(project, call.raw)
        except StoreError as error:
            raise invalid("body", f"{error}; send what export gave") from None
        return data(call, project_json(project, wing.site))

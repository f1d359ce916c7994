"""Projects: make, list, show, drop."""

from __future__ import annotations

from typing import Any

from hooktop.mockserver.control.clock import clock_json, made_clock
from hooktop.mockserver.control.forms import ProjectForm, invalid, read
from hooktop.mockserver.control.wing import ControlWing, data, moment, nothing
from hooktop.mockserver.engine.faults import FaultError
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.engine.scenario import ScenarioError
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.site import Site


def register(wing: ControlWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("createProject", "POST", "/_mock/v1/projects")
    def create_project(call: Call) -> Answer:
        form = read(call, ProjectForm)
        return data(call, project_json(_create(wing, form), wing.site), 201)

    @wing.operation("listProjects", "GET", "/_mock/v1/projects")
    def list_projects(call: Call) -> Answer:
        return data(call, [project_json(each, wing.site) for each in wing.registry.all()])

    @wing.operation("getProject", "GET", "/_mock/v1/projects/<id>")
    def get_project(call: Call) -> Answer:
        return data(call, project_json(wing.project(call), wing.site))

    @wing.operation("deleteProject", "DELETE", "/_mock/v1/projects/<id>")
    def delete_project(call: Call) -> Answer:
        wing.registry.drop(call.path["id"])
        return nothing()


def _create(wing: ControlWing, form: ProjectForm) -> Project:
    if form.api not in wing.wings:
        raise invalid("api", f"{form.api!r} is no API of this server; give {' or '.join(sorted(wing.wings))}")
    profile = {name: _switch(value) for name, value in form.profile.items()}
    for complaint in wing.wings[form.api].complaints(profile):
        field, _, reason = complaint.partition(": ")
        raise invalid(field, reason)
    try:
        return wing.registry.create(
            form.api,
            name=form.name,
            scenario=form.scenario,
            seed=form.seed,
            clock=made_clock(form.clock, "clock.") if form.clock else None,
            deliver=form.deliver,
            profile=profile,
            faults=form.faults or None,
        )
    except FaultError as error:
        raise invalid(error.path.replace("rules", "faults", 1), error.reason) from None
    except ScenarioError as error:
        raise invalid("scenario", str(error)) from None


def _switch(value: str | bool | int) -> str:
    """A reading as profiles write it; a JSON boolean is on or off."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def project_json(project: Project, site: Site) -> dict[str, Any]:
    """A project with the addresses at which it is served."""
    return {
        "id": project.id,
        "api": project.api,
        "name": project.name,
        "seed": project.seed,
        "api_key": project.api_key,
        **addresses(project.api, site),
        "deliver": project.settings.deliver,
        "scenario": project.scenario,
        "profile": dict(project.settings.profile),
        "clock": clock_json(project),
        "created_at": moment(project.created_at),
    }


def addresses(api: str, site: Site) -> dict[str, str | None]:
    """Base URLs of one API's projects."""
    if api == "convoy":
        base = f"{site.url}/api"
        return {"base_url": base, "send_url": base, "receive_url": site.url, "stream_url": None}
    return {
        "base_url": site.url,
        "send_url": site.url,
        "receive_url": site.url,
        "stream_url": site.stream_url,
    }

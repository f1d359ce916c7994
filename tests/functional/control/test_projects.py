"""Projects are made, listed, shown, isolated and dropped."""

import httpx
import pytest

from judging import judged


@pytest.fixture
def control(server):
    with httpx.Client(base_url=server.url) as client:
        yield client


@pytest.mark.parametrize("api", ["hookbridge", "convoy"])
def test_new_project_tells_how_to_reach_it(server, new_project, api):
    project = new_project(api, name="shop", seed=7)

    assert project.facts["name"] == "shop"
    assert project.facts["seed"] == 7
    assert project.facts["base_url"].startswith(server.url)
    assert project.facts["clock"]["mode"] == "virtual"
    assert project.steer("getProject", "GET").json()["data"] == project.facts


def test_projects_are_listed_until_they_are_dropped(control, new_project):
    project = new_project("convoy")
    listed = judged(control.get("/_mock/v1/projects"), "listProjects", "mock").json()["data"]
    assert project.id in [each["id"] for each in listed]

    assert project.steer("deleteProject", "DELETE").status_code == 204

    assert project.steer("getProject", "GET").status_code == 404
    assert project.http.get("/v1/projects/any").status_code == 401


def test_two_projects_of_one_seed_are_strangers_with_equal_ids(new_project):
    one, other = new_project("convoy", seed=3), new_project("convoy", seed=3)
    body = {"name": "acme", "url": "https://acme.receiver.example"}
    made = [
        project.http.post("/v1/projects/p/endpoints", json=body).json()["data"] for project in (one, other)
    ]

    assert made[0]["uid"] == made[1]["uid"]
    other.http.put(f"/v1/projects/p/endpoints/{made[0]['uid']}/pause")
    shown = one.http.get(f"/v1/projects/p/endpoints/{made[0]['uid']}").json()["data"]
    assert shown["status"] == "active"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({}, "api", id="api missing"),
        pytest.param({"api": "nobody"}, "api", id="api unknown"),
        pytest.param({"api": "convoy", "seed": "7"}, "seed", id="seed of the wrong type"),
        pytest.param({"api": "convoy", "colour": "red"}, "colour", id="unknown field"),
        pytest.param({"api": "convoy", "clock": {"mode": "broken"}}, "clock.mode", id="clock mode"),
        pytest.param(
            {"api": "convoy", "clock": {"mode": "virtual", "now": "soon"}}, "clock.now", id="clock time"
        ),
        pytest.param({"api": "convoy", "profile": {"server": "1"}}, "profile.server", id="profile value"),
        pytest.param({"api": "convoy", "profile": {"nosuch": "1"}}, "profile.nosuch", id="profile switch"),
        pytest.param({"api": "convoy", "faults": [{"status": 9}]}, "faults[0].status", id="fault"),
        pytest.param({"api": "convoy", "scenario": "nosuch"}, "scenario", id="scenario"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(control, body, field):
    before = control.get("/_mock/v1/projects").json()["data"]

    answer = judged(control.post("/_mock/v1/projects", json=body), "createProject", "mock")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_REQUEST"
    assert answer.json()["error"]["details"][0]["field"] == field
    assert control.get("/_mock/v1/projects").json()["data"] == before


def test_a_body_that_is_no_json_is_refused(control):
    answer = control.post("/_mock/v1/projects", content=b"{", headers={"Content-Type": "application/json"})
    assert judged(answer, "createProject", "mock").status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/_mock/nothing", 404), ("PUT", "/_mock/healthz", 405)]
)
def test_unknown_paths_and_methods_are_json_errors(control, method, path, status):
    answer = control.request(method, path)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert answer.headers["X-Request-ID"] == answer.json()["meta"]["request_id"]


def test_health_readiness_and_metrics(control):
    assert judged(control.get("/_mock/healthz"), "getHealth", "mock").json()["data"]["status"] == "ok"
    ready = judged(control.get("/_mock/readyz"), "getReadiness", "mock").json()["data"]
    assert ready["status"] == "ready"
    assert all(ready["checks"].values())
    metrics = judged(control.get("/_mock/metrics"), "getServerMetrics", "mock").text
    assert 'hooktop_requests_total{api="mock",operation="getHealth",status="200"}' in metrics

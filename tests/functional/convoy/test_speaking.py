"""Envelope, authentication, odd errors and headers, letter for letter."""

import httpx
import pytest

BASE = "/v1/projects/p"


@pytest.fixture
def bare(world):
    """A client without a key."""
    with httpx.Client(base_url=world.project.facts["base_url"]) as client:
        yield client


def test_any_project_id_in_the_path_shows_the_keys_own_project(world):
    answer = world.project.call("GetProject", "GET", "/v1/projects/somebody-elses")
    assert answer.json()["data"]["uid"] == world.project.id
    assert answer.text.startswith('{"status":true,"message":"Project fetched successfully","data":{')


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "Authentication required"),
        ("CO.raw.key", "Authentication required"),
        ("Bearer", "Authentication required"),
        ("Bearer  two-spaces", "Authentication required"),
        ("Bearer CO.unknown.key", "authorization failed"),
        ("bearer CO.unknown.key", "authorization failed"),
    ],
)
def test_a_key_is_demanded(bare, header, message):
    answer = bare.get(BASE, headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.text) == (401, f'{{"status":false,"message":"{message}"}}')


def test_the_scheme_is_read_in_any_case(world, bare):
    answer = bare.get(BASE, headers={"Authorization": f"bEaReR {world.project.api_key}"})
    assert answer.status_code == 200


def test_a_key_of_the_other_api_opens_nothing(bare, new_project):
    key = new_project("hookbridge").api_key
    assert bare.get(BASE, headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_an_unknown_path_is_plain_text_after_authentication(world, bare):
    assert bare.get("/v1/nothing").status_code == 401
    answer = world.project.http.get("/v1/nothing")
    assert (answer.status_code, answer.text.strip()) == (404, "404 page not found")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_wrong_method_has_an_empty_body(world):
    answer = world.project.http.delete(f"{BASE}/eventdeliveries")
    assert (answer.status_code, answer.content) == (405, b"")
    assert "Content-Type" not in answer.headers


def test_a_wrong_content_type_has_an_empty_body(world):
    answer = world.project.call(
        "CreateEndpointEvent",
        "POST",
        f"{BASE}/events",
        content=b"a=1",
        headers={"Content-Type": "text/plain"},
    )
    assert (answer.status_code, answer.content) == (415, b"")


def test_headers_of_every_answer(world):
    answer = world.project.http.get(BASE)
    assert answer.headers["X-Convoy-Version"] == "2025-11-24"
    assert answer.headers["X-Request-ID"]


def test_an_unknown_api_version_is_refused(world):
    answer = world.project.call("GetProject", "GET", BASE, headers={"X-Convoy-Version": "1999-01-01"})
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid API version")


def test_health_needs_no_key(world):
    answer = httpx.get(f"{world.project.url}/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] is True
    assert answer.json()["message"].startswith("Convoy ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "body must not be empty"),
        (b'{"a":', "body contains badly-formed JSON"),
        (b"{a}", "body contains badly-formed JSON (at character 2)"),
    ],
)
def test_bad_bodies_of_an_event(world, content, message):
    headers = {"Content-Type": "application/json"}
    answer = world.project.call(
        "CreateEndpointEvent", "POST", f"{BASE}/events", content=content, headers=headers
    )
    assert (answer.status_code, answer.json()) == (400, {"status": False, "message": message})


@pytest.mark.parametrize(
    ("path", "prefer", "status"),
    [
        (BASE, "code=200", 200),
        (f"{BASE}/eventdeliveries", "code=504", 504),
        (f"{BASE}/endpoints/x", "code=404, example=not_found", 404),
    ],
)
def test_a_preferred_answer_comes_from_the_document(world, path, prefer, status):
    answer = world.project.http.get(path, headers={"Prefer": prefer})
    assert answer.status_code == status
    assert answer.headers["Preference-Applied"] == prefer


@pytest.mark.parametrize("prefer", ["code=418", "example=nosuch", "code=404, example=nosuch"])
def test_a_preference_that_is_not_documented_is_refused(world, prefer):
    assert world.project.http.get(f"{BASE}/endpoints/x", headers={"Prefer": prefer}).status_code == 400

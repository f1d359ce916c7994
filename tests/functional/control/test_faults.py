"""Fault rules strike the API's own answers, as told and no more."""

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest

BASE = "/v1/projects/p"


@pytest.fixture
def project(new_project):
    return new_project("convoy", seed=1)


@pytest.fixture
def endpoint_id(project):
    made = project.http.post(
        f"{BASE}/endpoints", json={"name": "acme", "url": "https://acme.receiver.example"}
    )
    return made.json()["data"]["uid"]


def get(project):
    return project.http.get(BASE)


def test_an_answer_is_given_instead_of_the_real_one(project, endpoint_id):
    project.faults(
        {"match": {"operation": "PauseEndpoint"}, "status": 503, "message": "down", "retry_after": 7}
    )

    answer = project.http.put(f"{BASE}/endpoints/{endpoint_id}/pause")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json() == {"status": False, "message": "down"}
    shown = project.http.get(f"{BASE}/endpoints/{endpoint_id}").json()["data"]
    assert shown["status"] == "active"


def test_skip_and_times_count_matching_requests(project):
    project.faults({"match": {"operation": "GetProject"}, "skip": 1, "times": 2, "status": 500})
    assert [get(project).status_code for _ in range(4)] == [200, 500, 500, 200]
    shown = project.steer("getFaults", "GET", "/faults").json()["data"]["rules"]
    assert shown[0]["met"] == 4


@pytest.mark.parametrize(
    ("match", "strikes"),
    [
        ({}, True),
        ({"operation": "GetProject"}, True),
        ({"operation": "Get*"}, True),
        ({"operation": "PauseEndpoint"}, False),
        ({"method": "GET"}, True),
        ({"method": "PUT"}, False),
        ({"path": "/api/v1/projects/*"}, True),
        ({"path": "/other/*"}, False),
        ({"header": {"X-Try": "yes"}}, True),
        ({"header": {"X-Try": "no"}}, False),
    ],
)
def test_match(project, match, strikes):
    project.faults({"match": match, "status": 500})
    answer = project.http.get(BASE, headers={"X-Try": "yes"})
    assert (answer.status_code == 500) is strikes


def test_probability_zero_never_strikes(project):
    project.faults({"status": 500, "probability": 0})
    assert get(project).status_code == 200


def test_a_rule_ends_on_the_projects_clock(project):
    project.faults({"status": 500, "ttl": 60})
    assert get(project).status_code == 500
    project.advance("PT2M")
    assert get(project).status_code == 200


def test_a_patch_changes_the_real_answer_after_the_fact(project, endpoint_id):
    project.faults(
        {
            "match": {"operation": "PauseEndpoint"},
            "patch": [
                {"pointer": "/data/status", "value": "active"},
                {"pointer": "/data/name", "remove": True},
            ],
            "patch_status": 200,
        }
    )

    answer = project.http.put(f"{BASE}/endpoints/{endpoint_id}/pause")

    assert answer.status_code == 200
    assert answer.json()["data"]["status"] == "active"
    assert "name" not in answer.json()["data"]
    shown = project.http.get(f"{BASE}/endpoints/{endpoint_id}").json()["data"]
    assert shown["status"] == "paused"


@pytest.mark.parametrize(("when", "status_after"), [("before", "active"), ("after", "paused")])
def test_a_dropped_connection_has_no_answer_at_all(project, endpoint_id, when, status_after):
    project.faults({"match": {"operation": "PauseEndpoint"}, "drop": when, "times": 1})

    with pytest.raises(httpx.RemoteProtocolError):
        project.http.put(f"{BASE}/endpoints/{endpoint_id}/pause")

    shown = project.http.get(f"{BASE}/endpoints/{endpoint_id}").json()["data"]
    assert shown["status"] == status_after
    rows = project.steer("getJournal", "GET", "/journal", params={"operation": "PauseEndpoint"}).json()[
        "data"
    ]
    assert [row["status"] for row in rows] == [0]


def test_a_truncated_answer_promises_more_than_it_sends(project):
    project.faults({"truncate": True, "times": 1})
    address = urlsplit(project.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw:
        raw.sendall(
            f"GET /api{BASE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {project.api_key}\r\n\r\n".encode()
        )
        received = b""
        while chunk := raw.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    promised = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    assert 0 < len(body) < promised


def test_a_malformed_answer_is_half_a_json(project):
    project.faults({"malformed": True, "times": 1})
    answer = get(project)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_an_html_answer_looks_like_a_proxys(project):
    project.faults({"html": True, "times": 1})
    answer = get(project)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")


def test_latency_holds_the_answer_back(project):
    project.faults({"latency_ms": 120, "times": 1})
    assert get(project).elapsed.total_seconds() >= 0.12


def test_faults_are_shown_and_dropped(project):
    project.faults({"id": "mine", "match": {"operation": "GetProject"}, "status": 500})
    rule = project.steer("getFaults", "GET", "/faults").json()["data"]["rules"][0]
    assert (rule["id"], rule["match"], rule["status"]) == ("mine", {"operation": "GetProject"}, 500)

    assert project.steer("deleteFaults", "DELETE", "/faults").status_code == 204

    assert project.steer("getFaults", "GET", "/faults").json()["data"]["rules"] == []
    assert get(project).status_code == 200


def test_rules_may_come_as_a_bare_list(project):
    answer = project.steer("setFaults", "PUT", "/faults", json=[{"status": 500, "times": 1}])
    assert len(answer.json()["data"]["rules"]) == 1


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"status": 99}, "rules[0].status"),
        ({"match": {"colour": 1}}, "rules[0].match.colour"),
        ({"drop": "never"}, "rules[0].drop"),
        ({"patch": [{"pointer": "x", "value": 1}]}, "rules[0].patch[0].pointer"),
        ({"probability": 2}, "rules[0].probability"),
    ],
)
def test_a_wrong_rule_is_named_and_the_old_ones_stay(project, rule, field):
    project.faults({"id": "old", "status": 500, "times": 0})
    answer = project.steer("setFaults", "PUT", "/faults", json={"rules": [rule]})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field
    assert [each["id"] for each in project.steer("getFaults", "GET", "/faults").json()["data"]["rules"]] == [
        "old"
    ]


def test_a_door_without_a_key_has_its_projects_faults_too(new_project):
    project = new_project("hookbridge")
    body = {
        "name": "stripe",
        "url": "https://shop.receiver.example/in",
        "mode": "forward",
        "verify_static_token": False,
    }
    made = project.http.post("/v1/inbound-endpoints", json=body).json()["data"]
    project.faults({"match": {"operation": "receiveWebhook"}, "status": 503, "times": 1})

    answers = [project.http.post(made["ingest_url"], json={"n": 1}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [503, 202]

"""The journal tells what was asked; expectations on it and waiting for it need no polling."""

from concurrent.futures import ThreadPoolExecutor

import pytest

BASE = "/v1/projects/p"


@pytest.fixture
def project(new_project):
    return new_project("convoy", seed=1)


def rows(project, **params):
    return project.steer("getJournal", "GET", "/journal", params=params).json()["data"]


def test_a_request_is_kept_with_what_matters_and_no_secret(project):
    answer = project.http.get(BASE, params={"a": "1"})

    (row,) = rows(project)

    assert (row["operation"], row["method"], row["path"]) == ("GetProject", "GET", f"/api{BASE}")
    assert (row["query"], row["status"], row["request_id"]) == ("a=1", 200, answer.headers["X-Request-ID"])
    assert project.api_key.startswith(row["key"])
    assert len(row["key"]) < 16


def test_a_request_that_breaks_the_document_says_where(project):
    project.http.post(f"{BASE}/endpoints", json={"name": 7, "url": "https://a.example"})
    (row,) = rows(project, valid="false")
    assert [each["pointer"] for each in row["violations"]] == ["/name"]


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ({"status": 404}, 1),
        ({"operation": "Get*"}, 3),
        ({"operation": "GetEndpoint"}, 1),
        ({"method": "PUT"}, 0),
    ],
)
def test_filters(project, filter, found):
    project.http.get(BASE)
    project.http.get(BASE)
    project.http.get(f"{BASE}/endpoints/none")
    assert len(rows(project, **filter)) == found


def test_a_key_in_the_address_is_masked(project):
    project.http.get(f"{BASE}/{project.api_key}", params={"key": project.api_key})
    (row,) = rows(project, path="*")
    assert project.api_key not in str(row)
    assert row["query"] == "key=***"


def test_pages_newest_first(project):
    ids = [project.http.get(BASE).headers["X-Request-ID"] for _ in range(3)]
    first = project.steer("getJournal", "GET", "/journal", params={"limit": 2}).json()
    second = rows(project, limit=2, cursor=first["meta"]["next_cursor"])
    assert [row["request_id"] for row in first["data"] + second] == ids[::-1]


def test_the_journal_is_emptied(project):
    project.http.get(BASE)
    assert project.steer("deleteJournal", "DELETE", "/journal").status_code == 204
    assert rows(project) == []


def verify(project, match, count=None):
    body = {"match": match} | ({} if count is None else {"count": count})
    return project.steer("verifyJournal", "POST", "/journal/verify", json=body).json()["data"]


def test_verify_counts_exactly(project):
    project.http.get(BASE)
    assert verify(project, {"operation": "GetProject"})["ok"]
    assert verify(project, {"operation": "GetProject"}, 1)["ok"]
    assert not verify(project, {"operation": "GetProject"}, 2)["ok"]


def test_a_failed_verification_shows_what_came_closest(project):
    project.http.get(BASE)
    verdict = verify(project, {"operation": "GetProject", "status": 404}, 1)
    assert (verdict["ok"], verdict["found"]) == (False, 0)
    assert verdict["near"][0]["differs"] == {"status": 200}


@pytest.mark.parametrize("match", [{"colour": "red"}, {"since": "soon"}])
def test_a_wrong_match_is_refused(project, match):
    answer = project.steer("verifyJournal", "POST", "/journal/verify", json={"match": match})
    assert answer.status_code == 400


def test_waiting_ends_with_the_request_waited_for(project):
    with ThreadPoolExecutor(1) as pool:
        body = {"match": {"operation": "GetProject"}, "count": 2, "timeout_s": 10}
        waiting = pool.submit(project.steer, "wait", "POST", "/wait", json=body)
        project.http.get(BASE)
        project.http.get(BASE)
        assert waiting.result(10).json()["data"]["found"] == 2


def test_many_waiting_requests_leave_room_for_others(project):
    body = {"match": {"operation": "GetProject"}, "timeout_s": 20}
    with ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(project.steer, "wait", "POST", "/wait", json=body) for _ in range(40)]
        project.http.get(BASE)
        assert [each.result(30).json()["data"]["found"] for each in waiting] == [1] * 40


def test_waiting_for_messages(project):
    made = project.http.post(
        f"{BASE}/endpoints", json={"name": "acme", "url": "https://acme.receiver.example"}
    )
    event = {"endpoint_id": made.json()["data"]["uid"], "event_type": "a", "data": {"n": 1}}
    project.http.post(f"{BASE}/events", json=event)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            project.steer, "wait", "POST", "/wait", json={"match": {"state": "delivered"}, "timeout_s": 10}
        )
        project.drain()
        verdict = waiting.result(10).json()["data"]
    assert (verdict["ok"], verdict["found"], verdict["matches"][0]["state"]) == (True, 1, "delivered")


def test_waiting_in_vain_says_what_came_closest(project):
    project.http.get(BASE)
    body = {"match": {"operation": "GetProject", "status": 500}, "timeout_s": 0.05}
    answer = project.steer("wait", "POST", "/wait", json=body)
    assert answer.status_code == 408
    assert answer.json()["error"]["details"]["near"][0]["differs"] == {"status": 200}


@pytest.mark.parametrize(
    "body", [{"match": {"state": "lost"}}, {"match": {"colour": 1}}, {"match": {}, "timeout_s": -1}, {}]
)
def test_a_wrong_wait_is_refused(project, body):
    assert project.steer("wait", "POST", "/wait", json=body).status_code == 400


def test_the_token_of_a_receiving_address_is_not_kept(new_project):
    project = new_project("hookbridge")
    body = {
        "name": "stripe",
        "url": "https://shop.receiver.example/in",
        "mode": "forward",
        "verify_static_token": False,
    }
    made = project.http.post("/v1/inbound-endpoints", json=body)
    assert made.status_code == 201, made.text
    path = made.json()["data"]["ingest_url"].removeprefix(project.url)

    answer = project.http.post(path, json={"n": 1})

    assert answer.is_success, answer.text
    (row,) = rows(project, operation="receiveWebhook")
    assert row["path"].endswith("/***")
    assert path.rpartition("/")[2] not in str(row)

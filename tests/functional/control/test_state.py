"""Reset, snapshots, export and import; and the truth about messages."""

import pytest

BASE = "/v1/projects/p"


@pytest.fixture
def project(new_project):
    return new_project("convoy", seed=1, profile={"interval_s": "60"})


def add_endpoint(project, name="acme"):
    made = project.http.post(
        f"{BASE}/endpoints", json={"name": name, "url": f"https://{name}.receiver.example"}
    )
    return made.json()["data"]["uid"]


def names(project):
    return [each["name"] for each in project.http.get(f"{BASE}/endpoints").json()["data"]["content"]]


def send(project, endpoint_id):
    event = {"endpoint_id": endpoint_id, "event_type": "a", "data": {"n": 1}}
    assert project.http.post(f"{BASE}/events", json=event).status_code == 201
    listed = project.http.get(f"{BASE}/eventdeliveries").json()["data"]["content"]
    return listed[0]["uid"]


def test_a_snapshot_brings_everything_back(project):
    add_endpoint(project)
    answer = project.steer("createSnapshot", "POST", "/snapshots", json={"name": "one"})
    assert answer.status_code == 201
    add_endpoint(project, "late")
    project.advance("P1D")

    back = project.steer("restoreSnapshot", "POST", "/snapshots/one/restore").json()["data"]

    assert names(project) == ["acme"]
    assert back["clock"]["now"] == "2026-01-01T00:00:00.000Z"
    listed = project.steer("listSnapshots", "GET", "/snapshots").json()["data"]
    assert [each["name"] for each in listed] == ["one"]


def test_an_unknown_snapshot_is_not_found(project):
    assert project.steer("restoreSnapshot", "POST", "/snapshots/none/restore").status_code == 404


def test_a_snapshot_needs_a_name(project):
    assert project.steer("createSnapshot", "POST", "/snapshots", json={"name": ""}).status_code == 400


def test_reset_goes_back_to_the_start(project):
    add_endpoint(project)
    project.receiver("acme", {"status": 500})
    project.faults({"status": 500, "times": 0})
    project.advance("P1D")

    answer = project.steer("resetProject", "POST", "/reset")

    assert answer.json()["data"]["clock"]["now"] == "2026-01-01T00:00:00.000Z"
    assert names(project) == []
    assert project.steer("getFaults", "GET", "/faults").json()["data"]["rules"] == []


def test_reset_of_one_part_leaves_the_others(project):
    add_endpoint(project)
    project.faults({"status": 500, "times": 0})
    project.steer("resetProject", "POST", "/reset", json={"what": ["faults", "journal"]})
    assert names(project) == ["acme"]
    assert project.steer("getFaults", "GET", "/faults").json()["data"]["rules"] == []


def test_reset_of_an_unknown_part_is_refused(project):
    assert project.steer("resetProject", "POST", "/reset", json={"what": "moon"}).status_code == 400


def test_export_and_import_carry_a_project_over(project, new_project):
    delivery = send(project, add_endpoint(project))
    image = project.steer("exportProject", "GET", "/export").content
    other = new_project("convoy")

    answer = other.steer(
        "importProject",
        "POST",
        "/import",
        content=image,
        headers={"Content-Type": "application/octet-stream"},
    )

    assert answer.status_code == 200
    assert names(other) == ["acme"]
    assert [each["message_id"] for each in other.drain()["fired"]] == [delivery]


def test_import_of_something_else_changes_nothing(project):
    add_endpoint(project)
    headers = {"Content-Type": "application/octet-stream"}
    answer = project.steer("importProject", "POST", "/import", content=b"no image", headers=headers)
    assert answer.status_code == 400
    assert names(project) == ["acme"]


def test_truth_shows_state_word_and_payload(project):
    delivery = send(project, add_endpoint(project))
    before = project.truth(delivery)
    project.drain()
    after = project.truth(delivery)

    assert (before["state"], before["word"], before["answered_2xx"]) == ("waiting", "Scheduled", 0)
    assert (after["state"], after["word"], after["answered_2xx"]) == ("delivered", "Success", 1)
    assert (after["payload"], after["payload_encoding"]) == ('{"n":1}', "text")


def test_a_swept_payload_is_gone(project):
    delivery = send(project, add_endpoint(project))
    project.drain()
    swept = project.steer("sweepPayload", "POST", f"/messages/{delivery}/sweep").json()["data"]
    assert swept["payload"] is None
    assert swept["payload_gone_at"] == "2026-01-01T00:00:00.000Z"


def test_an_unknown_message_is_not_found(project):
    assert project.steer("getMessageTruth", "GET", "/messages/none").status_code == 404


def test_the_books_count_everything_once(project):
    good, bad = add_endpoint(project), add_endpoint(project, "bad")
    project.receiver("bad", {"status": 500})
    for _ in range(3):
        send(project, good)
    send(project, bad)
    project.drain()

    books = project.steer("getBooks", "GET", "/books").json()["data"]

    assert books["accepted"] == sum(books["by_state"].values()) == 4
    assert (books["by_state"]["delivered"], books["by_state"]["retrying"]) == (3, 1)
    assert (books["delivered_once"], books["delivered_more"], books["receiver_2xx"]) == (3, [], 3)
    of_bad = project.steer("getBooks", "GET", "/books", params={"endpoint_id": bad}).json()["data"]
    assert (of_bad["accepted"], of_bad["receiver_2xx"]) == (1, 0)


def test_books_of_a_wrong_instant_are_refused(project):
    assert project.steer("getBooks", "GET", "/books", params={"since": "soon"}).status_code == 400

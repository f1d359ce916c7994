"""Receivers answer by script, and tell what they got."""

import pytest


@pytest.fixture
def project(new_project):
    return new_project("convoy", seed=1, profile={"interval_s": "10"})


@pytest.fixture
def send(project):
    made = project.http.post(
        "/v1/projects/p/endpoints", json={"name": "acme", "url": "https://acme.receiver.example"}
    )
    endpoint_id = made.json()["data"]["uid"]

    def one(number=1):
        event = {"endpoint_id": endpoint_id, "event_type": "a", "data": {"n": number}}
        assert project.http.post("/v1/projects/p/events", json=event).status_code == 201

    return one


def test_a_script_is_answered_in_order_and_its_last_line_repeats(project, send):
    project.receiver("acme", {"status": 500, "times": 2}, {"status": 204})
    send()

    fired = project.advance("PT1M")["fired"]
    assert [each["status"] for each in fired] == [500, 500, 204]

    send(2)
    assert [each["status"] for each in project.drain()["fired"]] == [204]


def test_what_a_receiver_got_is_signed_and_numbered(project, send):
    project.receiver("acme", {"status": 500, "times": 1}, {"status": 200})
    send()
    project.advance("PT1M")

    newest, oldest = project.deliveries("acme")

    assert (oldest["attempt_no"], oldest["status"], oldest["signature"]) == (1, 500, "valid")
    assert (newest["attempt_no"], newest["status"], newest["signature"]) == (2, 200, "valid")
    assert newest["body"] == '{"n":1}'
    assert newest["headers"]["X-Convoy-Signature"].startswith("t=")


def test_deliveries_page_without_loss_or_repetition(project, send):
    for number in range(5):
        send(number)
    project.drain()
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = project.steer(
            "listReceiverDeliveries", "GET", "/receivers/acme.receiver.example/deliveries", params=params
        ).json()
        seen += [each["body"] for each in page["data"]]
        cursor = page["meta"]["next_cursor"]
        if cursor is None:
            break
    assert seen == [f'{{"n":{number}}}' for number in (4, 3, 2, 1, 0)]


def test_a_receiver_is_shown_listed_and_dropped(project):
    project.receiver("acme", {"status": 503}, host="other.example.com")
    shown = project.steer("getReceiver", "GET", "/receivers/acme").json()["data"]
    assert shown == {"name": "acme", "host": "other.example.com", "answers": [{"status": 503}]}
    assert project.steer("listReceivers", "GET", "/receivers").json()["data"] == [shown]

    assert project.steer("deleteReceiver", "DELETE", "/receivers/acme").status_code == 204

    assert project.steer("getReceiver", "GET", "/receivers/acme").status_code == 404
    assert project.steer("deleteReceiver", "DELETE", "/receivers/acme").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"answers": []}, "answers"),
        ({"answers": [{"status": 9}]}, "answers[0].status"),
        ({"answers": [{"status": 200}, {"error": "boredom"}]}, "answers[1].error"),
        ({"answers": [{"colour": 1}]}, "answers[0].colour"),
        ({}, "answers"),
    ],
)
def test_a_wrong_script_is_named(project, body, field):
    answer = project.steer("setReceiver", "PUT", "/receivers/acme", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field


def test_a_script_is_rewritten_by_its_host_too(project):
    project.receiver("acme", {"status": 503}, host="hooks.acme.example")
    project.receiver("hooks.acme.example", {"status": 200})
    shown = project.steer("listReceivers", "GET", "/receivers").json()["data"]
    assert shown == [{"name": "acme", "host": "hooks.acme.example", "answers": [{"status": 200}]}]

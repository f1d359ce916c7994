"""Worlds from scenario files, and what only they can reach: endpoints that the provider has switched off."""

import pytest

SWITCHED_OFF = """\
name: switched-off
projects:
  - api: convoy
    name: partners
    history: 2h
    live: false
    endpoints:
      - name: acme
        url: https://acme.receiver.example/in
        per_hour: 10
        events:
          - type: order.created
            payload: {id: 1}
        receiver:
          - {status: 200}
    happenings:
      - {at: -1h, switch_off: acme}
"""


@pytest.fixture
def world(new_world, tmp_path):
    file = tmp_path / "off.yaml"
    file.write_text(SWITCHED_OFF)
    return new_world(scenario=str(file))


@pytest.fixture
def endpoint_id(world):
    (row,) = world.project.http.get("/v1/projects/p/endpoints").json()["data"]["content"]
    assert row["status"] == "inactive"
    return row["uid"]


def test_an_inactive_endpoint_cannot_be_paused_but_activated(world, endpoint_id):
    refused = world.pause(endpoint_id)
    assert refused.status_code == 400
    assert (
        refused.json()["message"]
        == "current endpoint status - inactive, does not support pausing or unpausing"
    )
    assert world.activate(endpoint_id).json()["data"]["status"] == "active"


def test_what_an_inactive_endpoint_gets_is_discarded(world, endpoint_id):
    assert world.deliver(endpoint_id)["status"] == "Discarded"


def test_resending_to_an_inactive_endpoint_is_refused(world, endpoint_id):
    discarded = world.list(status="Discarded")[0]
    answer = world.resend(discarded["uid"])
    assert (answer.status_code, answer.json()["message"]) == (400, "the endpoint is currently inactive")


def test_batch_retry_to_an_inactive_endpoint_discards_again(world, endpoint_id):
    discarded = world.list(status="Discarded")[0]
    world.batch_retry(status="Discarded")
    world.project.advance("PT1M")
    again = world.get(discarded["uid"])
    assert (again["status"], again["metadata"]["num_trials"]) == ("Discarded", 0)


def test_the_outage_has_a_paused_and_a_failing_partner(new_world):
    world = new_world(scenario="outage", seed=None)
    answer = world.project.call("GetEndpoints", "GET", "/v1/projects/p/endpoints", params={"perPage": 50})
    status = {row["name"]: row["status"] for row in answer.json()["data"]["content"]}
    assert len(status) == 5
    assert sorted(status.values()) == ["active"] * 4 + ["paused"]
    words = {each["status"] for each in world.list(perPage=1000)}
    assert {"Success", "Discarded"} < words
    assert words & {"Retry", "Failure"}

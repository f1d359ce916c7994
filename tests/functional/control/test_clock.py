"""Time is the project's own: shown, set, moved, and everything due happens before the answer."""

import pytest


@pytest.fixture
def project(new_project):
    return new_project("convoy", seed=1, profile={"interval_s": "60", "retry_count": "3"})


def send(project, host):
    made = project.http.post("/v1/projects/p/endpoints", json={"name": "acme", "url": f"https://{host}"})
    event = {"endpoint_id": made.json()["data"]["uid"], "event_type": "a", "data": {"n": 1}}
    assert project.http.post("/v1/projects/p/events", json=event).status_code == 201


def test_advance_plays_the_whole_ladder_in_order(project):
    send(project, "status-503.receiver.test")

    done = project.advance("PT1H")

    assert [(each["attempt_no"], each["outcome"], each["status"]) for each in done["fired"]] == [
        (1, "retrying", 503),
        (2, "retrying", 503),
        (3, "dead", 503),
    ]
    assert [each["at"][14:19] for each in done["fired"]] == ["00:00", "01:00", "02:00"]
    assert done["fired_count"] == 3
    assert done["now"] == "2026-01-01T01:00:00.000Z"
    assert done["next_due_at"] is None


def test_advance_to_next_moves_exactly_to_what_is_due(project):
    send(project, "flaky-1.receiver.test")
    assert project.drain()["fired_count"] == 1

    done = project.steer("advanceClockToNext", "POST", "/clock/advance-to-next").json()["data"]

    assert done["now"] == "2026-01-01T00:01:00.000Z"
    assert [each["outcome"] for each in done["fired"]] == ["delivered"]


def test_advance_with_nothing_to_do_goes_nowhere_by_itself(project):
    done = project.steer("advanceClockToNext", "POST", "/clock/advance-to-next").json()["data"]
    assert (done["now"], done["fired_count"]) == ("2026-01-01T00:00:00.000Z", 0)


def test_drain_does_not_move_time(project):
    send(project, "acme.receiver.example")
    assert project.drain()["now"] == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"by": 90}, "00:01:30", id="seconds"),
        pytest.param({"by": "90"}, "00:01:30", id="seconds as text"),
        pytest.param({"by": "PT1M30S"}, "00:01:30", id="duration"),
        pytest.param({"by": "P1DT1H"}, "01:00:00", id="days"),
        pytest.param({"to": "2026-01-01T05:00:00Z"}, "05:00:00", id="instant"),
    ],
)
def test_ways_to_say_how_far(project, body, expected):
    done = project.steer("advanceClock", "POST", "/clock/advance", json=body).json()["data"]
    assert done["now"][11:19] == expected


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "by"),
        ({"by": 1, "to": "2026-01-01T05:00:00Z"}, "by"),
        ({"by": "soon"}, "by"),
        ({"by": -1}, "by"),
        ({"to": "later"}, "to"),
        ({"by": 1, "max_steps": 0}, "max_steps"),
    ],
)
def test_a_wrong_distance_is_named(project, body, field):
    answer = project.steer("advanceClock", "POST", "/clock/advance", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field


def test_backwards_is_a_conflict(project):
    answer = project.steer("advanceClock", "POST", "/clock/advance", json={"to": "2025-01-01T00:00:00Z"})
    assert answer.status_code == 409


def test_a_clock_that_runs_by_itself_cannot_be_advanced(project):
    project.steer("setClock", "PUT", "/clock", json={"mode": "scaled", "speed": 60})
    shown = project.steer("getClock", "GET", "/clock").json()["data"]
    assert (shown["mode"], shown["speed"]) == ("scaled", 60)

    answer = project.steer("advanceClock", "POST", "/clock/advance", json={"by": 1})

    assert answer.status_code == 409
    assert "virtual" in answer.json()["error"]["message"]


def test_too_much_work_stops_and_names_the_endpoint(project):
    send(project, "status-503.receiver.test")
    answer = project.steer("advanceClock", "POST", "/clock/advance", json={"by": "PT1H", "max_steps": 1})
    assert answer.status_code == 409
    assert "acme" in answer.json()["error"]["message"]


def test_answers_carry_the_projects_date(project):
    project.advance("P1D")
    assert project.http.get("/v1/projects/p").headers["Date"] == "Fri, 02 Jan 2026 00:00:00 GMT"

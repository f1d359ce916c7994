"""Endpoints: creation with its checks, the toggle, activation, and the inclusive cursors of the list."""

import pytest

BASE = "/v1/projects/p"


def test_a_new_endpoint_is_shown_as_it_was_made(world):
    made = world.create(description="orders", owner_id="acme-inc", rate_limit=10, rate_limit_duration=60)

    assert made["authentication"] is None
    assert len(made["secrets"]) == 1
    assert len(made["secrets"][0]["value"]) == 25
    shown = world.show(made["uid"])
    assert shown["authentication"] == {}
    assert {**shown, "authentication": None} == made
    assert (shown["status"], shown["advanced_signatures"], shown["owner_id"]) == ("active", True, "acme-inc")


def test_a_chosen_secret_is_kept_and_credentials_are_not_given_back(world):
    given = {"type": "api_key", "api_key": {"header_name": "X-Key", "header_value": "hidden"}}
    made = world.create(secret="my-own", authentication=given)
    assert made["secrets"][0]["value"] == "my-own"
    assert made["authentication"]["api_key"] == {"header_name": "X-Key", "header_value": "[REDACTED]"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": "a"}, "url:please provide a url for your endpoint"),
        ({"name": "a", "url": ""}, "url:please provide a url for your endpoint"),
        ({"url": "https://a.example"}, "name:please provide your endpointName"),
        ({"name": "a", "url": "ftp://a.example"}, "invalid endpoint scheme"),
        ({"name": "a", "url": "no url"}, "invalid endpoint scheme"),
        ({"name": "a", "url": "https://"}, "endpoint url must include a valid host"),
        ({"name": 7, "url": "https://a.example"}, "Invalid request format"),
        ({"name": "a", "url": "https://a.example", "rate_limit": "many"}, "Invalid request format"),
        ([], "Invalid request format"),
    ],
)
def test_what_cannot_be_created(world, body, message):
    answer = world.project.call("CreateEndpoint", "POST", f"{BASE}/endpoints", json=body)
    assert (answer.status_code, answer.json()) == (400, {"status": False, "message": message})


def test_plain_http_is_refused_only_where_the_project_says_so(world, new_world):
    assert world.create(url="http://127.0.0.1:9/x")["url"] == "http://127.0.0.1:9/x"
    strict = new_world(profile={"secure_endpoints": "on"})
    body = {"name": "a", "url": "http://a.example"}
    answer = strict.project.call("CreateEndpoint", "POST", f"{BASE}/endpoints", json=body)
    assert answer.json()["message"] == "only https endpoints allowed"


def test_pause_is_a_toggle_that_leaves_updated_at_alone(world):
    made = world.create()
    world.project.advance("PT1H")

    first, second = world.pause(made["uid"]), world.pause(made["uid"])

    assert (first.status_code, first.json()["message"]) == (202, "endpoint status updated successfully")
    assert [answer.json()["data"]["status"] for answer in (first, second)] == ["paused", "active"]
    assert first.json()["data"]["updated_at"] == made["updated_at"]


def test_activate_ends_in_active_and_nowhere_else(world):
    endpoint_id = world.create()["uid"]
    world.pause(endpoint_id)

    done, again = world.activate(endpoint_id), world.activate(endpoint_id)

    assert (done.status_code, done.json()["message"]) == (202, "endpoint status successfully activated")
    assert done.json()["data"]["status"] == "active"
    assert again.status_code == 400
    assert again.json()["message"] == "current endpoint status - active, does not support activation"


@pytest.mark.parametrize(
    ("operation", "method", "tail", "status", "message"),
    [
        ("GetEndpoint", "GET", "", 404, "Resource not found"),
        ("PauseEndpoint", "PUT", "/pause", 400, "failed to find endpoint"),
        ("ActivateEndpoint", "POST", "/activate", 400, "failed to find endpoint"),
    ],
)
def test_not_found_is_not_uniform(world, operation, method, tail, status, message):
    answer = world.project.call(operation, method, f"{BASE}/endpoints/none{tail}")
    assert (answer.status_code, answer.json()) == (status, {"status": False, "message": message})


# --- list --------------------------------------------------------------------


def page(world, **params):
    return world.project.call("GetEndpoints", "GET", f"{BASE}/endpoints", params=params).json()["data"]


def names(found):
    return [each["name"] for each in found["content"]]


@pytest.fixture
def five(world):
    for name in "abcde":
        world.create(name)
        world.project.advance(1)
    return world


def test_pages_forward_until_there_is_no_next(five):
    seen, cursor = [], ""
    while True:
        found = page(five, perPage=2, next_page_cursor=cursor)
        seen.append(names(found))
        cursor = found["pagination"]["next_page_cursor"]
        if not found["pagination"]["has_next_page"]:
            break
    assert seen == [["e", "d"], ["c", "b"], ["a"]]
    assert cursor == ""


def test_the_next_cursor_is_the_surplus_row_and_inclusive(five):
    first = page(five, perPage=2)
    second = page(five, perPage=2, next_page_cursor=first["pagination"]["next_page_cursor"])
    assert first["pagination"]["next_page_cursor"] == second["content"][0]["uid"]
    assert first["pagination"]["prev_page_cursor"] == first["content"][0]["uid"]
    assert (first["pagination"]["has_prev_page"], second["pagination"]["has_prev_page"]) == (False, True)


def test_a_full_last_page_still_has_a_next_cursor(five):
    found = page(five, perPage=5)
    assert found["pagination"]["has_next_page"] is False
    assert found["pagination"]["next_page_cursor"] == found["content"][-1]["uid"]


def test_backward_gives_the_rows_before_the_cursor(five):
    last = page(five, perPage=5)["content"][-2]["uid"]
    found = page(five, perPage=2, direction="prev", prev_page_cursor=last)
    assert names(found) == ["d", "c"]
    assert found["pagination"]["has_next_page"] is True


def test_an_empty_list(world):
    assert page(world) == {
        "content": [],
        "pagination": {
            "per_page": 20,
            "has_next_page": False,
            "has_prev_page": False,
            "prev_page_cursor": "",
            "next_page_cursor": "",
        },
    }


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"q": "C"}, ["c"]),
        ({"q": "none"}, []),
        ({"ownerId": "nobody"}, []),
        ({"sort": "ASC"}, []),
        ({"sort": "DESC"}, ["e", "d", "c", "b", "a"]),
        ({"perPage": "x"}, ["e", "d", "c", "b", "a"]),
        ({"perPage": "0"}, []),
    ],
)
def test_filters_and_oddities(five, params, expected):
    found = five.project.http.get(f"{BASE}/endpoints", params=params).json()["data"]
    assert names(found) == expected


def test_a_page_of_nothing_still_has_a_next_one(five):
    assert page(five, perPage=0)["pagination"]["has_next_page"] is True

"""Events and deliveries: what becomes of them, what an operator may do, what lists show."""

import hashlib
import hmac
import itertools

import pytest

BASE = "/v1/projects/p"
SCHEDULED, PROCESSING, RETRY = "Scheduled", "Processing", "Retry"
SUCCESS, FAILURE, DISCARDED = "Success", "Failure", "Discarded"


# --- events ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "expected"), [("26.7", None), ("26.9", "order.created"), ("openapi", "order.created")]
)
def test_what_the_answer_to_an_event_says(new_world, version, expected):
    world = new_world(profile={"server": version})
    endpoint_id = world.create()["uid"]
    data = world.send(endpoint_id, idempotency_key="k1").json()["data"]
    if expected is None:
        assert data is None
    else:
        assert (data["event_type"], data["idempotency_key"]) == (expected, "k1")
        assert world.list(eventId=data["uid"])[0]["event_id"] == data["uid"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"endpoint_id": ""}, "please provide an endpoint ID"),
        ({"endpoint_id": "none"}, "endpoint not found"),
        ({"data": None}, "please provide your data"),
        ({"event_type": ""}, "please provide an event type"),
        ({"event_type": 7}, 'body contains incorrect JSON type for field "event_type"'),
    ],
)
def test_what_is_no_event(world, changes, message):
    body = {"endpoint_id": world.create()["uid"], "event_type": "a", "data": {}, **changes}
    answer = world.project.call("CreateEndpointEvent", "POST", f"{BASE}/events", json=body)
    assert (answer.status_code, answer.json()) == (400, {"status": False, "message": message})
    assert world.list() == []


def test_a_duplicate_event_is_accepted_and_delivered_to_nobody(world):
    endpoint_id = world.create()["uid"]
    world.send(endpoint_id, idempotency_key="k1")
    world.send(endpoint_id, idempotency_key="k1")
    assert len(world.list()) == 1


def test_custom_headers_travel_with_the_delivery(world):
    endpoint_id = world.create()["uid"]
    world.send(endpoint_id, custom_headers={"X-Tenant": "t1"})
    world.project.drain()
    (got,) = world.project.deliveries("acme.receiver.example")
    assert got["headers"]["X-Tenant"] == "t1"
    assert world.list()[0]["headers"] == {"X-Tenant": ["t1"]}


# --- life --------------------------------------------------------------------


def test_a_success_at_once(world):
    delivery = world.deliver(world.create()["uid"])
    assert (delivery["status"], delivery["metadata"]["num_trials"]) == (SCHEDULED, 0)

    world.project.drain()

    done = world.get(delivery["uid"])
    assert (done["status"], done["metadata"]["num_trials"]) == (SUCCESS, 1)
    assert done["metadata"]["data"] == {"n": 1}
    assert "description" not in done
    (attempt,) = world.attempts(delivery["uid"])
    assert (attempt["http_status"], attempt["status"], attempt["method"]) == ("200 OK", True, "POST")


def test_a_failing_one_is_retried_to_its_limit(world):
    world.project.receiver("acme", {"status": 503, "body": "busy"})
    delivery = world.deliver(world.create()["uid"])

    world.project.drain()
    waiting = world.get(delivery["uid"])
    assert (waiting["status"], waiting["metadata"]["next_send_time"]) == (RETRY, "2026-01-01T00:01:00.000Z")
    world.project.advance("PT1H")

    dead = world.get(delivery["uid"])
    assert (dead["status"], dead["description"], dead["metadata"]["num_trials"]) == (
        FAILURE,
        "Retry limit exceeded",
        3,
    )
    attempts = world.attempts(delivery["uid"])
    assert [each["http_status"] for each in attempts] == ["503 Service Unavailable"] * 3
    assert all("status" not in each for each in attempts)
    assert attempts[0]["response_data"] == "busy"


def test_an_attempt_without_an_answer_has_no_response_time(world):
    world.project.receiver("acme", {"error": "refused"})
    delivery = world.deliver(world.create()["uid"])
    world.project.drain()
    (attempt,) = world.attempts(delivery["uid"])
    assert attempt["responded_at"] is None
    assert attempt["error"]
    assert "http_status" not in attempt


def test_exponential_delays_double_and_jitter_stays_below_five_seconds(new_world):
    profile = {"strategy": "exponential", "interval_s": "10", "retry_count": "5"}
    world = new_world(profile=profile)
    world.project.receiver("acme", {"status": 500})
    delivery = world.deliver(world.create()["uid"])
    fired = world.project.advance("PT1H")["fired"]
    seconds = [int(each["at"][14:16]) * 60 + float(each["at"][17:23]) for each in fired]
    delays = [later - earlier for earlier, later in itertools.pairwise(seconds)]
    assert len(delays) == 4
    for delay, least in zip(delays, [10, 20, 40, 80], strict=True):
        assert least <= delay < least + 5
    assert world.get(delivery["uid"])["status"] == FAILURE


def test_the_newest_ten_attempts_are_shown_oldest_first(new_world):
    world = new_world(profile={"interval_s": "1", "retry_count": "12"})
    world.project.receiver("acme", *[{"status": 500 + number, "times": 1} for number in range(12)])
    delivery = world.deliver(world.create()["uid"])
    world.project.advance("PT1M")
    shown = [int(each["http_status"][:3]) for each in world.attempts(delivery["uid"])]
    assert shown == list(range(502, 512))


# --- pause -------------------------------------------------------------------


def test_what_arrives_while_paused_is_discarded_and_stays_so(world):
    endpoint_id = world.create()["uid"]
    world.pause(endpoint_id)

    delivery = world.deliver(endpoint_id)
    assert delivery["status"] == DISCARDED
    world.activate(endpoint_id)
    world.project.advance("PT1H")

    assert world.get(delivery["uid"])["status"] == DISCARDED
    assert world.attempts(delivery["uid"]) == []


def test_what_was_queued_before_the_pause_still_goes_out(world):
    endpoint_id = world.create()["uid"]
    delivery = world.deliver(endpoint_id)
    world.pause(endpoint_id)
    world.project.advance("PT1H")
    assert world.get(delivery["uid"])["status"] == SUCCESS


# --- resend ------------------------------------------------------------------


def into(world, status):
    """A delivery in this status, and its endpoint."""
    endpoint_id = world.create()["uid"]
    answers = {
        SUCCESS: {"status": 200},
        RETRY: {"status": 500},
        FAILURE: {"status": 500},
        PROCESSING: {"status": 200, "latency_ms": 20_000},
    }
    if status in answers:
        world.project.receiver("acme", answers[status])
    if status == DISCARDED:
        world.pause(endpoint_id)
    delivery = world.deliver(endpoint_id)
    if status == DISCARDED:
        world.activate(endpoint_id)
    elif status == FAILURE:
        world.project.advance("PT1H")
    elif status != SCHEDULED:
        world.project.drain()
    assert world.get(delivery["uid"])["status"] == status
    return endpoint_id, delivery["uid"]


@pytest.mark.parametrize("status", [FAILURE, DISCARDED])
def test_resend_starts_a_second_later(world, status):
    _, delivery_id = into(world, status)
    before = world.get(delivery_id)["metadata"]["num_trials"]
    world.project.receiver("acme", {"status": 200})

    answer = world.resend(delivery_id)

    assert (answer.status_code, answer.json()["message"]) == (
        200,
        "App event processed for retry successfully",
    )
    assert answer.json()["data"]["status"] == SCHEDULED
    assert world.project.drain()["fired_count"] == 0
    assert world.project.advance(1)["fired_count"] == 1
    done = world.get(delivery_id)
    assert (done["status"], done["metadata"]["num_trials"]) == (SUCCESS, before + 1)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (SUCCESS, "event already sent"),
        (SCHEDULED, "cannot resend event that did not fail previously"),
        (PROCESSING, "cannot resend event that did not fail previously"),
        (RETRY, "cannot resend event that did not fail previously"),
    ],
)
def test_resend_is_refused_and_changes_nothing(world, status, message):
    _, delivery_id = into(world, status)
    before = world.get(delivery_id)
    answer = world.resend(delivery_id)
    assert (answer.status_code, answer.json()) == (400, {"status": False, "message": message})
    assert world.get(delivery_id) == before


def test_resend_to_a_paused_endpoint_is_refused(world):
    endpoint_id, delivery_id = into(world, FAILURE)
    world.pause(endpoint_id)
    answer = world.resend(delivery_id)
    assert (answer.status_code, answer.json()["message"]) == (400, "the endpoint is currently paused")


def test_resending_an_exhausted_delivery_is_one_more_attempt(world):
    _, delivery_id = into(world, FAILURE)
    world.resend(delivery_id)
    world.project.advance("PT1H")
    dead = world.get(delivery_id)
    assert (dead["status"], dead["metadata"]["num_trials"]) == (FAILURE, 4)


@pytest.mark.parametrize(
    ("operation", "method", "tail", "status"),
    [
        ("GetEventDelivery", "GET", "", 404),
        ("GetDeliveryAttempts", "GET", "/deliveryattempts", 400),
        ("ResendEventDelivery", "PUT", "/resend", 400),
    ],
)
def test_an_unknown_delivery(world, operation, method, tail, status):
    answer = world.project.call(operation, method, f"{BASE}/eventdeliveries/none{tail}")
    assert (answer.status_code, answer.json()["message"]) == (status, "event delivery not found")


# --- batch retry -------------------------------------------------------------


def test_recovery_after_a_pause(world):
    endpoint_id = world.create()["uid"]
    other_id = world.create("other")["uid"]
    for each in (endpoint_id, other_id):
        world.pause(each)
        for number in range(3):
            world.send(each, number)
        world.activate(each)

    answer = world.batch_retry(endpointId=endpoint_id, status=DISCARDED)
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": True, "message": "Batch retry processing", "data": None},
    )
    world.project.advance("PT1M")

    assert [each["status"] for each in world.list(endpointId=endpoint_id)] == [SUCCESS] * 3
    assert [each["status"] for each in world.list(endpointId=other_id)] == [DISCARDED] * 3


def test_only_one_batch_retry_is_active_in_a_project(world):
    assert world.batch_retry().status_code == 200
    refused = world.batch_retry()
    assert (refused.status_code, refused.json()["message"]) == (400, "an active batch retry already exists")
    world.project.advance(5)
    assert world.batch_retry().status_code == 200


def test_batch_retry_sends_to_a_paused_endpoint_and_brings_retries_forward(world):
    endpoint_id, delivery_id = into(world, RETRY)
    world.pause(endpoint_id)
    world.project.receiver("acme", {"status": 200})
    world.batch_retry(status=RETRY)
    world.project.advance(2)
    assert world.get(delivery_id)["status"] == SUCCESS


def test_batch_retry_passes_over_what_succeeded(world):
    _, delivery_id = into(world, SUCCESS)
    world.batch_retry()
    world.project.advance("PT1H")
    assert world.get(delivery_id)["metadata"]["num_trials"] == 1


def test_batch_retry_reaches_seven_days_back_unless_told_otherwise(world):
    _, delivery_id = into(world, DISCARDED)
    world.project.advance("P9D")
    world.batch_retry(status=DISCARDED)
    world.project.advance(5)
    assert world.get(delivery_id)["status"] == DISCARDED
    world.batch_retry(status=DISCARDED, startDate="2026-01-01T00:00:00")
    world.project.advance(5)
    assert world.get(delivery_id)["status"] == SUCCESS


# --- list --------------------------------------------------------------------


@pytest.fixture
def mixed(world):
    """Six deliveries: two types, two endpoints, a second apart."""
    world.ids = [world.create(name)["uid"] for name in ("acme", "other")]
    for number in range(6):
        world.send(world.ids[number % 2], number, event_type="even" if number % 2 == 0 else "odd")
        world.project.advance(1)
    return world


def numbers(found):
    return [each["metadata"]["data"]["n"] for each in found]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [5, 4, 3, 2, 1, 0]),
        ({"sort": "ASC"}, [0, 1, 2, 3, 4, 5]),
        ({"eventType": "odd"}, [5, 3, 1]),
        ({"event_type": "odd"}, [5, 4, 3, 2, 1, 0]),
        ({"status": "Success"}, [5, 4, 3, 2, 1, 0]),
        ({"status": ["Failure", "Success"]}, [5, 4, 3, 2, 1, 0]),
        ({"status": "Discarded"}, []),
        ({"status": "nonsense"}, []),
        ({"startDate": "2026-01-01T00:00:04"}, [5, 4]),
        ({"endDate": "2026-01-01T00:00:01"}, [1, 0]),
        ({"subscriptionId": "none"}, []),
    ],
)
def test_filters(mixed, params, expected):
    found = mixed.project.http.get(f"{BASE}/eventdeliveries", params=params).json()["data"]["content"]
    assert numbers(found) == expected


def test_the_documented_name_of_the_type_filter_works_where_the_profile_says_so(new_world):
    world = new_world(profile={"server": "openapi"})
    endpoint_id = world.create()["uid"]
    world.send(endpoint_id, event_type="a")
    world.send(endpoint_id, event_type="b")
    assert [each["event_type"] for each in world.list(event_type="a")] == ["a"]


def test_filters_by_endpoint_subscription_and_event(mixed):
    assert numbers(mixed.list(endpointId=mixed.ids[0])) == [4, 2, 0]
    assert numbers(mixed.list(endpointId=mixed.ids)) == [5, 4, 3, 2, 1, 0]
    one = mixed.list(endpointId=mixed.ids[0])[0]
    assert numbers(mixed.list(subscriptionId=one["subscription_id"])) == [4, 2, 0]
    assert numbers(mixed.list(eventId=one["event_id"])) == [4]


def test_filter_by_idempotency_key(world):
    endpoint_id = world.create()["uid"]
    world.send(endpoint_id, 1, idempotency_key="k1")
    world.send(endpoint_id, 2)
    assert numbers(world.list(idempotencyKey="k1")) == [1]
    answer = world.project.call(
        "GetEventDeliveriesPaged", "GET", f"{BASE}/eventdeliveries", params={"idempotencyKey": "k9"}
    )
    assert (answer.status_code, answer.json()["message"]) == (400, "event not found")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"startDate": "2026-01-01"}, "please specify a startDate in the format 2006-01-02T15:04:05"),
        (
            {"startDate": "2026-01-01T00:00:00Z"},
            "please specify a startDate in the format 2006-01-02T15:04:05",
        ),
        (
            {"startDate": "2026-13-01T00:00:00"},
            "please specify a startDate in the format 2006-01-02T15:04:05",
        ),
        (
            {"endDate": "today"},
            "please specify a correct endDate in the format 2006-01-02T15:04:05 or none at all",
        ),
        (
            {"startDate": "2026-01-02T00:00:00", "endDate": "2026-01-01T00:00:00"},
            "startDate cannot be greater than endDate",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["GetEventDeliveriesPaged", "BatchRetryEventDelivery"])
def test_dates_have_one_form(world, operation, params, message):
    method, tail = ("GET", "") if operation == "GetEventDeliveriesPaged" else ("POST", "/batchretry")
    answer = world.project.call(operation, method, f"{BASE}/eventdeliveries{tail}", params=params)
    assert (answer.status_code, answer.json()) == (400, {"status": False, "message": message})


def test_without_dates_a_list_covers_seven_days(mixed):
    mixed.project.advance("P8D")
    assert mixed.list() == []
    assert numbers(mixed.list(startDate="2026-01-01T00:00:00")) == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("per_page", [1, 2, 3, 6, 7])
@pytest.mark.parametrize("sort", ["DESC", "ASC"])
def test_pages_are_complete_without_repetition(mixed, per_page, sort):
    seen, cursor = [], ""
    while True:
        found = mixed.page(perPage=per_page, next_page_cursor=cursor, sort=sort)
        seen += numbers(found["content"])
        cursor = found["pagination"]["next_page_cursor"]
        if not found["pagination"]["has_next_page"]:
            break
    assert seen == ([5, 4, 3, 2, 1, 0] if sort == "DESC" else [0, 1, 2, 3, 4, 5])


def test_backward_and_forward_meet(mixed):
    first = mixed.page(perPage=2)
    second = mixed.page(perPage=2, next_page_cursor=first["pagination"]["next_page_cursor"])
    back = mixed.page(perPage=2, direction="prev", prev_page_cursor=second["pagination"]["prev_page_cursor"])
    assert numbers(back["content"]) == numbers(first["content"])
    assert back["pagination"]["next_page_cursor"] == second["content"][0]["uid"]


def test_a_negative_page_is_refused_by_the_database(world):
    answer = world.project.call(
        "GetEventDeliveriesPaged", "GET", f"{BASE}/eventdeliveries", params={"perPage": -1}
    )
    assert (answer.status_code, answer.json()["message"]) == (
        500,
        "an error occurred while fetching event deliveries",
    )
    answer = world.project.call("GetEndpoints", "GET", f"{BASE}/endpoints", params={"perPage": -1})
    assert (answer.status_code, answer.json()["message"]) == (400, "Failed to load endpoints")


# --- signatures --------------------------------------------------------------


def test_an_advanced_signature_covers_time_and_compact_body(world):
    endpoint_id = world.create(secret="s3cret")["uid"]
    world.send(endpoint_id, data={"text": "é & <b>"})
    world.project.drain()
    (got,) = world.project.deliveries("acme.receiver.example")
    unix, signature = (part.split("=")[1] for part in got["headers"]["X-Convoy-Signature"].split(","))
    signed = f"{unix},{got['body']}".encode()
    assert signature == hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert got["signature"] == "valid"


def test_a_simple_signature_is_one_hmac(world):
    endpoint_id = world.create(secret="s3cret", advanced_signatures=False)["uid"]
    world.send(endpoint_id)
    world.project.drain()
    (got,) = world.project.deliveries("acme.receiver.example")
    expected = hmac.new(b"s3cret", got["body"].encode(), hashlib.sha256).hexdigest()
    assert got["headers"]["X-Convoy-Signature"] == expected


def test_the_endpoints_own_credentials_are_sent(world):
    given = {"type": "api_key", "api_key": {"header_name": "X-Key", "header_value": "v"}}
    world.send(world.create(authentication=given)["uid"])
    world.project.drain()
    assert world.project.deliveries("acme.receiver.example")[0]["headers"]["X-Key"] == "v"

"""Scripts, hosts that need none, and what receivers got."""

from __future__ import annotations

import pytest

from hooktop.mockserver.delivery.model import AnswerError, Endpoint, Message
from hooktop.mockserver.engine.chance import Chance
from hooktop.mockserver.engine.receivers import Receivers
from hooktop.mockserver.engine.scripts import ScriptError
from hooktop.mockserver.engine.transport import BODY_KEPT, Delivery


@pytest.fixture
def receivers():
    return Receivers(Chance(3))


def deliver(receivers, host, *, number=1, at=0, id="m"):
    delivery = Delivery(
        endpoint=Endpoint(id="e", url=f"https://{host}/x"),
        message=Message(id=id, endpoint_id="e"),
        payload=b"body",
        headers={"A": "b"},
        at=at,
        number=number,
    )
    return receivers.answer(delivery)


def statuses(receivers, host, count, **options):
    return [deliver(receivers, host, **options).answer.status for _ in range(count)]


def test_a_host_without_a_script_answers_200(receivers):
    assert deliver(receivers, "anybody.example").answer.status == 200


@pytest.mark.parametrize(
    ("host", "number", "status", "error"),
    [
        ("status-418.receiver.test", 1, 418, None),
        ("timeout.receiver.test", 1, None, AnswerError.TIMEOUT),
        ("reset.receiver.test", 1, None, AnswerError.RESET),
        ("refused.receiver.test", 1, None, AnswerError.REFUSED),
        ("flaky-2.receiver.test", 2, 503, None),
        ("flaky-2.receiver.test", 3, 200, None),
        ("retry-after-30.receiver.test", 1, 429, None),
        ("status-99.receiver.test", 1, 200, None),
    ],
)
def test_magic_hosts_need_no_script(receivers, host, number, status, error):
    answer = deliver(receivers, host, number=number).answer
    assert (answer.status, answer.error) == (status, error)


def test_retry_after_asks_for_its_wait(receivers):
    assert deliver(receivers, "retry-after-30.receiver.test").answer.headers == {"Retry-After": "30"}


def test_lines_are_used_in_order_and_the_last_repeats(receivers):
    receivers.set("shop", [{"status": 500, "times": 2}, {"status": 429, "times": 1}, {"status": 201}])
    assert statuses(receivers, "shop.receiver.example", 6) == [500, 500, 429, 201, 201, 201]


def test_the_last_line_repeats_even_when_it_is_used_up(receivers):
    receivers.set("shop", [{"status": 500, "times": 1}, {"status": 502, "times": 1}])
    assert statuses(receivers, "shop.receiver.example", 4) == [500, 502, 502, 502]


def test_lines_count_only_in_their_span(receivers):
    receivers.set("shop", [{"status": 503, "after": 100, "until": 200}, {"status": 200}])
    seen = [statuses(receivers, "shop.receiver.example", 1, at=at)[0] for at in (99, 100, 199, 200)]
    assert seen == [200, 503, 503, 200]


@pytest.mark.parametrize("host", ["billing.receiver.example", "other.example"])
def test_a_script_is_found_by_name_and_by_host(receivers, host):
    receivers.set("billing", [{"status": 503}], host=host)
    assert statuses(receivers, host, 1) == [503]
    assert receivers.get(host) == receivers.get("billing")


def test_a_script_with_a_host_answers_no_other_host_of_its_name(receivers):
    receivers.set("billing", [{"status": 503}], host="billing.one.example")
    assert statuses(receivers, "billing.two.example", 1) == [200]


def test_a_latency_keeps_the_attempt_in_flight(receivers):
    receivers.set("slow", [{"latency_ms": 900}])
    scripted = deliver(receivers, "slow.example")
    assert (scripted.in_flight, scripted.answer.latency_ms) == (True, 900)
    natural = deliver(receivers, "quick.example")
    assert (natural.in_flight, natural.answer.latency_ms > 0) == (False, True)


def test_natural_latencies_depend_on_the_message_alone(receivers):
    one = deliver(receivers, "a.example", id="x").answer.latency_ms
    deliver(receivers, "b.example", id="y")
    assert deliver(receivers, "a.example", id="x").answer.latency_ms == one
    assert one != deliver(Receivers(Chance(4)), "a.example", id="x").answer.latency_ms


def test_bodies_may_be_text_or_json_and_are_capped(receivers):
    receivers.set("json", [{"body": {"a": 1}}])
    receivers.set("long", [{"body": "x" * (BODY_KEPT + 5)}])
    assert deliver(receivers, "json.example").answer.body == b'{"a":1}'
    assert len(deliver(receivers, "long.example").answer.body) == BODY_KEPT


def test_what_was_received_is_kept_and_paged(receivers):
    receivers.set("shop", [{"status": 500}])
    for number in range(5):
        deliver(receivers, "shop.example", number=number + 1)
    deliver(receivers, "other.example")
    page = receivers.received("shop", limit=2)
    assert [item.attempt_no for item in page] == [5, 4]
    assert [item.attempt_no for item in receivers.received("shop", before=page[-1].seq)] == [3, 2, 1]
    assert (page[0].status, page[0].body, page[0].headers) == (500, b"body", {"A": "b"})
    assert len(receivers.received()) == 6
    assert len(receivers.received("other.example")) == 1


def test_state_goes_on_where_it_was(receivers):
    receivers.set("shop", [{"status": 500, "times": 2, "until": 5_000}, {"error": "reset"}], host="h.example")
    deliver(receivers, "h.example")
    other = Receivers(Chance(3))
    other.go_on_from(receivers.state())
    assert other.scripts() == receivers.scripts()
    assert [deliver(other, "h.example").answer.status for _ in range(2)] == [500, None]


def test_dropping_a_script(receivers):
    receivers.set("shop", [{"status": 500}])
    assert receivers.drop("shop")
    assert not receivers.drop("shop")
    assert statuses(receivers, "shop.example", 1) == [200]


@pytest.mark.parametrize(
    ("answers", "path"),
    [
        ([], "answers"),
        ("503", "answers"),
        ([503], "answers[0]"),
        ([{"status": 99}], "answers[0].status"),
        ([{"status": True}], "answers[0].status"),
        ([{}, {"colour": 1}], "answers[1].colour"),
        ([{"error": "sad"}], "answers[0].error"),
        ([{"times": 0}], "answers[0].times"),
        ([{"latency_ms": -1}], "answers[0].latency_ms"),
        ([{"after": "noon"}], "answers[0].after"),
        ([{"headers": []}, {"headers": [1]}], "answers[1].headers"),
    ],
)
def test_a_wrong_script_names_its_place_and_changes_nothing(receivers, answers, path):
    receivers.set("shop", [{"status": 500}])
    with pytest.raises(ScriptError) as error:
        receivers.set("shop", answers)
    assert error.value.path == path
    assert statuses(receivers, "shop.example", 1) == [500]

"""What every adapter of the store has to keep: one suite, run on memory and on a file."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from hooktop.mockserver.delivery.model import (
    Answer,
    AnswerError,
    Attempt,
    Endpoint,
    Event,
    Kind,
    Ladder,
    Message,
    Secret,
    State,
    Status,
)
from hooktop.mockserver.engine.sqlite_store import SqliteStore
from hooktop.mockserver.engine.store import (
    EndpointQuery,
    EventQuery,
    Flight,
    MessageQuery,
    Page,
    StoreError,
    Thing,
    key_of,
)


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    path = ":memory:" if request.param == "memory" else str(tmp_path / "data" / "p.db")
    store = SqliteStore(path, threading.RLock())
    yield store
    store.close()


def fill(store, number, **fields):
    """Messages m0, m1, ... a second apart, alternating between two endpoints."""
    made = []
    with store.transaction():
        for index in range(number):
            message = Message(
                id=f"m{index}",
                seq=store.next_seq(),
                endpoint_id=f"e{index % 2}",
                created_at=1_000 * (index // 2),
                due_at=5_000 - index,
            )
            message = replace(message, **{name: give(index) for name, give in fields.items()})
            store.add_message(message, b"p%d" % index)
            made.append(message)
    return made


FULL = Message(
    id="m",
    seq=3,
    endpoint_id="e",
    kind=Kind.INBOUND,
    event_id="ev",
    state=State.RETRYING,
    cancelled=True,
    attempt_count=4,
    round_attempts=2,
    replay_count=1,
    ladder=Ladder.FAST,
    ladder_step=1,
    due_at=10,
    next_attempt_at=11,
    slot_at=12,
    idempotency_key="k",
    event_type="t",
    content_type="text/plain",
    size_bytes=3,
    payload_sha256="ab",
    headers={"a": "é"},
    retention_ms=5,
    payload_expires_at=6,
    payload_gone_at=7,
    last_error="x",
    response_status=503,
    response_latency_ms=8,
    first_attempt_at=9,
    delivered_at=13,
    failed_at=14,
    created_at=1,
    updated_at=2,
    deleted_at=15,
    deleted_by="me",
    config={"n": [1, {"deep": None}]},
)


def test_a_message_comes_back_as_it_was(store):
    with store.transaction():
        store.add_message(FULL, b"\x00\xff")
    assert store.message("m") == FULL
    assert store.payload("m") == b"\x00\xff"
    assert store.message("nobody") is None


def test_every_field_that_may_change_is_saved(store):
    with store.transaction():
        store.add_message(replace(FULL, state=State.WAITING, config={}, deleted_at=None, ladder=None), b"")
        store.save_messages([FULL])
    assert store.message("m") == FULL


def test_an_endpoint_comes_back_as_it_was(store):
    endpoint = Endpoint(
        id="e",
        seq=1,
        kind=Kind.PULL,
        url="https://x.example",
        name="n",
        description="d",
        rate_per_s=5,
        burst=2,
        headers={"A": "b"},
        secrets=(Secret(id="s", value="v", created_at=1, expires_at=2),),
        config={"mode": "forward"},
        created_at=3,
        updated_at=4,
    )
    paused = replace(endpoint, status=Status.PAUSED, paused_at=5, secrets=())
    with store.transaction():
        store.add_endpoint(endpoint)
    assert store.endpoint("e") == endpoint
    with store.transaction():
        store.save_endpoint(paused)
    store.forget()
    assert store.endpoint("e") == paused


def test_an_attempt_comes_back_as_it_was(store):
    attempt = Attempt(
        id="a",
        seq=1,
        message_id="m",
        endpoint_id="e",
        number=2,
        at=3,
        finished_at=4,
        url="u",
        response_status=None,
        latency_ms=5,
        error=AnswerError.TLS,
        error_text="bad",
        request_headers={"q": "1"},
        response_headers={"r": "2"},
        response_body=b"\xfe",
        resolved_ip="127.0.0.1",
        timings={"dns": 1},
        conn_reused=True,
        ladder=Ladder.SLOW,
        retry_after_ms=6,
        replay=7,
    )
    with store.transaction():
        store.add_attempts([replace(attempt, id="b", seq=2, number=3), attempt])
    assert store.attempt("a") == attempt
    assert [found.number for found in store.attempts("m")] == [2, 3]
    assert [found.number for found in store.attempts("m", after=2)] == [3]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize(
    "filters",
    [
        pytest.param({}, id="all"),
        pytest.param({"endpoint_ids": ("e1",)}, id="endpoint"),
        pytest.param({"endpoint_ids": ("e0", "e1"), "states": (State.DEAD, State.WAITING)}, id="merged"),
        pytest.param({"kind": Kind.OUTBOUND, "states": (State.DEAD,)}, id="kind-and-state"),
        pytest.param({"since": 2_000, "until": 6_000}, id="span"),
        pytest.param({"event_id": "ev1"}, id="event"),
        pytest.param({"event_type": "t2"}, id="event-type"),
    ],
)
def test_pages_hold_every_row_once_and_in_order(store, filters, newest_first):
    made = fill(
        store,
        40,
        state=lambda index: [State.WAITING, State.DEAD, State.DELIVERED][index % 3],
        kind=lambda index: Kind.INBOUND if index % 5 == 0 else Kind.OUTBOUND,
        event_id=lambda index: f"ev{index % 4}",
        event_type=lambda index: f"t{index % 3}",
    )
    expected = sorted((row for row in made if fits(row, **filters)), key=key_of, reverse=newest_first)
    assert expected, "the filter of this case must match something"
    found, after = [], None
    while page := store.messages(MessageQuery(**filters, newest_first=newest_first, after=after, limit=3)):
        found += page
        after = key_of(page[-1])
    assert [row.id for row in found] == [row.id for row in expected]
    assert store.count(MessageQuery(**filters)) == len(expected)


def fits(
    row, endpoint_ids=None, states=None, kind=None, since=0, until=10**9, event_id=None, event_type=None
):
    return (
        (endpoint_ids is None or row.endpoint_id in endpoint_ids)
        and (states is None or row.state in states)
        and (kind is None or row.kind is kind)
        and since <= row.created_at < until
        and (event_id is None or row.event_id == event_id)
        and (event_type is None or row.event_type == event_type)
    )


def test_an_inclusive_page_begins_with_the_row_of_the_cursor(store):
    made = fill(store, 6)
    page = store.messages(MessageQuery(after=key_of(made[3]), inclusive=True, limit=2))
    assert [row.id for row in page] == ["m3", "m2"]


@pytest.mark.parametrize(("deleted", "found"), [(None, 4), (True, 1), (False, 3)])
def test_deleted_rows_are_listed_when_asked_for(store, deleted, found):
    fill(store, 4, deleted_at=lambda index: 9 if index == 2 else None)
    assert len(store.messages(MessageQuery(deleted=deleted))) == found


@pytest.mark.parametrize(
    "query",
    [
        MessageQuery(kind=Kind.OUTBOUND),
        MessageQuery(kind=Kind.OUTBOUND, states=(State.DEAD,)),
        MessageQuery(endpoint_ids=("e0",)),
        MessageQuery(endpoint_ids=("e0",), states=(State.DEAD,)),
        MessageQuery(event_id="x"),
    ],
)
def test_every_list_reads_along_an_index(store, query):
    plans = store.explain(query)
    assert all("USING INDEX" in plan or "USING COVERING INDEX" in plan for plan in plans), plans
    assert not any("TEMP B-TREE" in plan for plan in plans), plans


def test_the_due_scan_reads_along_an_index(store):
    plan = " ".join(row[3] for row in store.all("EXPLAIN QUERY PLAN " + store.due_sql(), (1, 1)))
    assert "messages_due" in plan
    assert "TEMP B-TREE" not in plan


def test_due_messages_come_in_order_with_payload_and_flight(store):
    made = fill(store, 4)
    flight = Flight(answer=Answer(status=200, body=b"ok"), at=1, url="u", request_headers={"a": "b"})
    with store.transaction():
        store.keep_flights([(made[3], flight)])
    due = store.due(4_999, 10)
    assert [item.message.id for item in due] == ["m3", "m2", "m1"]
    assert (due[0].payload, due[0].flight, due[1].flight) == (b"p3", flight, None)
    assert [item.message.id for item in store.due(9_999, 10, ["e1"])] == ["m2", "m0"]
    assert store.next_due_at() == 4_997
    with store.transaction():
        store.drop_flights([made[3]])
    assert store.due(4_999, 1)[0].flight is None


def test_expiring_payloads_come_in_order_until_they_are_gone(store):
    made = fill(store, 3, payload_expires_at=lambda index: 100 - index)
    assert [row.id for row in store.expired(99, 10)] == ["m2", "m1"]
    assert store.next_expiry_at() == 98
    with store.transaction():
        store.drop_payloads(made)
        store.save_messages([replace(row, payload_gone_at=100) for row in made])
    assert (store.next_expiry_at(), store.payload("m1")) == (None, None)


def test_an_idempotency_key_is_free_again_after_deletion(store):
    made = fill(store, 1, idempotency_key=lambda _index: "k")
    assert store.find_by_key("e0", "k") == made[0]
    assert store.find_by_key("e1", "k") is None
    with store.transaction():
        store.save_messages([replace(made[0], deleted_at=5)])
    assert store.find_by_key("e0", "k") is None


def test_cut_off_attempts_are_found(store):
    made = fill(store, 4)
    with store.transaction():
        store.save_messages(
            [replace(made[1], state=State.SENDING, due_at=None), replace(made[2], state=State.SENDING)]
        )
    assert [row.id for row in store.cut_off()] == ["m1"]


def test_a_failed_transaction_leaves_nothing_behind(store):
    with store.transaction():
        store.add_endpoint(Endpoint(id="e", seq=store.next_seq()))
    seq = store.next_seq()

    def fail():
        with store.transaction(), store.transaction():
            store.save_endpoint(Endpoint(id="e", seq=1, name="changed"))
            fill(store, 3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    found = store.endpoint("e")
    assert found is not None
    assert (found.name, store.message("m0"), store.counts()) == ("", None, {})
    assert store.next_seq() <= seq + 1


def test_the_image_of_a_store_holds_everything(store):
    fill(store, 5)
    image = store.dump()
    fill_more = Message(id="later", seq=store.next_seq(), endpoint_id="e0")
    with store.transaction():
        store.add_message(fill_more, b"")
    store.load(image)
    assert store.message("later") is None
    assert store.payload("m4") == b"p4"
    assert store.next_seq() == 6


def test_the_image_loads_into_the_other_adapter(store, tmp_path):
    fill(store, 2)
    other = SqliteStore(str(tmp_path / "other.db"), threading.RLock())
    other.load(store.dump())
    assert other.payload("m1") == b"p1"
    other.close()


@pytest.mark.parametrize("image", [b"", b"not a database at all" * 100])
def test_what_is_no_image_changes_nothing(store, image):
    fill(store, 1)
    with pytest.raises(StoreError):
        store.load(image)
    assert store.payload("m0") == b"p0"


def test_endpoints_page_and_search_by_name(store):
    with store.transaction():
        for index, name in enumerate(["Alpha", "beta", "ALPHA_2", "al%ha"]):
            store.add_endpoint(Endpoint(id=f"e{index}", seq=store.next_seq(), name=name, created_at=index))
        store.save_endpoint(replace(store.endpoint("e1"), deleted_at=1))
    assert [row.id for row in store.endpoints(EndpointQuery())] == ["e3", "e2", "e0"]
    assert [row.id for row in store.endpoints(EndpointQuery(name_contains="alpha"))] == ["e2", "e0"]
    assert [row.id for row in store.endpoints(EndpointQuery(name_contains="l%h"))] == ["e3"]
    assert [row.id for row in store.endpoints(EndpointQuery(deleted=True))] == ["e1"]
    assert [row.id for row in store.endpoints(EndpointQuery(newest_first=False, limit=1))] == ["e0"]


def test_events_page_and_filter(store):
    with store.transaction():
        for index in range(4):
            store.add_event(
                Event(id=f"v{index}", seq=index + 1, type=f"t{index % 2}", payload=b"{}", idempotency_key="k")
            )
        store.save_event(replace(store.event("v3"), status="Success"))
    assert store.event("v3").status == "Success"
    assert [row.id for row in store.events(EventQuery(type="t1"))] == ["v3", "v1"]
    assert [row.id for row in store.events(EventQuery(idempotency_key="k", limit=1))] == ["v3"]


def test_things_are_put_found_listed_and_dropped(store):
    with store.transaction():
        store.put_thing(Thing(kind="key", id="1", lookup="secret", doc={"a": 1}, created_at=1, seq=1))
        store.put_thing(Thing(kind="key", id="2", created_at=1, seq=2))
        store.put_thing(Thing(kind="key", id="1", lookup="other", doc={"a": 2}, created_at=1, seq=1))
    assert store.thing_by("key", "secret") is None
    assert store.thing_by("key", "other").doc == {"a": 2}
    assert [row.id for row in store.things("key")] == ["2", "1"]
    assert [row.id for row in store.things("key", Page(after=(1, 2)))] == ["1"]
    with store.transaction():
        store.drop_thing("key", "1")
    assert store.thing("key", "1") is None


def test_figures_count_by_state_and_time(store):
    made = fill(
        store,
        6,
        state=lambda index: State.DELIVERED if index < 4 else State.DEAD,
        attempt_count=lambda index: index,
        response_latency_ms=lambda index: 10 * index if index else None,
    )
    assert store.counts() == {State.DELIVERED: 4, State.DEAD: 2}
    assert store.counts(endpoint_id="e0", since=1_000) == {State.DELIVERED: 1, State.DEAD: 1}
    assert store.counts_by_endpoint()["e1"] == {State.DELIVERED: 2, State.DEAD: 1}
    buckets = store.series(since=0, until=4_000, bucket_ms=2_000)
    assert [(bucket.start, bucket.total) for bucket in buckets] == [(0, 4), (2_000, 2)]
    assert (buckets[0].retries, buckets[0].attempts, buckets[0].avg_latency_ms) == (3, 6, 20)
    assert buckets[1].by_state == {State.DEAD: 2}
    assert made[0].attempt_count == 0


def test_successes_are_counted_for_the_books(store):
    fill(store, 2)
    statuses = [("m0", 200), ("m0", 204), ("m1", 500), ("m1", 200)]
    with store.transaction():
        store.add_attempts(
            [
                Attempt(
                    id=f"a{n}", seq=store.next_seq(), message_id=id, endpoint_id="e", number=n + 1, at=0,
                    finished_at=0, response_status=status,
                )
                for n, (id, status) in enumerate(statuses)
            ]
        )  # fmt: skip
    assert store.successes() == [("m0", 0, 2)]
    assert (store.success_count("m1"), store.total_successes()) == (1, 3)
    assert store.total_successes(endpoint_id="e1") == 1


def test_a_file_that_is_no_store_is_named(tmp_path):
    path = tmp_path / "x.db"
    path.write_bytes(b"something else entirely, long enough to be looked at" * 50)
    with pytest.raises(StoreError, match="x.db"):
        SqliteStore(str(path), threading.RLock())


def test_threads_may_share_a_store(store):
    made = fill(store, 50)
    seen = []

    def read():
        seen.append([store.message(row.id) for row in made])

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [made] * 4

"""Scenarios: errors with file, line, path and reason; worlds that are true and the same every time."""

from __future__ import annotations

import json
import textwrap

import pytest

from hooktop.mockserver.delivery.model import Kind, Ladder, PauseRule, State, Status
from hooktop.mockserver.delivery.policy import Policy, retries_everything
from hooktop.mockserver.engine.clock import VirtualClock
from hooktop.mockserver.engine.registry import Registry
from hooktop.mockserver.engine.scenario import ScenarioError, load_scenario, names
from hooktop.mockserver.engine.store import EndpointQuery, MessageQuery
from unit.engine.dialect import HOLDING, PlainDialect

START = 1_790_000_000_000
HOUR = 3_600_000

DISCARDING = Policy(
    max_attempts=10,
    backoff=lambda attempt, draw: 100_000,
    worth_retrying=retries_everything,
    pause={Kind.OUTBOUND: PauseRule.DISCARD},
    pause_stops_scheduled=False,
    idempotent=False,
)


class Named(PlainDialect):
    def __init__(self, name, policy):
        super().__init__(policy)
        self.name = name


def two_dialects():
    return {api: Named(api, policy) for api, policy in (("hookbridge", HOLDING), ("convoy", DISCARDING))}


@pytest.fixture(scope="module")
def outage():
    registry = Registry(two_dialects(), seed=1, make_clock=lambda: VirtualClock(START))
    shop, partners = registry.load("outage")
    yield registry, shop, partners
    registry.close()


def named(project, name):
    return next(row for row in project.store.endpoints(EndpointQuery()) if row.name == name)


def of(project, name, *states):
    to = named(project, name)
    return project.store.messages(MessageQuery(endpoint_ids=(to.id,), states=states or None, limit=10_000))


# --- the outage --------------------------------------------------------------


def test_the_size_of_the_outage(outage):
    _, shop, partners = outage
    assert len(shop.store.endpoints(EndpointQuery())) == 12
    assert len(partners.store.endpoints(EndpointQuery())) == 5
    assert 4_500 < sum(shop.store.counts().values()) < 5_500
    assert 300 < sum(partners.store.counts().values()) < 500
    assert shop.now() == partners.now() == START


def test_the_storm_has_a_backlog_of_which_some_was_tried_twice(outage):
    _, shop, _ = outage
    backlog = of(shop, "billing-eu", State.RETRYING)
    assert 150 <= len(backlog) <= 300
    assert {row.attempt_count for row in backlog} == {1, 2}
    assert {row.response_status for row in backlog} == {503}
    assert min(row.created_at for row in backlog) >= START - HOUR


def test_the_rate_limit_shows_the_fast_ladder(outage):
    _, shop, _ = outage
    waiting = of(shop, "crm-sync", State.RETRYING)
    assert waiting
    assert {row.ladder for row in waiting} == {Ladder.FAST}


def test_the_forgotten_pause_holds_messages(outage):
    _, shop, _ = outage
    to = named(shop, "warehouse")
    assert (to.status, to.paused_at) == (Status.PAUSED, START - 5 * HOUR)
    held = of(shop, "warehouse", State.HELD)
    assert len(held) > 100
    assert {row.attempt_count for row in held} == {0}


def test_the_wrong_secret_has_filled_the_dead_letters(outage):
    _, shop, _ = outage
    dead = of(shop, "ledger", State.DEAD)
    assert 90 <= len(dead) <= 150
    assert {(row.response_status, row.attempt_count) for row in dead} == {(401, 1)}


def test_payloads_have_expired_and_more_do_soon(outage):
    _, shop, _ = outage
    failed = of(shop, "analytics", State.DEAD, State.RETRYING)
    assert 3 <= sum(row.payload_gone_at is not None for row in failed) <= 30
    soon = [row for row in failed if START < row.payload_expires_at < START + 3 * HOUR]
    assert len(soon) >= 5


def test_one_inbound_endpoint_is_paused_at_the_door(outage):
    _, shop, _ = outage
    assert named(shop, "shopify-in").status is Status.PAUSED
    assert max(row.created_at for row in of(shop, "shopify-in")) <= START - 2 * HOUR


def test_the_partners_have_discarded_and_dead_deliveries(outage):
    _, _, partners = outage
    assert of(partners, "globex-retail", State.DISCARDED)
    assert of(partners, "acme-logistics", State.DEAD)
    assert not of(partners, "globex-retail", State.HELD)


def test_every_message_of_the_past_is_true(outage):
    _, shop, _ = outage
    for row in shop.store.messages(MessageQuery(limit=10_000)):
        attempts = shop.store.attempts(row.id)
        assert len(attempts) == row.attempt_count
        assert [attempt.number for attempt in attempts] == list(range(1, len(attempts) + 1))
        assert all(START - 24 * HOUR <= attempt.at <= START for attempt in attempts)
        if row.state is State.DELIVERED:
            assert attempts[-1].is_success
            assert shop.store.payload(row.id) is not None or row.payload_gone_at is not None


def test_the_world_is_the_same_every_time_and_goes_on(outage):
    _, shop, _ = outage
    again = Registry(two_dialects(), seed=2, make_clock=lambda: VirtualClock(START))
    other = again.load("outage")[0]
    query = MessageQuery(limit=10_000)
    assert other.store.messages(query) == shop.store.messages(query)
    before = sum(other.store.counts().values())
    again.scheduler.advance(other, by=2 * HOUR)
    assert sum(other.store.counts().values()) > before + 200
    again.reset(other)
    assert other.store.messages(query) == shop.store.messages(query)
    again.close()


def test_a_quiet_day_has_no_trouble(outage):
    registry = Registry(two_dialects(), seed=1, make_clock=lambda: VirtualClock(START))
    for project in registry.load("quiet"):
        assert set(project.store.counts()) <= {State.DELIVERED, State.SENDING}
        statuses = {row.status for row in project.store.endpoints(EndpointQuery())}
        assert statuses == {Status.ACTIVE}
    registry.close()


def test_one_project_can_be_made_with_its_part_of_a_scenario():
    registry = Registry(two_dialects(), seed=1, make_clock=lambda: VirtualClock(START))
    project = registry.create("convoy", scenario="outage", seed=5)
    assert (project.name, project.seed) == ("partners", 5)
    assert len(project.store.endpoints(EndpointQuery())) == 5
    registry.close()


def test_the_scenarios_that_come_along():
    assert {"outage", "quiet"} <= set(names())


# --- errors ------------------------------------------------------------------

GOOD = """\
name: tiny
projects:
  - api: plain
    history: 1h
    endpoints:
      - name: shop
        per_hour: 60
        events:
          - type: order
            payload: {n: "{number}"}
        receiver:
          - {status: 503, after: -10m}
    happenings:
      - {at: -5m, pause: shop}
"""


def write(tmp_path, text):
    path = tmp_path / "world.yaml"
    path.write_text(textwrap.dedent(text))
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "reason"),
    [
        ("api: plain", "apy: plain", 3, "projects[0].apy", "unknown key"),
        ("- api: plain", "- name: x", 3, "projects[0].api", "is missing"),
        ("history: 1h", "history: soon", 4, "projects[0].history", "give a span"),
        ("- name: shop", "- name: 7", 6, "projects[0].endpoints[0].name", "give text"),
        ("per_hour: 60", "per_hour: -1", 7, "projects[0].endpoints[0].per_hour", "0 or more"),
        ("per_hour: 60", "per_hour: 60\n        kind: sideways", 8, "projects[0].endpoints[0].kind", "outbound"),
        ("- type: order", "- typ: order", 9, "projects[0].endpoints[0].events[0].typ", "unknown key"),
        ("{number}", "{int:9-1}", 10, "projects[0].endpoints[0].events[0].payload", "give a span such as"),
        ("status: 503", "status: 42", 12, "projects[0].endpoints[0].receiver[0].status", "100 to 599"),
        ("after: -10m", "after: 1 o'clock", 12, "projects[0].endpoints[0].receiver[0].after", "give a span"),
        ("pause: shop", "pause: shed", 14, "projects[0].happenings[0].pause", "no endpoint"),
        ("at: -5m, pause: shop", "at: -5m", 14, "projects[0].happenings[0]", "exactly one"),
        ("    endpoints:\n", "    endpoints: {}\n    x:\n", 6, "projects[0].x", "unknown key"),
        ("name: tiny", "name: tiny\nname: again", 2, "name", "twice"),
        ("projects:", "projects: [", 3, "", "no YAML"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_path_and_reason(tmp_path, old, new, line, path, reason):
    assert old in GOOD
    world = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ScenarioError) as error:
        load_scenario(str(world))
    assert (error.value.file, error.value.path) == (str(world), path)
    assert reason in error.value.reason
    assert error.value.line == line
    assert f"world.yaml:{line}: " in str(error.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("- a", "give a mapping"),
        ("projects: []", "at least one"),
        ("projects: 5", "give a list"),
        ("a: &x [*x]", "deep"),
    ],
)
def test_a_file_that_is_no_scenario(tmp_path, text, reason):
    with pytest.raises(ScenarioError, match=reason):
        load_scenario(str(write(tmp_path, text)))


def test_a_scenario_that_does_not_exist_tells_those_that_do():
    with pytest.raises(ScenarioError, match="outage, quiet"):
        load_scenario("inferno")
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario("/nowhere/inferno.yaml")


def test_two_endpoints_of_one_name_are_refused(tmp_path):
    text = "projects:\n  - api: plain\n    endpoints:\n      - {name: a}\n      - {name: a}\n"
    with pytest.raises(ScenarioError, match=r"endpoints\[1\]\.name: 'a' is there twice"):
        load_scenario(str(write(tmp_path, text)))


def test_a_small_world_is_played(tmp_path):
    registry = Registry({"plain": PlainDialect()}, seed=1, make_clock=lambda: VirtualClock(START))
    (project,) = registry.load(str(write(tmp_path, GOOD)))
    counts = project.store.counts()
    assert set(counts) == {State.DELIVERED, State.RETRYING, State.HELD}
    newest = project.store.messages(MessageQuery(limit=1))[0]
    payload = json.loads(project.store.payload(newest.id) or b"")
    assert payload == {"n": sum(counts.values()) - 1}
    registry.close()


def test_without_live_traffic_a_world_stands_still(tmp_path):
    registry = Registry({"plain": PlainDialect()}, seed=1, make_clock=lambda: VirtualClock(START))
    (project,) = registry.load(
        str(write(tmp_path, GOOD.replace("api: plain", "api: plain\n    live: false")))
    )
    before = sum(project.store.counts().values())
    registry.scheduler.advance(project, by=5 * HOUR)
    assert sum(project.store.counts().values()) == before
    registry.close()

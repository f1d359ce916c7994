"""Which request meets which fault."""

from __future__ import annotations

import pytest

from hooktop.mockserver.engine.chance import Chance
from hooktop.mockserver.engine.faults import FaultError, Faults


class Hands:
    now = 0

    def __call__(self):
        return self.now


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def faults(hands):
    return Faults(Chance(3), hands)


def hit(faults, operation="pauseEndpoint", method="POST", path="/v1/endpoints/1/pause", headers=None):
    rule = faults.match(operation, method, path, headers or {})
    return None if rule is None else rule.id


@pytest.mark.parametrize(
    ("match", "met"),
    [
        ({}, True),
        ({"operation": "pauseEndpoint"}, True),
        ({"operation": "pause*"}, True),
        ({"operation": "resumeEndpoint"}, False),
        ({"method": "GET"}, False),
        ({"path": "/v1/endpoints/*"}, True),
        ({"path": "/v1/messages/*", "method": "POST"}, False),
        ({"header": {"X-Try": "2*"}}, True),
        ({"header": {"X-Try": "3"}}, False),
        ({"header": {"X-None": "*?"}}, False),
    ],
)
def test_a_rule_meets_what_it_matches(faults, match, met):
    faults.put([{"match": match, "status": 500}])
    assert (hit(faults, headers={"X-Try": "22"}) is not None) is met


def test_rules_skip_and_end(faults):
    faults.put([{"id": "a", "skip": 1, "times": 2, "status": 500}, {"id": "b", "status": 503}])
    assert [hit(faults) for _ in range(5)] == ["b", "a", "a", "b", "b"]
    assert faults.met("a") == 5


def test_probability_is_seeded(hands):
    def strikes(seed):
        faults = Faults(Chance(seed), hands)
        faults.put([{"probability": 0.5, "status": 500}])
        return [hit(faults) is not None for _ in range(200)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 70 < sum(strikes(1)) < 130


def test_a_rule_dies_of_age(faults, hands):
    faults.put([{"ttl": 10, "status": 500}])
    hands.now = 9_999
    assert hit(faults) == "fault-1"
    hands.now = 10_000
    assert hit(faults) is None


def test_rules_are_replaced_cleared_and_kept(faults, hands):
    faults.put([{"status": 500, "patch": [{"pointer": "/a", "value": 1}], "times": 2}])
    hit(faults)
    other = Faults(Chance(3), hands)
    other.go_on_from(faults.state())
    assert other.rules() == faults.rules()
    assert [hit(other), hit(other)] == ["fault-1", None]
    assert bool(faults)
    faults.clear()
    assert not faults


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        (7, "rules[0]"),
        ({"colour": 1}, "rules[0].colour"),
        ({"status": "500"}, "rules[0].status"),
        ({"status": 42}, "rules[0].status"),
        ({"times": True}, "rules[0].times"),
        ({"skip": -1}, "rules[0].skip"),
        ({"probability": 2}, "rules[0].probability"),
        ({"drop": "never"}, "rules[0].drop"),
        ({"match": {"verb": "GET"}}, "rules[0].match.verb"),
        ({"match": {"header": "x"}}, "rules[0].match.header"),
        ({"patch": [{"value": 1}]}, "rules[0].patch[0]"),
        ({"patch": [{"pointer": "a", "value": 1}]}, "rules[0].patch[0].pointer"),
        ({"patch": [{"pointer": "/a"}]}, "rules[0].patch[0]"),
    ],
)
def test_a_wrong_rule_names_its_place_and_leaves_the_old_ones(faults, rule, path):
    faults.put([{"id": "old", "status": 500}])
    with pytest.raises(FaultError) as error:
        faults.put([rule])
    assert error.value.path == path
    assert [kept.id for kept in faults.rules()] == ["old"]


def test_an_id_may_be_there_only_once(faults):
    with pytest.raises(FaultError, match="twice"):
        faults.put([{"id": "a"}, {"id": "a"}])

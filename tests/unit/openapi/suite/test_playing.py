"""The executor and the runner against a stand-in server: findings, verdicts, flakes, safety, evidence."""

import json
import xml.etree.ElementTree as ET

import httpx
import pytest

from hooktop.openapi.suite.model import Level, Verdict
from hooktop.openapi.suite.reports import data, junit, terminal
from hooktop.openapi.suite.runner import judge_case, run
from hooktop.openapi.suite.safety import Safety
from hooktop.openapi.suite.verdicts import Result, exit_code, grade
from suite_stub import CASE, ENDPOINT, KEY, Server, refused, suite, target

PAUSE_TWICE = (
    CASE
    + """
      - call: pauseEndpoint
        path: {id: "${endpoint}"}
        expect: {status: 200, body: {/data/paused: true}}
      - unchanged: [endpoint]
        while:
          - call: pauseEndpoint
            path: {id: "${endpoint}"}
            expect: {status: 409, error: ALREADY_PAUSED, message: Endpoint is already paused}
"""
)
READ = (
    CASE
    + """
      - call: getEndpoint
        path: {id: "${endpoint}"}
        expect: {status: 200, body: {/data/id: "${endpoint}"}}
"""
)


def result_of(folder, cases, server, safety=Safety.FULL):
    played = suite(folder, cases)
    return judge_case(target(played, server, safety), played.cases[0])


def test_a_good_server_passes(tmp_path):
    server = Server()
    result = result_of(tmp_path, PAUSE_TWICE, server)
    assert (result.verdict, result.findings) == (Verdict.PASS, ())
    assert [request.method for request in server.requests] == ["POST", "GET", "POST", "GET"]


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (lambda status, body: (503, body) if status == 200 else (status, body), "status"),
        (
            lambda status, body: (
                refused(409, "PAUSED", "Endpoint is already paused") if status == 409 else (status, body)
            ),
            "error code",
        ),
        (
            lambda status, body: refused(409, "ALREADY_PAUSED", "no") if status == 409 else (status, body),
            "message",
        ),
        (lambda status, body: (status, {**body, "extra": 1}), "document"),
        (
            lambda status, body: (
                (status, {**body, "data": {**body["data"], "paused": False}})
                if status == 200
                else (status, body)
            ),
            "body /data/paused",
        ),
    ],
)
def test_a_broken_answer_fails_with_its_rule(tmp_path, fault, rule):
    server = Server()
    server.break_answer = fault
    result = result_of(tmp_path, PAUSE_TWICE, server)
    assert result.verdict in (Verdict.FAIL, Verdict.FLAKY)
    assert rule in {finding.rule for finding in result.findings}


def test_a_refusal_that_changes_something_fails(tmp_path):
    server = Server()
    reads = iter(range(10))

    def renamed(status, body):
        if status == 200 and "url" in body["data"]:
            body = {**body, "data": {**body["data"], "description": f"look {next(reads)}"}}
        return status, body

    server.break_answer = renamed
    found = result_of(tmp_path, PAUSE_TWICE, server).findings
    assert [finding.rule for finding in found] == ["unchanged getEndpoint /body/data/description"]
    assert (found[0].expected, found[0].actual) == ('"look 0"', '"look 1"')


def test_a_failure_that_does_not_come_back_is_flaky(tmp_path):
    server = Server()
    answers = iter([(500, refused(500, "INTERNAL_ERROR", "x")[1])])
    server.break_answer = lambda status, body: next(answers, (status, body))
    result = result_of(tmp_path, READ, server)
    assert result.verdict is Verdict.FLAKY
    assert "PASS on fresh resources" in result.reason


def test_a_lost_connection_is_a_finding_of_the_case(tmp_path):
    server = Server()
    server.break_answer = hang_up
    assert [finding.rule for finding in result_of(tmp_path, READ, server).findings] == ["connection"]


def hang_up(status, body):
    raise httpx.ReadError("the other side hung up")


def test_a_variable_that_nothing_sets_is_a_finding_of_the_case(tmp_path):
    found = result_of(tmp_path, READ.replace('id: "${endpoint}"', 'id: "${nobody}"'), Server()).findings
    assert [finding.rule for finding in found] == ["case"]
    assert "${nobody} is not set here" in found[0].actual


def test_a_case_that_needs_a_clock_is_inconclusive_without_one(tmp_path):
    result = result_of(tmp_path, READ + "      - {advance: 1h}\n", Server())
    assert (result.verdict, result.reason.split(":")[0]) == (Verdict.INCONCLUSIVE, "needs-clock")


def test_read_only_sends_nothing_unsafe(tmp_path):
    server = Server()
    both = PAUSE_TWICE + READ.replace("\ncases:\n", "").replace("TT-ONE", "TT-TWO")
    played = suite(tmp_path, both)
    results = run(target(played, server, Safety.READ_ONLY), played.cases)
    assert [result.verdict for result in results] == [Verdict.SKIP, Verdict.PASS]
    assert {request.method for request in server.requests} == {"GET"}


def test_a_tenant_run_touches_no_foreign_object(tmp_path):
    server = Server()
    result = result_of(tmp_path, PAUSE_TWICE, server, Safety.TENANT)
    assert result.verdict is Verdict.SKIP
    assert f"{ENDPOINT} was not made by this run" in result.reason
    assert server.requests == []


def result(verdict, *, statuses=()):
    from types import SimpleNamespace

    exchanges = tuple(SimpleNamespace(status=status) for status in statuses)
    return Result(case=None, verdict=verdict, exchanges=exchanges)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PASS], 0),
        ([Verdict.PASS, Verdict.NON_STRICT, Verdict.INFO, Verdict.SKIP, Verdict.UNIMPLEMENTED], 0),
        ([Verdict.PASS, Verdict.FAIL, Verdict.FLAKY], 1),
        ([Verdict.PASS, Verdict.FLAKY], 4),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], 4),
        ([Verdict.INCONCLUSIVE], 4),
        ([Verdict.SKIP, Verdict.UNIMPLEMENTED], 3),
        ([], 3),
    ],
)
def test_exit_codes(verdicts, code):
    assert exit_code([result(verdict) for verdict in verdicts]) == code


def test_an_interrupted_run_says_so():
    assert exit_code([result(Verdict.FAIL)], interrupted=True) == 130


@pytest.mark.parametrize(("statuses", "code"), [((401, 404, 429), 3), ((401, 200), 1)])
def test_a_closed_door_is_nothing_tested(statuses, code):
    assert exit_code([result(Verdict.FAIL, statuses=statuses)]) == code


@pytest.mark.parametrize(
    ("level", "broken", "verdict"),
    [
        (Level.MUST, None, Verdict.FAIL),
        (Level.SHOULD, None, Verdict.NON_STRICT),
        (Level.MAY, None, Verdict.INFO),
        (Level.MAY, Level.MUST, Verdict.FAIL),
    ],
)
def test_grades_follow_the_level(tmp_path, level, broken, verdict):
    from hooktop.openapi.suite.evidence import Finding
    from hooktop.openapi.suite.model import Position

    case = suite(tmp_path, READ.replace("level: MUST", f"level: {level}")).cases[0]
    finding = Finding(rule="status", expected="", actual="", position=Position("f", 1), level=broken)
    assert grade(case, [finding]) is verdict
    assert grade(case, []) is Verdict.PASS


CANARIES = ("whsec_canary_in_a_response", "canary-password", "canary-token-value", KEY)


def leaking(status, body):
    return status, {
        **body,
        "signing_secret": CANARIES[0],
        "nested": [{"password": CANARIES[1], "note": f"again {CANARIES[0]}"}],
        "secrets": [{"value": CANARIES[2]}],
    }


def broken_results(folder):
    server = Server()
    server.break_answer = leaking
    played = suite(folder, READ)
    aim = target(played, server)
    return played, aim, run(aim, played.cases)


def test_no_secret_reaches_a_report(tmp_path):
    played, aim, results = broken_results(tmp_path)
    texts = [
        terminal.render(played, results, aim.redactor, seconds=1),
        junit.render(played, results, aim.redactor, seconds=1),
        data.render(played, results, aim.redactor, seconds=1, run_id="r"),
    ]
    assert results[0].verdict is Verdict.FAIL
    assert [name for name in CANARIES for text in texts if name in text] == []
    assert "$HOOKBRIDGE_KEY" in texts[0]


def test_junit_has_one_testcase_for_each_case(tmp_path):
    played, aim, results = broken_results(tmp_path)
    root = ET.fromstring(junit.render(played, results, aim.redactor, seconds=1))
    node = root.find("testsuite")
    assert node is not None
    assert (node.get("tests"), node.get("failures")) == ("1", "1")
    assert [case.get("name") for case in node.findall("testcase")] == ["TT-ONE A case"]
    failure = node.find("testcase/failure")
    assert failure is not None
    assert "1. curl -sS -X GET" in (failure.text or "")


def test_the_json_report_holds_the_wire_log_of_a_pass(tmp_path):
    played = suite(tmp_path, READ)
    aim = target(played, Server())
    report = json.loads(data.render(played, run(aim, played.cases), aim.redactor, seconds=1, run_id="r"))
    case = report["cases"][0]
    assert (report["exit_code"], case["verdict"], case["findings"]) == (0, "PASS", [])
    assert case["wire"][0]["request"]["headers"]["Authorization"] == "Bearer $HOOKBRIDGE_KEY"
    assert case["wire"][0]["response"]["status"] == 200


def test_the_terminal_report_tells_expected_and_actual(tmp_path):
    played, aim, results = broken_results(tmp_path)
    text = terminal.render(played, results, aim.redactor, seconds=1)
    assert "NOT CONFORMANT" in text.splitlines()[0]
    assert "an answer as documented" in text
    assert "https://example.com/page" in text
    assert "1. curl" in text

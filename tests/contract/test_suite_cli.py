"""`hooktop contract` as a user types it: what it prints, what it writes, how it ends."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from hooktop.openapi.cli import contract


def hooktop(*words, env=None):
    return CliRunner().invoke(contract, [str(word) for word in words], env=env or {})


def test_a_run_on_a_good_server_is_conformant_and_writes_its_reports(server, tmp_path):
    files = {"junit": tmp_path / "junit.xml", "json": tmp_path / "report.json"}
    reports = [word for form, path in files.items() for word in ("--report", f"{form}={path}")]
    ended = hooktop("run", "--api", "hookbridge", "--url", server.url, "--only", "HB-EP-*", *reports)
    assert ended.exit_code == 0, ended.output
    assert ended.stdout.startswith(" CONFORMANT ")
    cases = json.loads(files["json"].read_text())["cases"]
    assert {case["verdict"] for case in cases} == {"PASS"}
    assert len(ET.parse(files["junit"]).findall("testsuite/testcase")) == len(cases)


def test_a_run_on_a_broken_server_fails_and_says_how_to_see_it(server, new_project):
    project = new_project("hookbridge")
    broken = {"pointer": "/error/code", "value": "SOMETHING_ELSE"}
    project.faults({"match": {"operation": "getMessage"}, "patch": [broken]})
    words = (
        "--url",
        server.url,
        "--key-env",
        "KEY",
        "--clock",
        "observed",
        "--only",
        "HB-GET-UNKNOWN-MESSAGE",
    )
    ended = hooktop("run", "--api", "hookbridge", *words, env={"KEY": project.api_key})
    assert ended.exit_code == 1, ended.output
    for part in (
        "NOT CONFORMANT",
        'expected  "NOT_FOUND"',
        'actual    "SOMETHING_ELSE"',
        "1. curl -sS",
        "Bearer $KEY",
    ):
        assert part in ended.stdout
    assert project.api_key not in ended.output


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["run", "--api", "hookbridge", "--url", "nowhere"], 2, "is no http or https address"),
        (["run", "--api", "hookbridge", "--url", "http://127.0.0.1:1"], 3, "the target is unreachable"),
        (["run", "--api", "soap", "--url", "http://127.0.0.1:1"], 2, "'soap' is not one of"),
        (
            ["run", "--api", "convoy", "--url", "https://x.example", "--safety", "full"],
            2,
            "add --confirm-target x.example",
        ),
        (
            ["run", "--api", "convoy", "--url", "http://127.0.0.1:1", "--report", "pdf=x"],
            2,
            "must be FORMAT=FILE",
        ),
        (
            ["run", "--api", "convoy", "--url", "http://127.0.0.1:1", "--report", "json=/no/such/x"],
            2,
            "does not exist",
        ),
        (["show", "HB-NOTHING"], 2, "no case is called HB-NOTHING"),
        (["list", "--api", "convoy", "--only", "XX-*"], 2, "no case matches --only XX-*"),
    ],
)
def test_what_goes_wrong_is_one_line_and_its_exit_code(words, code, says):
    ended = hooktop(*words)
    assert ended.exit_code == code, ended.output
    assert says in ended.output
    assert "Traceback" not in ended.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--clock", "observed"], "this target needs a key"),
        (
            ["--clock", "observed", "--key-env", "ABSENT_KEY"],
            "ABSENT_KEY: the environment variable is not set",
        ),
        (["--only", "XX-*"], "no case matches"),
    ],
)
def test_usage_errors_name_the_option(server, words, says):
    ended = hooktop("run", "--api", "hookbridge", "--url", server.url, *words)
    assert (ended.exit_code, says in ended.output) == (2, True), ended.output


def test_a_wrong_key_is_a_closed_door(server):
    words = ("--url", server.url, "--key-env", "KEY", "--clock", "observed", "--only", "HB-KEYS-LIST")
    ended = hooktop("run", "--api", "hookbridge", *words, env={"KEY": "hb_test_nobody"})
    assert ended.exit_code == 3, ended.output
    assert "NOTHING TESTED" in ended.stdout


def test_a_scheduler_case_without_a_clock_is_not_proven(server, new_project):
    words = ("--url", server.url, "--key-env", "KEY", "--clock", "observed", "--only", "HB-MAX-ATTEMPTS")
    ended = hooktop("run", "--api", "hookbridge", *words, env={"KEY": new_project("hookbridge").api_key})
    assert ended.exit_code == 4, ended.output
    assert "needs-clock" in ended.stdout


def test_a_profile_that_is_not_claimed_is_unimplemented(server):
    words = ("--url", server.url, "--profile", "outbound", "--only", "HB-IEP-*")
    ended = hooktop("run", "--api", "hookbridge", *words)
    assert ended.exit_code == 3
    assert "profile inbound is not claimed" in ended.stdout


def test_cases_are_listed_and_shown():
    listed = json.loads(hooktop("list", "--api", "convoy", "-o", "json").stdout)
    assert {case["api"] for case in listed} == {"convoy"}
    assert all(case["requirement"] and case["sources"] for case in listed)
    shown = hooktop("show", "CV-EP-PAUSE-PAUSED").stdout
    assert "Pausing is a toggle" in shown
    assert "pause-endpoint" in shown


def test_coverage_is_complete_and_gated():
    ended = hooktop("coverage", "--fail-under", "100")
    assert ended.exit_code == 0, ended.output
    assert "waived: " in ended.stdout
    assert "HOLE" not in ended.stdout


def test_a_proof_counts_the_faults_it_noticed(server):
    ended = hooktop("prove", "--api", "hookbridge", "--url", server.url, "--only", "HB-EP-PAUSE-PAUSED")
    assert ended.exit_code == 0, ended.output
    assert ended.stdout.startswith("1 of 1 cases proven")

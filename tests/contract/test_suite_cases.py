"""The bundled suites against the reference server: all green, all proven, nothing owed, ids permanent."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
import pytest

from hooktop.openapi.documents import load
from hooktop.openapi.suite.asking import Bases
from hooktop.openapi.suite.catalogue import APIS, select, suite_of
from hooktop.openapi.suite.control import START
from hooktop.openapi.suite.coverage import coverage, percentage, unused
from hooktop.openapi.suite.executor import Tenant
from hooktop.openapi.suite.model import Verdict
from hooktop.openapi.suite.opening import Wish, opened
from hooktop.openapi.suite.proving import prove
from hooktop.openapi.suite.runner import play_on, run
from hooktop.openapi.suite.safety import Safety

LEDGER = Path(__file__).with_name("suite_case_ids.txt")
"""Every id that was ever published. Ids are added, never changed and never removed."""


@pytest.mark.parametrize("api", APIS)
def test_every_case_passes_on_the_reference_server(server, api):
    with opened(Wish(api=api, url=server.url), {}) as target:
        results = run(target, target.suite.cases, workers=2)
    broken = {result.case.id: (result.verdict, result.reason, result.findings) for result in results}
    assert {name: told for name, told in broken.items() if told[0] is not Verdict.PASS} == {}


@pytest.mark.parametrize("api", APIS)
def test_every_case_fails_with_every_fault_that_concerns_it(server, api):
    with opened(Wish(api=api, url=server.url), {}) as target:
        proofs = prove(target, target.suite.cases, workers=2)
    assert [
        (proof.case.id, proof.obstacle or proof.survived) for proof in proofs if not proof.is_proven
    ] == []
    assert sum(proof.killed for proof in proofs) > 5 * len(proofs)


@pytest.mark.parametrize("api", APIS)
def test_everything_documented_and_printed_has_a_case_or_a_waiver(api):
    rows = coverage(suite_of(api), load(api))
    assert [(row.operation, row.status, row.code, row.page) for row in rows if row.is_hole] == []
    assert percentage(rows) == 100.0
    assert [str(waiver.position) for waiver in unused(suite_of(api), rows)] == []


@pytest.mark.parametrize(
    ("switch", "case_id"),
    [
        ({"replay_succeeded": "refused"}, "HB-MSG-REPLAY-SUCCEEDED"),
        ({"paused_status": "queued"}, "HB-PAUSE-HOLDS"),
        ({"delete_answer": "204"}, "HB-EP-DELETE-ACTIVE"),
        ({"update_answer": "whole"}, "HB-EP-UPDATE-ACTIVE"),
        ({"not_found_text": "by_resource"}, "HB-EP-PAUSE-UNKNOWN"),
    ],
)
def test_a_server_that_really_behaves_otherwise_fails(server, new_project, switch, case_id):
    clock = {"mode": "virtual", "now": START}
    facts = new_project("hookbridge", profile=switch, clock=clock).facts
    with opened(Wish(api="hookbridge", url=server.url), {}) as target:
        case = select(target.suite.cases, [case_id])[0]
        urls = {name: facts[name] for name in ("base_url", "send_url", "receive_url")}
        tenant = Tenant(
            bases=Bases(urls=urls, key=facts["api_key"]),
            variables={"run": "r", "receiver": "a.example", "target": "https://a.example"},
            project=facts["id"],
            control=target.control,
        )
        assert play_on(target, case, tenant).findings


def test_case_ids_are_permanent():
    known = LEDGER.read_text(encoding="utf-8").split()
    cases = [case.id for api in APIS for case in suite_of(api).cases]
    assert set(known) - set(cases) == set(), "a published id is gone: keep its case"
    assert set(cases) - set(known) == set(), "a new id: add it to the ledger"
    assert [name for name, count in Counter(known).items() if count > 1] == []


def test_a_run_leaves_no_project_behind(server, new_project):
    bystander = new_project("convoy")

    def projects():
        return {project["id"] for project in bystander.control.get("/projects").json()["data"]}

    before = projects()
    with opened(Wish(api="convoy", url=server.url), {}) as target:
        run(target, target.suite.cases[:5])
    assert bystander.id in before
    assert projects() == before


@pytest.mark.parametrize("api", APIS)
def test_a_complete_read_only_run_sends_nothing_unsafe(server, new_project, api):
    project = new_project(api)
    recorder = Recorder()
    wish = Wish(api=api, url=server.url, key_env="KEY", safety=Safety.READ_ONLY)
    with opened(wish, {"KEY": project.api_key}, recorder) as target:
        results = run(target, target.suite.cases, workers=2)
    assert {method for method, _ in recorder.sent} == {"GET"}
    assert {result.verdict for result in results} <= {Verdict.PASS, Verdict.SKIP, Verdict.INCONCLUSIVE}
    assert [result.case.id for result in results if result.verdict is Verdict.PASS] != []


@pytest.mark.parametrize("api", APIS)
def test_a_tenant_run_without_control_api_changes_only_its_own(server, new_project, api):
    project = new_project(api)
    recorder = Recorder()
    wish = Wish(api=api, url=server.url, key_env="KEY", safety=Safety.TENANT, clock="observed")
    with opened(wish, {"KEY": project.api_key}, recorder) as target:
        results = run(target, target.suite.cases)
        left = target.left
    broken = {result.case.id: result.findings for result in results if result.verdict is Verdict.FAIL}
    assert broken == {}
    assert all("needs-" in result.reason for result in results if result.verdict is Verdict.INCONCLUSIVE)
    assert not [path for _, path in recorder.sent if path.startswith("/_mock/v1")]
    assert {name.split()[0] for name in left} <= {"inbound" if api == "hookbridge" else "endpoint"}
    assert api == "convoy" or project.http.get("/v1/endpoints").json()["data"] == []


class Recorder(httpx.HTTPTransport):
    """A real transport that remembers what passed through it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append((request.method, request.url.path))
        return super().handle_request(request)

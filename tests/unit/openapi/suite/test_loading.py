"""Errors in case files name the file, the line, the field and what to do."""

import pytest

from hooktop.openapi.suite.tree import CaseError
from suite_stub import CASE, suite, write

GOOD_STEP = "      - {call: getEndpoint, path: {id: x}}\n"


def error_of(folder, cases):
    with pytest.raises(CaseError) as caught:
        suite(folder, cases)
    return str(caught.value)


@pytest.mark.parametrize(
    ("cases", "says"),
    [
        ("cases: [", r"cases.yaml:2: no valid YAML"),
        ("- a list", r"cases.yaml:1: the file must be a mapping"),
        ("a: 1\na: 2", r"cases.yaml:2: a: is written twice"),
        ("surprise: 1", r"cases.yaml:1: cases.surprise: is not known here"),
        (CASE.replace("MUST\n", "WILL\n") + GOOD_STEP, "cases.yaml:4: TT-ONE.level: 'WILL' is not known"),
        (CASE.replace("TT-ONE", "one") + GOOD_STEP, "cases.yaml:3: one.id: 'one' must be capitals"),
        (
            CASE.replace("It MUST work", "It works") + GOOD_STEP,
            "cases.yaml:6: TT-ONE.requirement: must say MUST",
        ),
        (CASE.replace("[page]", "[book]") + GOOD_STEP, "cases.yaml:7: TT-ONE.sources: 'book' is not among"),
        (
            CASE + "      - {call: getNothing}\n",
            "cases.yaml:10: TT-ONE.steps[0].call: 'getNothing' is no operation",
        ),
        (
            CASE + "      - {call: getEndpoint, expct: 200}\n",
            "steps[0].expct: is not known here; did you mean 'expect'?",
        ),
        (CASE + "      - {call: getEndpoint, expect: 20}\n", None),
        (
            CASE + "      - {call: getEndpoint, expect: {status: 20}}\n",
            "expect.status: must be an HTTP status",
        ),
        (
            CASE + "      - {call: getEndpoint, expect: {status: 200, body: {data: 1}}}\n",
            "is no JSON pointer",
        ),
        (
            CASE + "      - {call: getEndpoint, expect: {status: 200, body: {/a: {b: 1}}}}\n",
            "exactly one matcher",
        ),
        (
            CASE + "      - {call: getEndpoint, expect: {status: 200, body: {/a: {length: no}}}}\n",
            "length wants a number",
        ),
        (CASE + "      - {call: getEndpoint, expect: {any: []}}\n", "any: must list at least one answer"),
        (
            CASE + "      - {call: getEndpoint, auth: magic}\n",
            "steps[0].auth: 'magic' is not known; choose one of key",
        ),
        (CASE + "      - {advance: soon}\n", "steps[0].advance: 'soon' is no duration"),
        (CASE + "      - {drain: true, sweep: x}\n", "must have exactly one verb"),
        (CASE + "      - {given: nothing}\n", "steps[0].given: no set-up is called 'nothing'"),
        (
            CASE + "      - {unchanged: [moon], while: []}\n",
            "unchanged: no read is called 'moon'; known: endpoint",
        ),
        (CASE + "      - {receiver: []}\n", "receiver: must list at least one answer"),
        (
            CASE + GOOD_STEP + CASE.replace("\ncases:\n", "") + GOOD_STEP,
            "TT-ONE: this id is taken by the case at",
        ),
    ],
)
def test_an_error_names_file_line_and_field(tmp_path, cases, says):
    if says is None:
        assert suite(tmp_path, cases).cases[0].calls[0].outcomes[0].status == 20
        return
    assert says in error_of(tmp_path, cases)


def test_a_missing_file_is_named(tmp_path):
    folder = write(tmp_path, "cases: []")
    (folder / "suite.yaml").unlink()
    assert "suite.yaml:1: cannot be read" in error_of_folder(folder)


def error_of_folder(folder):
    from hooktop.openapi.documents import load
    from hooktop.openapi.suite.loading import load_suite

    with pytest.raises(CaseError) as caught:
        load_suite(folder, load("hookbridge").operations)
    return str(caught.value)


def test_a_table_makes_a_case_for_each_row_with_typed_values(tmp_path):
    cases = CASE.replace("TT-ONE", "${id}").replace(
        "    steps:", "    each:\n      - {id: TT-A, n: 3}\n      - {id: TT-B, n: 4}\n    steps:"
    )
    made = suite(
        tmp_path,
        cases + '      - {call: getEndpoint, path: {id: x}, expect: {status: 200, body: {/n: "${n}"}}}\n',
    )
    assert [case.id for case in made.cases] == ["TT-A", "TT-B"]
    assert [case.calls[0].outcomes[0].checks[0].matcher.argument for case in made.cases] == [3, 4]


MACHINE = """
machines:
  - id: TT-EP
    title: Thing
    since: 0.1.0
    witness: [endpoint]
    states:
      up: {while: it is up}
      down: {while: it is down}
    actions:
      pause:
        call: {call: pauseEndpoint, path: {id: "${endpoint}"}}
        sources: [page]
        rules:
          - {states: up, requirement: "It MUST pause.", allow: 200}
          - {states: %s, requirement: "It MUST refuse while ${while}.", refuse: 409}
"""


ONE_RULE = MACHINE.rpartition("          - {states: %s")[0]


def test_a_machine_makes_a_case_for_every_pair(tmp_path):
    made = suite(tmp_path, MACHINE % "down").cases
    assert [case.id for case in made] == ["TT-EP-PAUSE-UP", "TT-EP-PAUSE-DOWN"]
    assert made[1].requirement == "It MUST refuse while it is down."
    assert [call.operation for call in made[1].calls] == ["getEndpoint", "pauseEndpoint"]


@pytest.mark.parametrize(
    ("states", "says"),
    [
        ("[up, down]", "up: the pair with pause is covered twice"),
        ("[down, gone]", "'gone' is not known; known: up, down"),
    ],
)
def test_an_incomplete_machine_is_refused(tmp_path, states, says):
    assert says in error_of(tmp_path, MACHINE % states)


def test_a_missing_pair_is_refused(tmp_path):
    assert "pause.rules: no rule for down; add one, or name it as unreachable" in error_of(tmp_path, ONE_RULE)


def test_a_waived_pair_has_no_case(tmp_path):
    waived = "    unreachable:\n      - {states: down, actions: pause, reason: nobody knows}\n    actions:"
    made = suite(tmp_path, ONE_RULE.replace("    actions:", waived, 1))
    assert [case.id for case in made.cases] == ["TT-EP-PAUSE-UP"]

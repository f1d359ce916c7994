"""The commands against the real server: what they do there, what they print, how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from functional.console.conftest import Terminal
from hooktop.console.operations.journal import Journal
from hooktop.console.settings import Safety, load, state_path

Connect = Callable[..., Any]
BASE = "/v1/projects/p"


def outbound(project: Any, name: str, *answers: dict[str, Any]) -> str:
    """An endpoint of the first kind whose receiver is scripted; its id."""
    host = f"{name}.receiver.example"
    if answers:
        project.receiver(name, *answers, host=host)
    body = {"url": f"https://{host}/hooks", "description": name}
    answer = project.call("createEndpoint", "POST", "/v1/endpoints", json=body)
    assert answer.is_success, answer.text
    return str(answer.json()["data"]["id"])


def send(project: Any, endpoint_id: str, number: int = 1) -> list[str]:
    """Send messages and let them be tried; their ids."""
    ids = []
    for place in range(number):
        body = {"endpoint_id": endpoint_id, "payload": {"n": place}}
        answer = project.call("sendWebhook", "POST", "/v1/webhooks/send", json=body)
        assert answer.is_success, answer.text
        ids.append(str(answer.json()["data"]["message_id"]))
    project.drain()
    return ids


def convoy_endpoint(project: Any, name: str) -> str:
    body = {"name": name, "url": f"https://{name}.receiver.example"}
    answer = project.call("CreateEndpoint", "POST", f"{BASE}/endpoints", json=body)
    assert answer.is_success, answer.text
    return str(answer.json()["data"]["uid"])


def convoy_send(project: Any, endpoint_id: str, number: int = 1) -> None:
    for place in range(number):
        body = {"endpoint_id": endpoint_id, "event_type": "order.paid", "data": {"n": place}}
        assert project.call("CreateEndpointEvent", "POST", f"{BASE}/events", json=body).is_success
    project.drain()


# --- looking -------------------------------------------------------------------------------------------


def test_endpoints_are_listed_and_shown_by_name(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    id_ = outbound(project, "billing-eu")
    outbound(project, "crm")
    rows = terminal.data("endpoints", "list")
    assert [(row["name"], row["kind"], row["state"]) for row in rows] == [
        ("billing-eu", "outbound", "active"),
        ("crm", "outbound", "active"),
    ]
    assert [row["name"] for row in terminal.data("endpoints", "list", "-f", "endpoint:bill*")] == [
        "billing-eu"
    ]
    assert terminal.data("endpoints", "show", "billing-eu")["id"] == id_
    assert terminal.data("endpoints", "show", id_)["name"] == "billing-eu"


def test_messages_are_listed_shown_and_their_attempts(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    good, bad = outbound(project, "good"), outbound(project, "bad", {"status": 503})
    sent = send(project, good, 2) + send(project, bad, 1)
    assert {row["id"] for row in terminal.data("messages", "list")} == set(sent)
    (row,) = terminal.data("messages", "list", "-f", "endpoint:bad status:retrying code:5xx")
    assert (row["id"], row["endpoint"], row["state_word"], row["code"]) == (
        sent[2],
        "bad",
        "pending_retry",
        503,
    )
    assert terminal.data("messages", "show", sent[2])["attempts"] == 1
    (attempt,) = terminal.data("messages", "attempts", sent[2])
    assert (attempt["number"], attempt["code"]) == (1, 503)


def test_a_limit_is_said(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    send(project, outbound(project, "a"), 5)
    done = terminal.run("messages", "list", "-n", "2", "-o", "jsonl")
    assert len(done.stdout.splitlines()) == 2
    assert "there are more" in done.stderr
    assert len(terminal.run("messages", "list", "-n", "0", "-o", "jsonl").stdout.splitlines()) == 5


def test_hostile_names_do_not_reach_the_terminal_alive(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    answer = project.http.post(
        "/v1/endpoints", json={"url": "https://h.receiver.example/x", "description": "=evil\x1b[2J\u202e"}
    )
    assert answer.is_success
    for format_ in ("table", "csv", "json", "yaml", "jsonl"):
        out = terminal.run("endpoints", "list", "-o", format_).stdout
        assert "\x1b" not in out
        assert "\u202e" not in out
    assert ",=evil" not in terminal.run("endpoints", "list", "-o", "csv").stdout


# --- acting --------------------------------------------------------------------------------------------


def test_pause_hold_resume_deliver(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    id_ = outbound(project, "a")
    paused = terminal.run("endpoints", "pause", "a", "-o", "json")
    assert json.loads(paused.stdout)[0]["result"] == "accepted"
    assert "accepted and held" in paused.stderr
    ids = send(project, id_, 3)
    assert {row["state"] for row in terminal.data("messages", "list")} == {"held"}
    assert len(terminal.data("messages", "list", "-f", "status:held")) == 3
    (resumed,) = terminal.data("endpoints", "resume", "a")
    assert resumed["count"] == 3
    project.advance("PT5M")
    assert {project.truth(message)["answered_2xx"] for message in ids} == {1}


def test_a_repeated_verb_is_done_already(terminal: Terminal, connect: Connect) -> None:
    outbound(connect(), "a")
    terminal.run("endpoints", "pause", "a")
    (row,) = terminal.data("endpoints", "pause", "a")
    assert (row["result"], row["detail"]) == ("skipped", "already paused")


def test_retry_now_cancel_and_replay(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    id_ = outbound(project, "a", {"status": 503, "times": 2}, {"status": 200})
    first, second = send(project, id_, 2)
    assert terminal.data("messages", "retry-now", first)[0]["result"] == "accepted"
    project.advance("PT2M")
    assert terminal.data("messages", "show", first)["state"] == "delivered"
    terminal.run("messages", "cancel", second)
    assert terminal.data("messages", "show", second)["state"] == "dead"
    terminal.run("messages", "replay", second)
    project.drain()
    assert project.truth(second)["answered_2xx"] == 1


def test_dead_letters_by_filter_with_a_canary(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    id_ = outbound(project, "a", {"status": 401})
    ids = send(project, id_, 30)
    project.receiver("a", {"status": 200}, host="a.receiver.example")
    project.steer("setClock", "PUT", "/clock", json={"mode": "scaled", "speed": 60})
    done = terminal.run(
        "messages", "replay", "-f", "endpoint:a status:dead", "--yes", "-o", "json", "--rate", "500"
    )
    assert {row["result"] for row in json.loads(done.stdout)} == {"accepted"}
    assert "canary" in done.stderr
    project.drain()
    assert [project.truth(message)["answered_2xx"] for message in ids] == [1] * 30


def test_a_canary_that_fails_leaves_the_rest(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    ids = send(project, outbound(project, "a", {"status": 401}), 30)
    project.steer("setClock", "PUT", "/clock", json={"mode": "scaled", "speed": 60})
    rows = terminal.data("messages", "replay", "-f", "status:dead", "--yes", "--rate", "500", code=3)
    results = [row["result"] for row in rows]
    assert (results.count("accepted"), results.count("cancelled")) == (5, 25)
    assert sum(project.truth(message)["replay_count"] for message in ids) == 5


def test_a_dry_run_sends_nothing_and_counts_the_same(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    ids = send(project, outbound(project, "a", {"status": 401}), 3)
    plan = terminal.data("messages", "replay", "-f", "status:dead", "--dry-run")
    assert (plan["count"], sorted(plan["ids"])) == (3, sorted(ids))
    assert all(project.truth(message)["replay_count"] == 0 for message in ids)


@pytest.mark.parametrize(("answer", "code", "replayed"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_bulk_asks_first(
    terminal: Terminal,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    replayed: int,
) -> None:
    project = connect()
    ids = send(project, outbound(project, "a", {"status": 401}), 2)
    monkeypatch.setattr("hooktop.console.cli.acting._at_keyboard", lambda: True)
    terminal.run("messages", "replay", *ids, code=code, text=answer)
    assert [project.truth(message)["replay_count"] for message in ids] == [replayed] * 2


def test_bulk_without_a_terminal_wants_yes(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    ids = send(project, outbound(project, "a", {"status": 401}), 2)
    assert "--yes" in terminal.run("messages", "replay", *ids, code=2).stderr
    assert project.truth(ids[0])["replay_count"] == 0


def test_partly_done_is_three(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    (good,) = send(project, outbound(project, "a", {"status": 401}), 1)
    rows = terminal.data("messages", "replay", good, "nobody", code=3)
    assert [row["result"] for row in rows] == ["accepted", "rejected"]


def test_ids_can_come_from_stdin(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    ids = send(project, outbound(project, "a", {"status": 401}), 2)
    terminal.run("messages", "replay", "--ids-from", "-", "--yes", text="\n".join(ids))
    assert [project.truth(message)["replay_count"] for message in ids] == [1, 1]


def test_every_change_is_in_the_journal(terminal: Terminal, connect: Connect) -> None:
    outbound(connect(), "a")
    terminal.run("endpoints", "pause", "a", "--reason", "INC-7")
    (entry,) = Journal(state_path()).entries()
    assert (entry.action, entry.context, entry.reason, entry.counts) == (
        "pause",
        "it",
        "INC-7",
        (("accepted", 1),),
    )


def test_a_read_only_context_changes_nothing(terminal: Terminal, connect: Connect) -> None:
    project = connect(safety=Safety.READ_ONLY)
    id_ = outbound(project, "a")
    done = terminal.run("endpoints", "pause", "a", code=1)
    assert "read-only" in done.output
    assert project.call("getEndpoint", "GET", f"/v1/endpoints/{id_}").json()["data"]["paused"] is False


def test_a_gentle_resume_that_fails_pauses_again(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    id_ = outbound(project, "a", {"status": 503})
    terminal.run("endpoints", "pause", "a")
    ids = send(project, id_, 5)
    project.steer("setClock", "PUT", "/clock", json={"mode": "scaled", "speed": 60})
    (row,) = terminal.data("endpoints", "resume", "a", "--gently", code=1)
    assert (row["code"], row["count"]) == ("TEST_FAILED", 5)
    assert project.call("getEndpoint", "GET", f"/v1/endpoints/{id_}").json()["data"]["paused"] is True
    assert any(project.truth(message)["attempt_count"] == 0 for message in ids) or len(ids) == 5


# --- the other provider --------------------------------------------------------------------------------


def test_the_toggle_is_never_flipped_by_a_repeated_pause(terminal: Terminal, connect: Connect) -> None:
    project = connect("convoy")
    id_ = convoy_endpoint(project, "acme")
    for _ in range(3):
        terminal.run("endpoints", "pause", "acme", "--yes")
    assert terminal.data("endpoints", "show", "acme")["state"] == "paused"
    convoy_send(project, id_, 2)
    (first, second) = terminal.data("messages", "list", "-f", "status:discarded")
    refused = terminal.data("messages", "replay", first["id"], code=1)
    assert "resume it first" in refused[0]["detail"]
    terminal.run("endpoints", "resume", "acme")
    terminal.run("endpoints", "resume", "acme")
    terminal.run("messages", "replay", first["id"], second["id"], "--yes")
    project.advance("PT1M")
    assert {row["state"] for row in terminal.data("messages", "list")} == {"delivered"}


def test_verbs_it_lacks_are_skipped_with_the_reason(terminal: Terminal, connect: Connect) -> None:
    project = connect("convoy")
    convoy_send(project, convoy_endpoint(project, "acme"))
    (row,) = terminal.data("messages", "list")
    (told,) = terminal.data("messages", "retry-now", row["id"], code=1)
    assert told["result"] == "skipped"
    assert "provider" in told["detail"]


# --- bad input -----------------------------------------------------------------------------------------


def test_a_wrong_key(terminal: Terminal, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    connect()
    monkeypatch.setenv("THE_KEY", "hb_test_wrong")
    done = terminal.run("endpoints", "list", code=4)
    assert "refused the key" in done.stderr
    assert "hb_test_wrong" not in done.output


def test_a_missing_key(terminal: Terminal, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    connect()
    monkeypatch.delenv("THE_KEY")
    assert "THE_KEY is not set" in terminal.run("messages", "list", code=4).stderr


def test_an_unknown_host(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K", "x")
    terminal.run(
        "context", "add", "dead", "--provider", "hookbridge", "--url", "http://127.0.0.1:9", "--key-env", "K"
    )
    assert "no connection to 127.0.0.1:9" in terminal.run("endpoints", "list", code=5).stderr


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ({"html": True}, 5, "HTML page"),
        ({"html": True, "patch_status": 200}, 1, "HTML page"),
        ({"truncate": True}, 5, "without sending complete message body"),
        ({"malformed": True}, 1, "not the JSON"),
        ({"patch": [{"pointer": "/data", "value": 7}]}, 1, "body.data"),
        ({"drop": "before"}, 5, "no answer"),
        ({"status": 503, "code": "DOWN"}, 5, "HTTP 503"),
        ({"status": 429, "code": "RATE_LIMITED", "retry_after": 9}, 1, "RATE_LIMITED"),
    ],
)
def test_an_answer_that_is_none(
    terminal: Terminal, connect: Connect, fault: dict[str, Any], code: int, words: str
) -> None:
    project = connect()
    project.faults({"match": {"path": "/v1/*"}, **fault})
    assert words in terminal.run("endpoints", "list", code=code).stderr


def test_an_endpoint_paused_from_elsewhere_meanwhile(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    outbound(project, "a")
    project.faults({"match": {"operation": "pauseEndpoint"}, "status": 409, "code": "ALREADY_PAUSED"})
    (row,) = terminal.data("endpoints", "pause", "a")
    assert (row["result"], row["detail"]) == ("accepted", "was already paused")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_to_a_replay_never_sends_twice(terminal: Terminal, connect: Connect, when: str) -> None:
    project = connect()
    (id_,) = send(project, outbound(project, "a", {"status": 401, "times": 1}, {"status": 200}), 1)
    project.faults({"match": {"operation": "replayFromDLQ"}, "drop": when, "times": 1})
    (row,) = terminal.data("messages", "replay", id_, code=0 if when == "after" else 1)
    assert row["result"] == ("accepted" if when == "after" else "unknown")
    project.drain()
    assert project.truth(id_)["answered_2xx"] == (1 if when == "after" else 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["messages", "list", "-f", "stauts:dead"], "did you mean status:"),
        (["endpoints", "list", "-f", "code:500"], "about messages"),
        (["endpoints", "pause"], "name endpoints"),
        (["messages", "replay", "x", "-f", "y"], "one of the two"),
        (["messages", "list", "-c", "nobody"], "no context is called"),
        (["endpoints", "show"], "Missing argument"),
        (["messages", "replay", "--ids-from", "/no/such/file"], "ids-from"),
    ],
)
def test_usage_errors_are_two(terminal: Terminal, connect: Connect, arguments: list[str], words: str) -> None:
    connect()
    assert words in terminal.run(*arguments, code=2).stderr


@pytest.mark.parametrize(
    "arguments", [["endpoints", "show", "x"], ["messages", "show", "x"], ["messages", "attempts", "x"]]
)
def test_what_does_not_exist(terminal: Terminal, connect: Connect, arguments: list[str]) -> None:
    connect()
    assert "no " in terminal.run(*arguments, code=1).stderr


# --- contexts ------------------------------------------------------------------------------------------


def test_a_context_from_its_making_to_its_end(terminal: Terminal, connect: Connect) -> None:
    project = connect()
    add = ["context", "add", "second", "--provider", "hookbridge", "--url", project.facts["base_url"]]
    assert "where the key comes from" in terminal.run(*add, code=2).stderr
    terminal.run(*add, "--key-env", "THE_KEY")
    assert "exists" in terminal.run(*add, "--key-env", "THE_KEY", code=2).stderr
    terminal.run("context", "use", "second")
    rows = terminal.data("context", "list")
    assert [(row["name"], row["current"]) for row in rows] == [("it", ""), ("second", "*")]
    assert terminal.data("context", "test")["context"] == "second"
    terminal.run("context", "remove", "second")
    assert [context.name for context in load().contexts] == ["it"]
    assert project.api_key not in terminal.config.read_text()


def test_a_context_that_does_not_answer_fails_its_test(
    terminal: Terminal, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect()
    monkeypatch.setenv("THE_KEY", "hb_test_wrong")
    terminal.run("context", "test", code=4)


def test_a_broken_configuration_names_file_and_line(terminal: Terminal) -> None:
    terminal.config.parent.mkdir(parents=True)
    terminal.config.write_text("contexts:\n  a: 3\n")
    assert f"{terminal.config}:2: contexts.a" in terminal.run("endpoints", "list", code=2).stderr


def test_unknown_keys_warn_and_go_on(terminal: Terminal, connect: Connect) -> None:
    connect()
    terminal.config.write_text(terminal.config.read_text() + "colour: red\n")
    assert "unknown key 'colour'" in terminal.run("endpoints", "list").stderr


def test_the_first_run_without_a_terminal_says_what_to_do(terminal: Terminal) -> None:
    assert "hooktop demo" in terminal.run(code=2).stderr


def test_the_console_without_a_terminal_is_a_usage_error(terminal: Terminal, connect: Connect) -> None:
    connect()
    assert "needs a terminal" in terminal.run("console", code=2).stderr


def test_a_list_imports_no_textual(terminal: Terminal, connect: Connect) -> None:
    connect()
    script = (
        "import sys\nfrom hooktop.command import main\n"
        "try: main(['endpoints', 'list', '-o', 'json'])\n"
        "except SystemExit: pass\n"
        "print('textual' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    assert (json.loads(done.stdout), done.stderr.strip()) == ([], "False")


def test_names_complete_from_the_api(terminal: Terminal, connect: Connect) -> None:
    outbound(connect(), "billing-eu")
    env = {
        "_HOOKTOP_COMPLETE": "bash_complete",
        "COMP_WORDS": "hooktop endpoints pause bil",
        "COMP_CWORD": "3",
    }
    script = "from hooktop.command import main; main(prog_name='hooktop')"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, **env}, check=True
    )
    assert done.stdout.strip() == "plain,billing-eu"


def test_a_status_nobody_has_is_pointed_out(terminal: Terminal, connect: Connect) -> None:
    connect("hookbridge")
    ended = terminal.run("messages", "list", "-f", "status:ded")
    assert "no message has the status ded; the states are waiting, sending" in ended.stderr


def test_a_pause_that_discards_is_asked_about_and_nothing_is_sent_without_an_answer(
    terminal: Terminal, connect: Connect
) -> None:
    project = connect("convoy")
    convoy_endpoint(project, "acme")
    ended = terminal.run("endpoints", "pause", "acme", code=2)
    assert "give --yes" in ended.stderr
    assert terminal.data("endpoints", "show", "acme")["state"] == "active"

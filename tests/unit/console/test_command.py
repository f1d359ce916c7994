"""The root command, output for programs and people, and what a command may import."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import EntryPoint

import click
import pytest
import yaml
from click.testing import CliRunner

from hooktop import command
from hooktop.console.cli import output
from hooktop.console.cli.errors import Failure, code_of
from hooktop.console.cli.inert import formula_safe, inert, inert_json
from hooktop.console.providers.base import AnswerLost, AuthFailed, NotFound, Refused, Unreachable

HOSTILE = "a\x1b[31mred\x07\u202egnp.exe\u2066\x9b1m\r\nb\u200b"


def test_hostile_text_is_inert_at_a_terminal() -> None:
    shown = inert(HOSTILE)
    assert shown == "a\\x1b[31mred\\x07\\u{202e}gnp.exe\\u{2066}\\x9b1m\\r\\nb\\u{200b}"
    assert shown.isprintable()
    assert inert("grün ☂ 日本") == "grün ☂ 日本"


def test_hostile_text_in_json_is_escaped_and_still_the_same_text() -> None:
    text = inert_json(json.dumps({"a": HOSTILE + "\U000e0041"}, ensure_ascii=False))
    assert text.isprintable()
    assert json.loads(text) == {"a": HOSTILE + "\U000e0041"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_cell_is_no_formula(text: str) -> None:
    assert formula_safe(text).startswith("'")
    assert formula_safe("a=1") == "a=1"


ROWS = [
    {
        "id": "m1",
        "state": "dead",
        "error": "=cmd()\x1b[2J",
        "n": -3,
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "x": None,
    },
    {"id": "m2", "state": "held", "error": "", "n": 4, "at": None, "x": {"a": [1]}},
]


@pytest.mark.parametrize("format_", ["json", "jsonl", "yaml", "csv", "table"])
def test_every_format_carries_every_row(format_: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.emit_rows(ROWS, format_, ("id", "state", "error"))
    text = capsys.readouterr().out
    assert "\x1b" not in text
    if format_ == "json":
        assert json.loads(text)[0] == {**ROWS[0], "at": "2026-01-02T00:00:00.000Z"}
    elif format_ == "jsonl":
        assert [json.loads(line)["id"] for line in text.splitlines()] == ["m1", "m2"]
    elif format_ == "yaml":
        assert yaml.safe_load(text)[1]["x"] == {"a": [1]}
    elif format_ == "csv":
        first, _ = csv.DictReader(io.StringIO(text))
        assert (first["error"], first["n"]) == ("'=cmd()\\x1b[2J", "-3")
    else:
        assert text.splitlines()[0].split() == ["ID", "STATE", "ERROR"]


def test_without_a_terminal_it_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit_one({"a": 1}, None)
    assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_an_empty_list_is_still_data(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit_rows([], "json", ("id",))
    output.emit_rows([], "csv", ("id",))
    assert capsys.readouterr().out == "[]\nid\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AuthFailed("x"), 4),
        (Unreachable("x"), 5),
        (AnswerLost("x"), 5),
        (Refused("x"), 1),
        (NotFound("x"), 1),
    ],
)
def test_exit_codes_of_provider_errors(error: Exception, code: int) -> None:
    assert code_of(error) == code  # type: ignore[arg-type]


def test_a_failure_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    Failure("no\x1b[2J\nfilter", 2).show()
    assert capsys.readouterr().err == "Error: no\\x1b[2J\nfilter\n"


def point(value: str) -> EntryPoint:
    return EntryPoint(name="broken", value=value, group=command.GROUP)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("hooktop.nowhere:x", "No module named"),
        ("hooktop.command:nothing", "nothing"),
        ("hooktop.command:GROUP", "is no command"),
    ],
)
def test_a_broken_command_reports_itself_and_leaves_the_others_alone(
    value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_points", lambda: {"broken": point(value)})
    runner = CliRunner()
    told = runner.invoke(command.main, ["broken", "--anything", "x"])
    assert told.exit_code == 1
    assert reason in told.output
    assert "Traceback" not in told.output
    listed = runner.invoke(command.main, ["--help"])
    assert (listed.exit_code, "broken" in listed.output) == (0, True)


def test_bare_hooktop_is_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command("console")
    def console() -> None:
        click.echo("the console")

    group = click.Context(command.main).command
    assert isinstance(group, command.Programs)
    monkeypatch.setattr(command, "_points", dict)
    monkeypatch.setitem(group.commands, "console", console)
    assert CliRunner().invoke(command.main, []).output == "the console\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    told = CliRunner().invoke(command.main, ["completion", shell])
    assert told.exit_code == 0
    assert command.COMPLETE_VARIABLE in told.output


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(command.main, ["endpionts"]).exit_code == 2


@pytest.mark.parametrize("program", ["endpoints", "messages", "context", "demo", "console"])
def test_no_command_imports_textual_or_another_program_to_be_looked_at(program: str) -> None:
    script = (
        "import sys; sys.argv=['hooktop', sys.argv[1], '--help']\n"
        "from hooktop.command import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "bad=[n for n in sys.modules if n.split('.')[0] in ('textual','flask','cheroot')"
        " or n.startswith(('hooktop.mockserver','hooktop.openapi','hooktop.console.app'))]\n"
        "print('BAD', bad)"
    )
    done = subprocess.run([sys.executable, "-c", script, program], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("BAD []")

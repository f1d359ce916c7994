"""The README promises only what is there: its commands, its flags, its pictures and its links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from hooktop.command import main

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    joined = README.replace("\\\n", " ")
    found = re.findall(r"^\$ (hooktop[^#\n]*)", joined, re.MULTILINE)
    return [line.split(" > ")[0].strip() for line in found]


def test_there_are_commands_to_check() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize("line", commands())
def test_every_command_and_flag_of_the_readme_exists(line: str) -> None:
    command: click.Command = main
    context = click.Context(main, info_name="hooktop")
    words = shlex.split(line)[1:]
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        found = command.get_command(context, words.pop(0))
        assert found is not None, line
        command = found
    known = {
        flag
        for parameter in command.get_params(context)
        for flag in parameter.opts + parameter.secondary_opts
    }
    flags = {word.split("=")[0] for word in words if word.startswith("-")}
    assert flags <= known, f"{line}: no such flag: {flags - known}"


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_picture_and_link_of_the_readme_exists(target: str) -> None:
    assert (ROOT / target).is_file()


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make ([a-z]+)\b", README):
        if target not in {"sure"}:
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target

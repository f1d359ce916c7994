"""Commands on contexts of the real server: configuration and state in a folder of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hooktop.command import main
from hooktop.console.settings import Context, KeySource, Lab, Settings, save


@dataclass
class Terminal:
    """Runs commands and keeps their parts apart."""

    config: Path

    def run(self, *arguments: str, code: int = 0, text: str | None = None) -> Result:
        done = CliRunner().invoke(main, list(arguments), input=text)
        assert "Traceback" not in done.output
        assert done.exit_code == code, f"exit code {done.exit_code}: {done.output}"
        return done

    def data(self, *arguments: str, code: int = 0) -> Any:
        """What a command prints for programs."""
        return json.loads(self.run(*arguments, "-o", "json", code=code).stdout)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A user with an empty configuration."""
    config = tmp_path / "config" / "config.yaml"
    monkeypatch.setenv("HOOKTOP_CONFIG", str(config))
    monkeypatch.setenv("HOOKTOP_STATE", str(tmp_path / "state"))
    return Terminal(config)


@pytest.fixture
def connect(
    terminal: Terminal, new_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Make a project and a context for it; returns the project's client."""

    def made(api: str = "hookbridge", **changes: Any) -> Any:
        project = new_project(api)
        monkeypatch.setenv("THE_KEY", project.api_key)
        context = Context(
            name="it",
            provider=api,
            url=project.facts["base_url"],
            key=KeySource(env="THE_KEY"),
            lab=Lab(url=project.url, project_id=project.id),
            budget_per_minute=10_000,
            **changes,
        )
        save(Settings().with_context(context), terminal.config)
        return project

    return made

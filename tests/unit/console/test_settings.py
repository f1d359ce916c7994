"""The configuration: what it takes, what it warns of, what it refuses with file, line and field."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from hooktop.console.settings import (
    Context,
    KeyMissing,
    KeySource,
    Lab,
    Safety,
    Secret,
    Settings,
    SettingsError,
    config_path,
    load,
    save,
)
from hooktop.console.settings.file import parse

GOOD = """\
current: prod
contexts:
  prod:
    provider: hookbridge
    url: https://api.hooks.example/
    key: {env: PROD_KEY}
    safety: production
    budget_per_minute: 50
  lab:
    provider: convoy
    url: http://127.0.0.1:4100/api
    key: {command: "pass show lab"}
    read_only: true
    lab: {url: "http://127.0.0.1:4100", project_id: p1, admin: {env: ADMIN}}
thresholds: {canary_above: 10, rate_per_s: 2.5}
keymap: {place.triage: f1}
"""


def test_a_whole_file() -> None:
    settings = parse(GOOD, Path("c.yaml"))
    prod, lab = settings.contexts
    assert settings.context() is prod
    assert (prod.url, prod.safety, prod.budget_per_minute) == (
        "https://api.hooks.example",
        Safety.PRODUCTION,
        50,
    )
    assert lab.is_read_only
    assert lab.lab == Lab(url="http://127.0.0.1:4100", project_id="p1", admin=KeySource(env="ADMIN"))
    assert (settings.thresholds.canary_above, settings.thresholds.rate_per_s) == (10, 2.5)
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("contexts: [", r"c\.yaml:1: this is not YAML"),
        ("- a", r"c\.yaml:1: the file: must be a mapping"),
        ("contexts:\n  a: 3", r"c\.yaml:2: contexts\.a: must be a mapping"),
        ("contexts:\n  a:\n    url: https://x\n    key: {env: K}", r"contexts\.a: 'provider' is missing"),
        (
            "contexts:\n  a:\n    provider: svix\n    url: https://x\n    key: {env: K}",
            r"c\.yaml:3: .*one of hookbridge",
        ),
        (
            "contexts:\n  a:\n    provider: convoy\n    url: x\n    key: {env: K}",
            r"c\.yaml:4: contexts\.a\.url: must be a URL",
        ),
        (
            "contexts:\n  a:\n    provider: convoy\n    url: https://x\n    key: hb_live_x",
            r"does not belong in this file",
        ),
        ("contexts:\n  a:\n    provider: convoy\n    url: https://x\n    key: {}", r"exactly one of env"),
        ("current: b", r"c\.yaml:1: current: no context is called 'b'"),
        ("thresholds: {canary_size: many}", r"thresholds\.canary_size: must be a number"),
        ("thresholds: {canary_size: 1.5}", r"must be a whole number"),
        ("thresholds: {canary_size: -1}", r"at least 0"),
    ],
)
def test_errors_name_file_line_and_field(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse(text, Path("c.yaml"))


def test_unknown_keys_warn_with_file_and_line_and_are_ignored() -> None:
    settings = parse(
        "colour: red\ncontexts:\n  a:\n    provider: convoy\n    url: https://x\n    keyy: 1\n    key: {env: K}\n",
        Path("c.yaml"),
    )
    assert sorted(warning.split(": ")[0] for warning in settings.warnings) == ["c.yaml:1", "c.yaml:6"]
    assert settings.contexts[0].name == "a"


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_is_empty_settings(text: str) -> None:
    assert parse(text, Path("c.yaml")).contexts == ()


def test_a_missing_file_is_empty_settings(tmp_path: Path) -> None:
    assert load(tmp_path / "none.yaml").contexts == ()


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    settings = parse(GOOD, tmp_path / "deep" / "c.yaml")
    path = save(settings)
    assert load(path) == settings
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_in_memory_is_never_saved(tmp_path: Path) -> None:
    context = Context(
        name="demo", provider="convoy", url="http://x", key=KeySource(memory=Secret("tops3cret"))
    )
    path = save(Settings().with_context(context), tmp_path / "c.yaml")
    assert "tops3cret" not in path.read_text()
    assert "demo" not in path.read_text().split("contexts", 1)[1]
    assert "tops3cret" not in repr(context)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (KeySource(env="NO_SUCH"), "NO_SUCH is not set"),
        (KeySource(command="no-such-program-here x"), "could not be run"),
        (KeySource(command=f"{sys.executable} -c 'raise SystemExit(3)'"), "exit code 3"),
        (KeySource(command=f"{sys.executable} -c ''"), "printed nothing"),
        (KeySource(), "names no key"),
    ],
)
def test_a_missing_key_says_what_to_do(source: KeySource, message: str) -> None:
    with pytest.raises(KeyMissing, match=message):
        source.resolve({})


def test_keys_from_the_environment_and_from_a_command() -> None:
    assert KeySource(env="K").resolve({"K": " abc \n"}).reveal() == "abc"
    assert KeySource(command=f"{sys.executable} -c 'print(\"xyz\")'").resolve({}).reveal() == "xyz"


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("tops3cret")
    assert "tops3cret" not in f"{secret} {secret!r} {[secret]}"


def test_the_file_can_be_elsewhere() -> None:
    assert config_path({"HOOKTOP_CONFIG": "/a/b.yaml"}) == Path("/a/b.yaml")


@pytest.mark.parametrize(
    ("settings", "name", "message"),
    [
        (Settings(), "", "no context yet"),
        (parse(GOOD, Path("c")), "stage", "no context is called 'stage' .*prod, lab"),
        (Settings(contexts=parse(GOOD, Path("c")).contexts), "", "no context is chosen"),
    ],
)
def test_a_context_that_is_not_there(settings: Settings, name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        settings.context(name)


def test_removing_the_current_context_leaves_another_current() -> None:
    settings = parse(GOOD, Path("c")).without_context("prod")
    assert (settings.current, len(settings.contexts)) == ("lab", 1)

"""What the import contracts cannot see: words that may not leak, clocks that may not be read, files that must travel."""

from __future__ import annotations

import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "hooktop"

DIALECT_FREE = [
    "mockserver/delivery",
    "mockserver/engine",
    "console/model.py",
    "console/operations",
    "console/stores",
    "console/widgets",
    "console/screens",
    "console/app.py",
]
DIALECT_WORDS = re.compile(r"hookbridge|convoy", re.IGNORECASE)


def python_files(place: str) -> list[Path]:
    path = SOURCE / place
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@pytest.mark.parametrize("place", DIALECT_FREE)
def test_no_word_of_a_dialect_leaks(place: str) -> None:
    files = python_files(place)
    assert files, f"{place} has no Python files: is the list of this test out of date?"
    leaks = [
        f"{path.relative_to(SOURCE)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if DIALECT_WORDS.search(line)
    ]
    assert leaks == []


HEADLESS = [
    "hooktop.console.model",
    "hooktop.console.settings",
    "hooktop.console.providers",
    "hooktop.console.operations.actions",
    "hooktop.console.operations.watch",
    "hooktop.console.operations.drill",
    "hooktop.console.stores.filter",
    "hooktop.console.cli.messages",
    "hooktop.console.cli.endpoints",
    "hooktop.console.cli.context",
    "hooktop.console.cli.demo",
    "hooktop.command",
    "hooktop.mockserver.cli",
    "hooktop.openapi.cli",
]


@pytest.mark.parametrize("module", HEADLESS)
def test_headless_modules_stay_headless_at_run_time(module: str) -> None:
    code = f"import sys, {module}; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def comments_and_strings_removed(path: Path) -> str:
    kept = []
    with path.open("rb") as stream:
        for token in tokenize.tokenize(stream.readline):
            if token.type not in {tokenize.COMMENT, tokenize.STRING}:
                kept.append(token.string)
    return " ".join(kept)


def test_only_the_clock_modules_read_the_wall_clock() -> None:
    allowed = {SOURCE / "mockserver/engine/clock.py", SOURCE / "console/clock.py"}
    reads = re.compile(r"\btime \. time(_ns)?\b|\bdatetime \. (now|utcnow|today)\b|\btime \. sleep\b")
    offenders = [
        str(path.relative_to(SOURCE))
        for path in sorted(SOURCE.rglob("*.py"))
        if path not in allowed and reads.search(comments_and_strings_removed(path))
    ]
    assert offenders == []


def test_no_address_of_a_package_index_and_no_path_of_a_machine() -> None:
    index = re.compile(r"(--(extra-)?index-url|find-links|pypi\.org|files\.pythonhosted)")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    offenders = []
    for name in listed:
        path = ROOT / name
        if path == Path(__file__) or name == "Makefile" or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if index.search(text):
            offenders.append(name)
    assert offenders == []
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert lock.count("--hash=sha256:") >= lock.count("==")

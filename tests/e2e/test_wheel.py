"""The built wheel, alone in an empty environment, plays the whole demo: code, documents and worlds travel together."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("hooktop-*.whl")
    return built


def test_the_data_travels_and_nothing_else_lands_beside_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"hooktop"}
    for needed in (
        "hooktop/openapi/hookbridge.yaml",
        "hooktop/openapi/convoy.yaml",
        "hooktop/openapi/mock.yaml",
        "hooktop/fixtures/scenarios/outage.yaml",
        "hooktop/fixtures/scenarios/quiet.yaml",
        "hooktop/py.typed",
    ):
        assert needed in names


@pytest.mark.wheel
@pytest.mark.timeout(300)
def test_the_wheel_alone_plays_the_headless_demo(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "env"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    # The locked versions with their hashes, then the wheel alone: the same way a user's pip would resolve it.
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    runtime = runtime_requirements(tmp_path)
    subprocess.run([*install, "--require-hashes", "-r", str(runtime)], check=True)
    subprocess.run([*install, "--no-deps", str(wheel)], check=True)
    environment = {
        "PATH": f"{home / 'bin'}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
    played = subprocess.run(
        [str(home / "bin" / "hooktop"), "demo", "--headless"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert "lost 0" in played.stdout.lower().replace("  ", " ")
    assert "Traceback" not in played.stderr


def runtime_requirements(folder: Path) -> Path:
    """The lock without the development group: only what the wheel itself asks for, and what that needs."""
    from importlib.metadata import distribution, requires

    wanted: set[str] = set()
    queue = ["hooktop"]
    while queue:
        for line in requires(queue.pop()) or []:
            requirement, _, marker = line.partition(";")
            if "extra" in marker or "python_version" in marker and "<" in marker:
                continue
            name = "".join(c if c.isalnum() or c in "-_." else " " for c in requirement).split()[0]
            name = name.lower().replace("_", "-").replace(".", "-")
            if name in wanted or not installed(name):
                continue
            wanted.add(name)
            queue.append(distribution(name).name)
    blocks = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace(" \\\n", " ").splitlines()
    kept = [
        b for b in blocks if b.split("==")[0].strip().lower().replace("_", "-").replace(".", "-") in wanted
    ]
    assert {b.split("==")[0].lower().replace("_", "-").replace(".", "-") for b in kept} == wanted
    path = folder / "runtime.lock"
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return path


def installed(name: str) -> bool:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True

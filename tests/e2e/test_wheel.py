"""The built wheel, alone in an empty environment, plays the whole demo: code, documents and worlds travel together."""

from __future__ import annotations

import json
import os
import re
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
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-c", str(constraints(tmp_path)), str(wheel)], check=True, capture_output=True)
    environment = {
        "PATH": f"{home / 'bin'}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
    played = subprocess.run(
        [str(home / "bin" / "hooktop"), "demo", "--headless", "-o", "json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    (card,) = [json.loads(played.stdout)]
    assert (card["lost"], card["duplicated"], card["balanced"]) == (0, 0, True)
    assert card["accepted"] == card["delivered"] + sum(card["refused"].values())
    assert "Traceback" not in played.stderr


def constraints(folder: Path) -> Path:
    """The locked versions as constraints: the wheel asks for what it needs, the lock says which."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    path = folder / "constraints.txt"
    path.write_text(
        "\n".join(re.findall(r"^[\w.\-]+==[^\s\\]+", lock, re.MULTILINE)) + "\n", encoding="utf-8"
    )
    return path

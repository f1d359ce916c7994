"""The generated pages are those that the code would write now."""

from __future__ import annotations

from pathlib import Path

from documentation import fidelity

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_disputed_behaviour_is_current() -> None:
    assert (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8") == fidelity(), "run make docs"

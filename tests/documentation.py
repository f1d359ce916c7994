"""Writes the generated pages of ``docs/``: ``python -m tests.documentation docs``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hooktop.mockserver.convoy.profile import PROFILE as CONVOY
from hooktop.mockserver.hookbridge.profile import PROFILE as HOOKBRIDGE

INTRODUCTION = """\
# Fidelity: where the sources disagree

Written by `make docs` from the code; do not edit it here.

The reference server follows the newest documentation of HookBridge and the real behaviour of Convoy's server. Where
sources contradict each other, the other reading is a named switch of the project:

```
POST /_mock/v1/projects  {"api": "hookbridge", "profile": {"unknown_endpoint_on_send": "404"}}
```

The first reading of each switch is the default.
"""


def fidelity() -> str:
    """The page of all switches, both dialects."""
    parts = [INTRODUCTION]
    for title, profile in (("HookBridge", HOOKBRIDGE), ("Convoy", CONVOY)):
        parts.append(f"\n## {title}\n\n| switch | reading | because | what a client notices | source |")
        parts.append("| --- | --- | --- | --- | --- |")
        parts.extend(rows(profile))
    return "\n".join(parts) + "\n"


def rows(profile: Mapping[str, Any]) -> list[str]:
    """One row a reading; what all readings of a switch share stands in its first row."""
    made = []
    for name, switch in profile.items():
        for number, (value, meaning) in enumerate(switch.readings.items()):
            first = number == 0
            cells = [
                f"`{name}`" if first else "",
                f"`{value}`" + (" (default)" if first else ""),
                meaning,
                switch.changes if first else "",
                switch.source if first else "",
            ]
            made.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return made


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fidelity.md").write_text(fidelity(), encoding="utf-8")


if __name__ == "__main__":
    main()

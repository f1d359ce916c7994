"""What is left of an error that nobody expected: a file with the places it passed, without any data."""

from __future__ import annotations

import os
import re
import traceback
from datetime import datetime
from pathlib import Path

from hooktop import __version__

_TOKEN = re.compile(r"[A-Za-z0-9_\-+/=.]{20,}")


def redacted(text: str) -> str:
    """A message without what may be a key, an id or a payload."""
    return _TOKEN.sub("‹redacted›", text)[:300]


def report(error: BaseException) -> str:
    """Type, message and frames of an error and its causes; no local variables, no source lines."""
    lines = [f"hooktop {__version__}"]
    seen: BaseException | None = error
    while seen is not None:
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}: {redacted(str(seen))}")
        frames = traceback.extract_tb(seen.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(lines) + "\n"


def write(error: BaseException, folder: Path, now: datetime) -> Path | None:
    """Write the report for its owner only; ``None`` when that cannot be done."""
    path = folder / f"crash-{now:%Y%m%dT%H%M%S}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(report(error))
    except OSError:
        return None
    return path

"""The terminal's clipboard by OSC 52, also from inside tmux and screen; pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping

LIMIT = 74_000
"""Bytes before encoding: several terminals ignore longer sequences."""


def sequence(text: str, environ: Mapping[str, str]) -> str:
    """The bytes to write so that the terminal takes ``text``; a multiplexer must pass them on."""
    code = base64.b64encode(text.encode(errors="replace")[:LIMIT]).decode()
    plain = f"\x1b]52;c;{code}\a"
    if environ.get("TMUX"):
        return "\x1bPtmux;" + plain.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environ.get("TERM", "").startswith("screen") and environ.get("STY"):
        # screen passes on at most 768 bytes at a time.
        pieces = [plain[at : at + 700] for at in range(0, len(plain), 700)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain

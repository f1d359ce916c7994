"""Where API keys come from, and a value that hides them."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

KEYRING_SERVICE = "hooktop"
COMMAND_TIMEOUT_S = 20


class SettingsError(Exception):
    """The configuration cannot be used; the message names the file, the line and the field."""


class KeyMissing(SettingsError):
    """The place where the key should come from does not give one."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that shows itself to nobody: not in a repr, a log or a traceback."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySource:
    """Where an API key comes from: exactly one of these is set."""

    env: str = ""
    command: str = ""
    """Run without a shell; its standard output, stripped, is the key."""
    keyring: str = ""
    memory: Secret | None = None
    """Known to this process only (the demo); never written to the file."""

    def resolve(self, environ: Mapping[str, str] = os.environ) -> Secret:
        """Fetch the key. Raises ``KeyMissing`` saying what to do."""
        if self.memory is not None:
            return self.memory
        if self.env:
            return _from_environment(self.env, environ)
        if self.command:
            return _from_command(self.command)
        if self.keyring:
            return _from_keyring(self.keyring)
        raise KeyMissing("the context names no key: add `key: {env: NAME}` to it")

    def describe(self) -> str:
        """The source in words, for lists."""
        if self.memory is not None:
            return "this session"
        if self.env:
            return f"${self.env}"
        return f"command {shlex.split(self.command)[0]}" if self.command else f"keyring {self.keyring}"


def _from_environment(name: str, environ: Mapping[str, str]) -> Secret:
    value = environ.get(name, "").strip()
    if not value:
        raise KeyMissing(
            f"the environment variable {name} is not set: export it, or change the context's key"
        )
    return Secret(value)


def _from_command(command: str) -> Secret:
    argv = shlex.split(command)
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KeyMissing(f"the key command {argv[0]!r} could not be run: {type(error).__name__}") from None
    if done.returncode != 0:
        raise KeyMissing(f"the key command {argv[0]!r} ended with exit code {done.returncode}")
    if not done.stdout.strip():
        raise KeyMissing(f"the key command {argv[0]!r} printed nothing")
    return Secret(done.stdout.strip())


def _from_keyring(name: str) -> Secret:
    try:
        keyring = import_module("keyring")
    except ImportError:
        raise KeyMissing("keys in the keyring need the extra: pip install 'hooktop[keyring]'") from None
    value = keyring.get_password(KEYRING_SERVICE, name)
    if not value:
        raise KeyMissing(f"the keyring has no key {name!r} for {KEYRING_SERVICE}")
    return Secret(value)

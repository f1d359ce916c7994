"""Contexts and thresholds: read from and written to one YAML file in the platform's config folder.

A context is a named connection (kubectl's word). The file says where a key comes from, never the key:
``key: {env: NAME}``, ``key: {command: "pass show hooks/prod"}`` or ``key: {keyring: NAME}``.
"""

from hooktop.console.settings.contexts import (
    DEFAULT_BUDGET_PER_MINUTE,
    LAB_BUDGET_PER_MINUTE,
    Context,
    Lab,
    Safety,
    Settings,
    Thresholds,
)
from hooktop.console.settings.file import config_path, load, save, state_path
from hooktop.console.settings.keys import KeyMissing, KeySource, Secret, SettingsError

__all__ = [
    "DEFAULT_BUDGET_PER_MINUTE",
    "LAB_BUDGET_PER_MINUTE",
    "Context",
    "KeyMissing",
    "KeySource",
    "Lab",
    "Safety",
    "Secret",
    "Settings",
    "SettingsError",
    "Thresholds",
    "config_path",
    "load",
    "save",
    "state_path",
]

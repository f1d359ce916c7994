"""``hooktop context``: list, add, use, test, remove."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import click

from hooktop.console.cli import output
from hooktop.console.cli.common import complete_contexts, context_option, format_option, opened, say
from hooktop.console.cli.errors import USAGE, Failure, reported
from hooktop.console.settings import Context, KeySource, Lab, Safety, Settings, load, save

PROVIDERS = ("hookbridge", "convoy")
COLUMNS = ("current", "name", "provider", "url", "safety", "key")


@click.group()
def context() -> None:
    """Manage contexts: named connections to a provider."""


@context.command("list")
@format_option
@reported
def list_(format_: str | None) -> None:
    """List the contexts."""
    settings = _settings()
    output.emit_rows([_row(item, settings.current) for item in settings.contexts], format_, COLUMNS)
    if not settings.contexts:
        say("there is no context yet: `hooktop context add`, or try `hooktop demo`")


def _settings() -> Settings:
    settings = load()
    for warning in settings.warnings:
        say(f"Warning: {warning}")
    return settings


def _row(item: Context, current: str) -> dict[str, Any]:
    return {
        "current": "*" if item.name == current else "",
        "name": item.name,
        "provider": item.provider,
        "url": item.url,
        "send_url": item.send_url or None,
        "safety": item.safety,
        "read_only": item.is_read_only,
        "key": item.key.describe(),
        "budget_per_minute": item.budget_per_minute,
        "lab": item.lab.url if item.lab else None,
    }


@context.command("add")
@click.argument("name")
@click.option("--provider", type=click.Choice(PROVIDERS), required=True)
@click.option("--url", required=True, help="Base URL of the API.")
@click.option("--send-url", default="", help="Base URL for sending, where it differs.")
@click.option("--project", default="", help="Project id in the URL, where the provider has one there.")
@click.option("--key-env", default="", metavar="NAME", help="Environment variable that holds the key.")
@click.option("--key-command", default="", metavar="COMMAND", help="Command that prints the key.")
@click.option("--key-keyring", default="", metavar="NAME", help="Name of the key in the system's keyring.")
@click.option("--safety", type=click.Choice([item.value for item in Safety]), default=Safety.NORMAL.value)
@click.option("--budget", type=click.IntRange(min=1), help="Most requests a minute while watching.")
@click.option("--accent", default="", help="Colour of the frame.")
@click.option("--lab-url", default="", help="Control API of the reference server behind it.")
@click.option("--lab-project", default="", help="Project id there.")
@click.option(
    "--lab-admin-env", default="", metavar="NAME", help="Environment variable with its admin token."
)
@click.option("--replace", is_flag=True, help="Replace a context of the same name.")
@reported
def add(**options: Any) -> None:
    """Add a context; the first one becomes the current one.

    The key itself is never given here: say where it comes from.
    """
    settings = _settings()
    name = options["name"]
    if any(item.name == name for item in settings.contexts) and not options["replace"]:
        raise Failure(f"a context called {name!r} exists: --replace replaces it", USAGE)
    path = save(settings.with_context(_context(options)))
    say(f"context {name} is in {path}; check it with: hooktop context test {name}")


def _context(options: dict[str, Any]) -> Context:
    sources = {
        "env": options["key_env"],
        "command": options["key_command"],
        "keyring": options["key_keyring"],
    }
    if sum(map(bool, sources.values())) != 1:
        raise Failure("say where the key comes from: one of --key-env, --key-command, --key-keyring", USAGE)
    if not options["url"].startswith(("http://", "https://")):
        raise Failure(f"--url must start with https:// or http://, not {options['url']!r}", USAGE)
    if bool(options["lab_url"]) != bool(options["lab_project"]):
        raise Failure("--lab-url and --lab-project belong together", USAGE)
    extra: dict[str, Any] = {}
    if options["budget"]:
        extra["budget_per_minute"] = options["budget"]
    if options["lab_url"]:
        admin = KeySource(env=options["lab_admin_env"]) if options["lab_admin_env"] else None
        extra["lab"] = Lab(url=options["lab_url"].rstrip("/"), project_id=options["lab_project"], admin=admin)
    return Context(
        name=options["name"],
        provider=options["provider"],
        url=options["url"].rstrip("/"),
        send_url=options["send_url"].rstrip("/"),
        project=options["project"],
        key=KeySource(**sources),
        safety=Safety(options["safety"]),
        accent=options["accent"],
        **extra,
    )


@context.command("use")
@click.argument("name", shell_complete=complete_contexts)
@reported
def use(name: str) -> None:
    """Make a context the current one."""
    settings = _settings()
    settings.context(name)
    save(replace(settings, current=name))
    say(f"the current context is {name}")


@context.command("remove")
@click.argument("name", shell_complete=complete_contexts)
@reported
def remove(name: str) -> None:
    """Remove a context."""
    settings = _settings()
    settings.context(name)
    save(settings.without_context(name))
    say(f"context {name} is gone")


@context.command("test")
@click.argument("name", default="", shell_complete=complete_contexts)
@context_option
@format_option
@reported
def test(name: str, context_name: str, format_: str | None) -> None:
    """Make one authenticated call and say what answered."""

    async def work() -> dict[str, Any]:
        async with opened(name or context_name) as open_:
            started = time.perf_counter()
            identity = await open_.provider.check()
            latency = (time.perf_counter() - started) * 1000
            return {
                "context": open_.context.name,
                "provider": open_.provider.name,
                "host": open_.context.host,
                "identity": identity,
                "latency_ms": round(latency, 1),
                "server_time": open_.provider.server_time,
                "read_only": open_.context.is_read_only,
            }

    output.emit_one(asyncio.run(work()), format_)

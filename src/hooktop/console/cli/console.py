"""``hooktop console``: the terminal console; on the first run, the offer of the demo."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import click

from hooktop.console.cli.common import complete_contexts, say
from hooktop.console.cli.errors import USAGE, Failure, reported
from hooktop.console.settings import Context, Settings, load


@click.command()
@click.option("-c", "--context", "context_name", default="", shell_complete=complete_contexts)
@click.option("--read-only", is_flag=True, help="Change nothing, whatever the context allows.")
@click.pass_context
@reported
def console(ctx: click.Context, context_name: str = "", read_only: bool = False) -> None:
    """Open the console on a context."""
    settings = load()
    for warning in settings.warnings:
        say(f"Warning: {warning}")
    if not settings.contexts and not context_name:
        _offer_demo(ctx)
        return
    context = settings.context(context_name)
    if not at_terminal():
        raise Failure("the console needs a terminal; for scripts: hooktop endpoints, hooktop messages", USAGE)
    open_console(settings, replace(context, read_only=True) if read_only else context)


def at_terminal() -> bool:
    """Whether a person sits at both ends; the screen is drawn on standard error."""
    return sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()


def open_console(settings: Settings, context: Context) -> None:
    """Run the console until it is left."""
    context.key.resolve()  # a missing key is told before the screen is taken over
    # Textual draws on the beat of this clock: at its default of 60 a key waits 8 ms for the next one.
    os.environ.setdefault("TEXTUAL_FPS", "200")
    from hooktop.console.app import HooktopApp

    HooktopApp(settings, context).run()


def _offer_demo(ctx: click.Context) -> None:
    if not at_terminal():
        raise Failure("there is no context yet: `hooktop context add`, or `hooktop demo --headless`", USAGE)
    from hooktop.console.screens.welcome import WelcomeApp

    if WelcomeApp().run():
        from hooktop.console.cli.demo import demo

        ctx.invoke(demo)
    else:
        say("Connect your own project with: hooktop context add NAME --provider ... --url ... --key-env ...")

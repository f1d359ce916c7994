"""The root command ``hooktop``: finds its programs through entry points, so that none of them imports another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

import click
from click.shell_completion import get_completion_class

from hooktop import __version__

GROUP = "hooktop.commands"
COMPLETE_VARIABLE = "_HOOKTOP_COMPLETE"
HOME = "console"
"""The command that a bare ``hooktop`` means."""


class Programs(click.Group):
    """Commands out of entry points, each imported when it is asked for; a broken one says so itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names only: nothing is imported."""
        return sorted({*super().list_commands(ctx), *_points()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command, imported now."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        point = _points().get(cmd_name)
        return None if point is None else _load(point)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands with their first lines."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                rows.append((name, command.get_short_help_str(limit=70)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _load(point: EntryPoint) -> click.Command:
    """The command of an entry point, or one that reports why there is none."""
    try:
        command = point.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        return _broken(point, f"{type(error).__name__}: {error}")
    if not isinstance(command, click.Command):
        return _broken(point, f"{point.value} is no command")
    return command


def _broken(point: EntryPoint, reason: str) -> click.Command:
    @click.command(
        point.name,
        help=f"(cannot be loaded: {reason})",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
    )
    def report() -> None:
        raise click.ClickException(f"the command {point.name!r} ({point.value}) cannot be loaded: {reason}")

    return report


@click.group(
    cls=Programs, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, "-V", "--version", message="hooktop %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Htop for webhooks: see and repair delivery, test against a reference server, judge any server.

    Without a command: the console on the current context.
    """
    if ctx.invoked_subcommand is not None:
        return
    home = ctx.command.get_command(ctx, HOME) if isinstance(ctx.command, click.Group) else None
    if home is None:
        click.echo(ctx.get_help())
        return
    ctx.invoke(home)


@main.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    bash: eval "$(hooktop completion bash)"; zsh the same; fish: hooktop completion fish | source
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.ClickException(f"there is no completion for {shell}")
    root = ctx.find_root()
    click.echo(made(root.command, {}, "hooktop", COMPLETE_VARIABLE).source())


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the root command as the program ``hooktop``."""
    main.main(list(arguments) if arguments is not None else sys.argv[1:], prog_name="hooktop")

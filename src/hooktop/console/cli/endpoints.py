"""``hooktop endpoints``: list, show, pause, resume."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import click

from hooktop.console.cli import acting, output
from hooktop.console.cli.common import (
    Opened,
    complete_endpoints,
    context_option,
    endpoint_row,
    filter_option,
    format_option,
    kinds_of,
    kinds_option,
    opened,
    parsed,
    run_async,
)
from hooktop.console.cli.errors import USAGE, Failure, reported
from hooktop.console.model import Endpoint, EndpointKind, ItemResult, Result, Verb
from hooktop.console.operations import listing
from hooktop.console.operations.actions import Outcome
from hooktop.console.operations.gentle import run_gently
from hooktop.console.providers.base import NotFound
from hooktop.console.stores.filter import Filter, Subject

COLUMNS = ("name", "kind", "state", "url", "id")


@click.group()
def endpoints() -> None:
    """Look at endpoints, pause and resume them."""


@endpoints.command("list")
@filter_option
@kinds_option
@context_option
@format_option
@reported
def list_(filter_text: str, kind_name: str | None, context_name: str, format_: str | None) -> None:
    """List the endpoints."""
    wanted = parsed(filter_text, Subject.ENDPOINTS)

    async def work() -> list[Endpoint]:
        async with opened(context_name) as open_:
            found = await listing.all_endpoints(open_.provider, kinds_of(open_.provider, kind_name))
            return [endpoint for endpoint in found if wanted.matches_endpoint(endpoint)]

    rows = sorted(asyncio.run(work()), key=lambda endpoint: (endpoint.kind.value, endpoint.name))
    output.emit_rows([endpoint_row(endpoint) for endpoint in rows], format_, COLUMNS)


@endpoints.command("show")
@click.argument("endpoint", shell_complete=complete_endpoints)
@kinds_option
@context_option
@format_option
@reported
def show(endpoint: str, kind_name: str | None, context_name: str, format_: str | None) -> None:
    """Show one endpoint, by id or name."""

    async def work() -> Endpoint:
        async with opened(context_name) as open_:
            kinds = kinds_of(open_.provider, kind_name)
            found = await listing.find_endpoint(open_.provider, endpoint, kinds)
            return await open_.provider.endpoint(found.kind, found.id)

    output.emit_one(endpoint_row(asyncio.run(work())), format_)


def _verb_options(command: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.argument("names", nargs=-1, metavar="ENDPOINT...", shell_complete=complete_endpoints),
        filter_option,
        kinds_option,
        click.option("--dry-run", is_flag=True, help="Print the plan as data and send nothing."),
        click.option("-y", "--yes", is_flag=True, help="Go ahead without asking."),
        click.option("--reason", default="", help="Why, for the journal."),
        context_option,
        format_option,
    ):
        command = option(command)
    return command


@endpoints.command("pause")
@_verb_options
@reported
def pause(
    names: tuple[str, ...],
    filter_text: str,
    kind_name: str | None,
    dry_run: bool,
    yes: bool,
    reason: str,
    context_name: str,
    format_: str | None,
) -> None:
    """Pause endpoints; says what that means for their messages on this provider."""
    _act(Verb.PAUSE, names, filter_text, kind_name, dry_run, yes, reason, context_name, format_)


@endpoints.command("resume")
@_verb_options
@click.option(
    "--gently",
    is_flag=True,
    help="Open to one message a second; the first that arrives opens it fully, a failure pauses it again.",
)
@reported
def resume(
    names: tuple[str, ...],
    filter_text: str,
    kind_name: str | None,
    dry_run: bool,
    yes: bool,
    reason: str,
    context_name: str,
    format_: str | None,
    gently: bool,
) -> None:
    """Resume paused endpoints."""
    _act(
        Verb.RESUME, names, filter_text, kind_name, dry_run, yes, reason, context_name, format_, gently=gently
    )


def _act(
    verb: Verb,
    names: Sequence[str],
    filter_text: str,
    kind_name: str | None,
    dry_run: bool,
    yes: bool,
    reason: str,
    context_name: str,
    format_: str | None,
    *,
    gently: bool = False,
) -> None:
    if bool(names) == bool(filter_text):
        raise Failure("name endpoints, or choose them with --filter (one of the two)", USAGE)
    wanted = parsed(filter_text, Subject.ENDPOINTS)

    async def work(cancel: asyncio.Event) -> tuple[Outcome | None, list[ItemResult]]:
        async with opened(context_name) as open_:
            found, missing = await _targets(open_, names, wanted, kind_name)
            plan = acting.plan_for(open_, verb, found, found, filter_text)
            if dry_run:
                output.emit_one(plan.as_document(), format_)
                return None, []
            acting.show_plan(plan, open_.context.name)
            acting.confirm(plan, yes)
            if gently:
                return await run_gently(plan, open_.provider, journal=open_.journal, reason=reason), missing
            done = await acting.carry_out(
                open_, plan, rate=None, concurrency=None, reason=reason, cancel=cancel
            )
            return done, missing

    (outcome, missing), interrupted = run_async(work)
    if outcome is not None:
        acting.finish(outcome, missing, format_, interrupted)


async def _targets(
    open_: Opened, names: Sequence[str], wanted: Filter, kind_name: str | None
) -> tuple[list[Endpoint], list[ItemResult]]:
    kinds: tuple[EndpointKind, ...] = kinds_of(open_.provider, kind_name)
    everything = await listing.all_endpoints(open_.provider, kinds)
    if not names:
        return [endpoint for endpoint in everything if wanted.matches_endpoint(endpoint)], []
    found: list[Endpoint] = []
    missing: list[ItemResult] = []
    for name in names:
        named = [endpoint for endpoint in everything if name in {endpoint.id, endpoint.name}]
        if len(named) > 1:
            ids = ", ".join(f"{endpoint.id} ({endpoint.kind.value})" for endpoint in named)
            raise Failure(
                f"{len(named)} endpoints are called {name!r}; nothing was sent. Use an id: {ids}", USAGE
            )
        found += named
        if not named:
            detail = f"no endpoint has the id or name {name!r}"
            missing.append(
                ItemResult(id=name, result=Result.REJECTED, code="NOT_FOUND", status=404, detail=detail)
            )
    if not found:
        raise NotFound("; ".join(item.detail for item in missing))
    return found, missing

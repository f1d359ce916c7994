"""``hooktop messages``: list, show, attempts, retry-now, replay, cancel."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from hooktop.console.cli import acting, output
from hooktop.console.cli.common import (
    Opened,
    attempt_row,
    context_option,
    filter_option,
    format_option,
    kinds_of,
    kinds_option,
    message_row,
    opened,
    parsed,
    run_async,
    say,
)
from hooktop.console.cli.errors import USAGE, Failure, reported
from hooktop.console.model import (
    Attempt,
    Endpoint,
    EndpointKind,
    ItemResult,
    Message,
    MessageState,
    Result,
    Verb,
)
from hooktop.console.operations import listing
from hooktop.console.operations.actions import Outcome
from hooktop.console.providers.base import NotFound, Provider
from hooktop.console.stores.filter import Filter
from hooktop.console.stores.filter.language import searchable

COLUMNS = ("id", "endpoint", "state", "state_word", "code", "attempts", "created_at", "last_error")
ATTEMPT_COLUMNS = ("number", "at", "code", "latency_ms", "error", "retry_ladder", "retry_after_s")
LIMIT = 100


@click.group()
def messages() -> None:
    """Look at messages and their attempts, retry and replay them."""


@messages.command("list")
@filter_option
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    default=LIMIT,
    show_default=True,
    help="Most rows, newest first; 0 for all.",
)
@kinds_option
@context_option
@format_option
@reported
def list_(
    filter_text: str, limit: int, kind_name: str | None, context_name: str, format_: str | None
) -> None:
    """List messages, newest first."""
    wanted = parsed(filter_text)

    async def work() -> tuple[list[Message], bool]:
        async with opened(context_name) as open_:
            kinds = kinds_of(open_.provider, kind_name)
            return await _matching(open_, wanted, kinds, limit or None)

    rows, more = asyncio.run(work())
    output.emit_rows([message_row(message) for message in rows], format_, COLUMNS)
    if not rows and wanted.foreign_words:
        ours = ", ".join(MessageState)
        say(f"no message has the status {', '.join(wanted.foreign_words)}; the states are {ours}")
    if more:
        say(f"the newest {len(rows):,}; there are more: --limit 0 lists all")


async def _matching(
    open_: Opened, wanted: Filter, kinds: Sequence[EndpointKind], limit: int | None
) -> tuple[list[Message], bool]:
    """The newest messages that match, and whether more than ``limit`` do."""
    endpoints = await _endpoints_for(open_.provider, wanted, kinds)
    passes, found = wanted.predicate(open_.now()), list[Message]()
    for kind in kinds:
        query = wanted.query(kind, open_.provider.capabilities(kind), endpoints, open_.now())
        taken = 0
        async for message in listing.messages(open_.provider, query):
            if message.deleted_at is None and passes(message, searchable(message)):
                found.append(message)
                taken += 1
            if limit is not None and taken > limit:
                break
    found.sort(key=lambda message: (message.created_at, message.id), reverse=True)
    return (found, False) if limit is None else (found[:limit], len(found) > limit)


async def _endpoints_for(
    provider: Provider, wanted: Filter, kinds: Sequence[EndpointKind]
) -> Sequence[Endpoint]:
    if not any(term.field == "endpoint" for term in wanted.terms):
        return ()
    return await listing.all_endpoints(provider, kinds)


@messages.command("show")
@click.argument("message_id", metavar="ID")
@kinds_option
@context_option
@format_option
@reported
def show(message_id: str, kind_name: str | None, context_name: str, format_: str | None) -> None:
    """Show one message."""

    async def work() -> Message:
        async with opened(context_name) as open_:
            return await find(open_.provider, message_id, kinds_of(open_.provider, kind_name))

    output.emit_one(message_row(asyncio.run(work())), format_)


@messages.command("attempts")
@click.argument("message_id", metavar="ID")
@kinds_option
@context_option
@format_option
@reported
def attempts(message_id: str, kind_name: str | None, context_name: str, format_: str | None) -> None:
    """List the attempts of one message, oldest first."""

    async def work() -> tuple[Attempt, ...]:
        async with opened(context_name) as open_:
            message = await find(open_.provider, message_id, kinds_of(open_.provider, kind_name))
            return await open_.provider.attempts(message.kind, message.id)

    output.emit_rows([attempt_row(attempt) for attempt in asyncio.run(work())], format_, ATTEMPT_COLUMNS)


async def find(provider: Provider, message_id: str, kinds: Sequence[EndpointKind]) -> Message:
    """One message by id, of whichever kind has it. Raises ``NotFound``."""
    for kind in kinds:
        try:
            return await provider.message(kind, message_id)
        except NotFound:
            continue
    raise NotFound(f"there is no message {message_id!r}", status=404)


def _verb_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.argument("ids", nargs=-1, metavar="ID..."),
        filter_option,
        click.option(
            "--ids-from",
            type=click.Path(allow_dash=True, dir_okay=False, path_type=Path),
            help="Read ids, one a line, from a file or - for stdin.",
        ),
        kinds_option,
        click.option("--dry-run", is_flag=True, help="Print the plan as data and send nothing."),
        click.option("-y", "--yes", is_flag=True, help="Go ahead without asking."),
        click.option("--rate", type=click.FloatRange(min=0.01), help="Most calls a second."),
        click.option("--concurrency", type=click.IntRange(1, 50), help="Calls at the same time."),
        click.option("--reason", default="", help="Why, for the journal."),
        context_option,
        format_option,
    ):
        command = option(command)
    return command


@messages.command("retry-now")
@_verb_options
@reported
def retry_now(**options: Any) -> None:
    """Bring the waiting retry of messages forward."""
    _act(Verb.RETRY_NOW, **options)


@messages.command("replay")
@_verb_options
@reported
def replay(**options: Any) -> None:
    """Send finished messages again: dead letters, discarded and, where allowed, delivered ones."""
    _act(Verb.REPLAY, **options)


@messages.command("cancel")
@_verb_options
@reported
def cancel(**options: Any) -> None:
    """Give up the waiting retry of messages."""
    _act(Verb.CANCEL, **options)


def _act(
    verb: Verb,
    *,
    ids: tuple[str, ...],
    filter_text: str,
    ids_from: Path | None,
    kind_name: str | None,
    dry_run: bool,
    yes: bool,
    rate: float | None,
    concurrency: int | None,
    reason: str,
    context_name: str,
    format_: str | None,
) -> None:
    wanted_ids = [*ids, *(_read_ids(ids_from) if ids_from is not None else ())]
    if bool(wanted_ids) == bool(filter_text):
        raise Failure("give message ids, or choose messages with --filter (one of the two)", USAGE)
    wanted = parsed(filter_text)

    async def work(cancel: asyncio.Event) -> tuple[Outcome | None, list[ItemResult]]:
        async with opened(context_name) as open_:
            kinds = kinds_of(open_.provider, kind_name)
            if wanted_ids:
                targets, missing = await _by_id(open_.provider, wanted_ids, kinds)
            else:
                (targets, _), missing = await _matching(open_, wanted, kinds, None), []
            endpoints = await listing.all_endpoints(open_.provider, kinds)
            plan = acting.plan_for(open_, verb, targets, endpoints, filter_text)
            if dry_run:
                output.emit_one(plan.as_document(), format_)
                return None, []
            acting.show_plan(plan, open_.context.name)
            acting.confirm(plan, yes)
            done = await acting.carry_out(
                open_, plan, rate=rate, concurrency=concurrency, reason=reason, cancel=cancel
            )
            return done, missing

    (outcome, missing), interrupted = run_async(work)
    if outcome is not None:
        acting.finish(outcome, missing, format_, interrupted)


def _read_ids(source: Path) -> list[str]:
    try:
        text = sys.stdin.read() if str(source) == "-" else source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"--ids-from {source}: {error}", USAGE) from None
    return [line.strip() for line in text.splitlines() if line.strip()]


async def _by_id(
    provider: Provider, ids: Sequence[str], kinds: Sequence[EndpointKind]
) -> tuple[list[Message], list[ItemResult]]:
    found: list[Message] = []
    missing: list[ItemResult] = []
    for id_ in dict.fromkeys(ids):
        try:
            found.append(await find(provider, id_, kinds))
        except NotFound as error:
            missing.append(
                ItemResult(id=id_, result=Result.REJECTED, code="NOT_FOUND", status=404, detail=error.message)
            )
    if not found:
        raise NotFound("; ".join(item.detail for item in missing[:3]), status=404)
    return found, missing

"""What all commands share: options, the open context, and things as rows."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from hooktop.console.cli import output
from hooktop.console.cli.errors import bad_filter
from hooktop.console.cli.inert import inert
from hooktop.console.clock import utc_now
from hooktop.console.model import Attempt, Endpoint, EndpointKind, Message
from hooktop.console.operations import listing
from hooktop.console.operations.journal import Journal
from hooktop.console.providers import connect, open_lab
from hooktop.console.providers.base import Provider, ProviderError
from hooktop.console.providers.lab import LabClient
from hooktop.console.settings import Context, Settings, SettingsError, load, state_path
from hooktop.console.stores.filter import EVERYTHING, Filter, FilterError, Subject, complete, parse

T = TypeVar("T")
C = TypeVar("C", bound=Callable[..., Any])

COMPLETION_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open context."""

    settings: Settings
    context: Context
    provider: Provider
    lab: LabClient | None
    journal: Journal

    def now(self) -> Any:
        """The provider's clock."""
        return self.provider.server_time or utc_now()


def say(text: str) -> None:
    """A line for people."""
    click.echo(inert(text), err=True)


def format_option(command: C) -> C:
    """``-o``: how the answer is printed."""
    return click.option(
        "-o",
        "--output",
        "format_",
        type=click.Choice(output.FORMATS),
        help="How to print (default: table at a terminal, else json).",
    )(command)


def context_option(command: C) -> C:
    """``--context``: which connection."""
    return click.option(
        "-c",
        "--context",
        "context_name",
        default="",
        metavar="NAME",
        shell_complete=complete_contexts,
        help="The context to use instead of the current one.",
    )(command)


def filter_option(command: C) -> C:
    """``--filter``: which rows."""
    return click.option(
        "-f",
        "--filter",
        "filter_text",
        default="",
        metavar="FILTER",
        shell_complete=complete_filter,
        help="Only what matches, such as 'status:dead code:5xx endpoint:billing-* age:<2h'.",
    )(command)


@asynccontextmanager
async def opened(context_name: str, *, settings: Settings | None = None) -> AsyncIterator[Opened]:
    """Open a context; odd things in the configuration are told once."""
    settings = settings or load()
    for warning in settings.warnings:
        say(f"Warning: {warning}")
    context = settings.context(context_name)
    provider, lab = connect(context), open_lab(context)
    journal = Journal(state_path(), context=context.name)
    try:
        yield Opened(settings=settings, context=context, provider=provider, lab=lab, journal=journal)
    finally:
        await provider.aclose()
        if lab is not None:
            await lab.aclose()


def run_async(work: Callable[[asyncio.Event], Awaitable[T]]) -> tuple[T, bool]:
    """Run ``work``; the first interrupt sets its event, and the second one ends it. Also: was it interrupted."""

    async def main() -> tuple[T, bool]:
        interrupted = asyncio.Event()

        def first() -> None:
            interrupted.set()
            loop.remove_signal_handler(signal.SIGINT)

        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, ValueError):  # no signals off the main thread or on Windows
            loop.add_signal_handler(signal.SIGINT, first)
        return await work(interrupted), interrupted.is_set()

    return asyncio.run(main())


def parsed(text: str, subject: Subject = Subject.MESSAGES) -> Filter:
    """A filter, or a usage error that shows the place."""
    try:
        return parse(text, subject) if text else EVERYTHING
    except FilterError as error:
        raise bad_filter(text, error) from None


def endpoint_row(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as a row."""
    return {
        "name": endpoint.name,
        "id": endpoint.id,
        "kind": endpoint.kind,
        "state": endpoint.state,
        "state_word": endpoint.state_word,
        "url": endpoint.url,
        "description": endpoint.description,
        "rate_limit_rps": endpoint.rate_limit_rps,
        "mode": endpoint.mode or None,
        "created_at": endpoint.created_at,
    }


def message_row(message: Message) -> dict[str, Any]:
    """A message as a row."""
    return {
        "id": message.id,
        "endpoint": message.endpoint_name,
        "endpoint_id": message.endpoint_id,
        "kind": message.kind,
        "state": message.state,
        "state_word": message.state_word,
        "code": message.response_status,
        "attempts": message.attempts,
        "created_at": message.created_at,
        "updated_at": message.updated_at,
        "next_attempt_at": message.next_attempt_at,
        "delivered_at": message.delivered_at,
        "payload_expires_at": message.payload_expires_at,
        "deleted_at": message.deleted_at,
        "latency_ms": message.latency_ms,
        "last_error": message.last_error or None,
        "event_type": message.event_type or None,
        "event_id": message.event_id or None,
        "idempotency_key": message.idempotency_key or None,
        "replays": message.replays,
        "size_bytes": message.size_bytes,
        "content_type": message.content_type or None,
    }


def attempt_row(attempt: Attempt) -> dict[str, Any]:
    """An attempt as a row."""
    return {
        "number": attempt.number,
        "at": attempt.at,
        "code": attempt.response_status,
        "latency_ms": attempt.latency_ms,
        "error": attempt.error or None,
        "retry_ladder": attempt.retry_ladder or None,
        "retry_after_s": attempt.retry_after_s,
        "resolved_ip": attempt.resolved_ip or None,
        "timings_ms": attempt.timings_ms,
        "request_headers": attempt.request_headers,
        "response_headers": attempt.response_headers,
        "response_body": attempt.response_body or None,
        "id": attempt.id,
    }


def complete_contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of contexts."""
    try:
        names = [context.name for context in load().contexts]
    except SettingsError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_endpoints(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of endpoints, asked of the API; nothing when it does not answer at once."""
    return [CompletionItem(name) for name in _endpoint_names(ctx) if name.startswith(incomplete)]


def complete_filter(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The next piece of a filter."""
    names = _endpoint_names(ctx) if "endpoint:" in incomplete else []
    found = complete(incomplete, endpoints=names)
    return [CompletionItem(incomplete[: item.start] + item.text, help=item.help) for item in found]


def _endpoint_names(ctx: click.Context) -> list[str]:
    async def ask() -> Sequence[Endpoint]:
        async with (
            asyncio.timeout(COMPLETION_TIMEOUT_S),
            opened(ctx.params.get("context_name") or "") as open_,
        ):
            return await listing.all_endpoints(open_.provider)

    try:
        return sorted({endpoint.name for endpoint in asyncio.run(ask())})
    except (ProviderError, SettingsError, TimeoutError):
        return []


def kinds_option(command: C) -> C:
    """``--kind``: which direction."""
    return click.option(
        "--kind",
        "kind_name",
        type=click.Choice([kind.value for kind in EndpointKind]),
        help="Only this direction (default: all that the provider has).",
    )(command)


def kinds_of(provider: Provider, kind_name: str | None) -> tuple[EndpointKind, ...]:
    """The kinds a command is about. Raises ``Unsupported`` for one the provider lacks."""
    if kind_name is None:
        return provider.kinds
    provider.capabilities(EndpointKind(kind_name))
    return (EndpointKind(kind_name),)

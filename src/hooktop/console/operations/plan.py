"""A plan: what one verb will do to a frozen set of things, said before anything is sent. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from hooktop.console.model import (
    Capabilities,
    Endpoint,
    EndpointState,
    Message,
    MessageState,
    PauseMeaning,
    Verb,
)
from hooktop.console.operations import meaning
from hooktop.console.providers.base import Provider
from hooktop.console.settings import Safety, Thresholds

Target: TypeAlias = Endpoint | Message

COMMAND_IDS_MAX = 20
"""More ids than this are not spelled out in the printed command."""


class Confirm(StrEnum):
    """How much a plan asks of the operator before it runs."""

    INLINE = "inline"
    """One deliberate key on an inline bar."""
    MODAL = "modal"
    """A dialog with Cancel focused."""
    TYPED = "typed"
    """Type ``Plan.needs_typed``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A target the plan leaves alone, and why."""

    item: Target
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done, to exactly which items, and what that means here."""

    verb: Verb
    items: tuple[Target, ...]
    """The frozen set, oldest first. Nothing else is ever acted on."""
    skipped: tuple[Skip, ...]
    sentences: tuple[str, ...]
    """What will happen on this provider for these kinds of endpoint."""
    warnings: tuple[str, ...]
    frozen_at: datetime
    by_endpoint: tuple[tuple[str, int], ...]
    """Endpoint name and number of items, largest first."""
    confirm: Confirm
    needs_typed: str | None
    """The text to type for ``Confirm.TYPED``: the count, or the endpoint's name."""
    undo: bool
    """The verb has a true opposite (pause and resume)."""
    command: str
    """The same action as a command line."""
    context: str = ""
    filter_text: str = ""
    oldest: datetime | None = None
    newest: datetime | None = None
    canary: int = 0
    """Items sent first; the rest follows only when they went well. 0: no canary."""
    needs_delivery: bool = True
    """The canary must reach its receiver, not only be accepted by the provider."""

    @property
    def skipped_by_reason(self) -> tuple[tuple[str, int], ...]:
        """Reason and number, most frequent first."""
        return tuple(Counter(skip.reason for skip in self.skipped).most_common())

    def as_document(self) -> dict[str, Any]:
        """The plan as plain data, for ``--dry-run`` and the journal."""
        return {
            "action": self.verb.value,
            "context": self.context,
            "filter": self.filter_text,
            "frozen_at": self.frozen_at.isoformat().replace("+00:00", "Z"),
            "count": len(self.items),
            "ids": [item.id for item in self.items],
            "by_endpoint": dict(self.by_endpoint),
            "skipped": [{"id": skip.item.id, "reason": skip.reason} for skip in self.skipped],
            "what_happens": list(self.sentences),
            "warnings": list(self.warnings),
            "canary": self.canary,
            "can_be_undone": self.undo,
            "command": self.command,
        }


def make_plan(
    verb: Verb,
    targets: Iterable[Target],
    provider: Provider,
    now: datetime,
    *,
    endpoints: Mapping[str, Endpoint] | None = None,
    safety: Safety = Safety.NORMAL,
    thresholds: Thresholds | None = None,
    context: str = "",
    filter_text: str = "",
) -> Plan:
    """Freeze the targets into a plan; ``endpoints`` (by id) tells which of them are paused."""
    known, limits = endpoints or {}, thresholds or Thresholds()
    items: list[Target] = []
    skipped: list[Skip] = []
    for target in _unique(targets):
        reason = meaning.why_not(verb, target, provider.capabilities(target.kind), known, now)
        if reason:
            skipped.append(Skip(item=target, reason=reason))
        else:
            items.append(target)
    items.sort(key=_age_key)
    confirm, typed = _confirmation(
        verb,
        items,
        safety,
        limits,
        whole_filter=bool(filter_text),
        loses=verb is Verb.PAUSE and any(_pause_loses(item, provider) for item in items),
    )
    dates = [item.created_at for item in items if item.created_at is not None]
    bulk = verb in {Verb.RETRY_NOW, Verb.REPLAY} and len(items) > limits.canary_above
    return Plan(
        verb=verb,
        items=tuple(items),
        skipped=tuple(skipped),
        sentences=tuple(_sentences(verb, items, provider)),
        warnings=tuple(_warnings(verb, items, provider, known, now)),
        frozen_at=now,
        by_endpoint=tuple(Counter(_endpoint_name(item) for item in items).most_common()),
        confirm=confirm,
        needs_typed=typed,
        undo=verb.acts_on_endpoints,
        command=command_for(verb, items, filter_text, context),
        context=context,
        filter_text=filter_text,
        oldest=min(dates, default=None),
        newest=max(dates, default=None),
        canary=limits.canary_size if bulk else 0,
        needs_delivery=not any(_is_paused(item, known) for item in items),
    )


def command_for(verb: Verb, items: Sequence[Target], filter_text: str, context: str) -> str:
    """The command line that does the same."""
    group = "endpoints" if verb.acts_on_endpoints else "messages"
    words = ["hooktop", group, verb.value]
    if filter_text:
        words += ["--filter", filter_text]
    elif len(items) <= COMMAND_IDS_MAX:
        words += [item.name if isinstance(item, Endpoint) else item.id for item in items]
    else:
        words += ["--ids-from", "-"]
    if context:
        words += ["--context", context]
    return shlex.join(words)


def _unique(targets: Iterable[Target]) -> Iterable[Target]:
    seen: set[str] = set()
    for target in targets:
        if target.id not in seen:
            seen.add(target.id)
            yield target


def _age_key(item: Target) -> tuple[float, str]:
    return (item.created_at.timestamp() if item.created_at else 0.0, item.id)


def _endpoint_name(item: Target) -> str:
    return item.name if isinstance(item, Endpoint) else item.endpoint_name or item.endpoint_id


def _is_paused(item: Target, endpoints: Mapping[str, Endpoint]) -> bool:
    if isinstance(item, Endpoint):
        return False
    endpoint = endpoints.get(item.endpoint_id)
    return endpoint is not None and endpoint.state is EndpointState.PAUSED


def _pause_loses(item: Target, provider: Provider) -> bool:
    """Whether a paused endpoint of this kind keeps new messages from being sent by themselves later."""
    return provider.capabilities(item.kind).pause in {PauseMeaning.DISCARD, PauseMeaning.REJECT}


def _confirmation(
    verb: Verb,
    items: Sequence[Target],
    safety: Safety,
    thresholds: Thresholds,
    *,
    whole_filter: bool,
    loses: bool,
) -> tuple[Confirm, str | None]:
    count = len(items)
    production = safety is Safety.PRODUCTION
    if verb is Verb.PAUSE and production and count == 1:
        return Confirm.TYPED, _endpoint_name(items[0])
    if count >= thresholds.typed_from or (whole_filter and count >= thresholds.modal_from):
        return Confirm.TYPED, str(count)
    if count >= thresholds.modal_from or production or loses:
        return Confirm.MODAL, None
    return Confirm.INLINE, None


def _by_kind(items: Sequence[Target], provider: Provider) -> list[tuple[Capabilities, list[Target]]]:
    kinds = dict.fromkeys(item.kind for item in items)
    return [(provider.capabilities(kind), [item for item in items if item.kind is kind]) for kind in kinds]


def _sentences(verb: Verb, items: Sequence[Target], provider: Provider) -> Iterable[str]:
    for capabilities, group in _by_kind(items, provider):
        yield from meaning.sentences(verb, group[0].kind, capabilities, provider.name)


def _warnings(
    verb: Verb, items: Sequence[Target], provider: Provider, endpoints: Mapping[str, Endpoint], now: datetime
) -> Iterable[str]:
    if verb not in {Verb.REPLAY, Verb.RETRY_NOW} or not items:
        return
    yield "Cannot be undone."
    messages = [item for item in items if isinstance(item, Message)]
    done = sum(message.state is MessageState.DELIVERED for message in messages)
    if done:
        yield f"{done:,} already reached the receiver: it will get them a second time."
    timed_out = sum("timeout" in message.last_error.lower() for message in messages)
    if timed_out:
        yield f"{timed_out:,} timed out last: the receiver may have processed them already."
    held = sum(_is_paused(message, endpoints) for message in messages)
    if held:
        yield f"{held:,} belong to a paused endpoint: they will be held, not delivered, until it is resumed."

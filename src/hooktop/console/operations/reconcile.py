"""The books of an endpoint: every accepted message in exactly one class, and the sum checked independently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hooktop.console.model import Endpoint, Message, MessageState
from hooktop.console.operations import listing
from hooktop.console.providers.base import Provider
from hooktop.console.providers.lab import LabBooks, LabClient


class Class(StrEnum):
    """Where a message stands in the books."""

    DELIVERED = "delivered"
    OPEN = "on its way"
    HELD = "held"
    DEAD = "dead, can be replayed"
    REFUSED = "cannot be delivered any more"
    DISCARDED = "discarded, can be replayed"
    CANCELLED = "given up by hand"
    UNKNOWN = "unknown"


SETTLED = frozenset({Class.DELIVERED, Class.REFUSED, Class.CANCELLED})
"""Classes in which nothing is left to do."""

_CLASSES = {
    MessageState.DELIVERED: Class.DELIVERED,
    MessageState.WAITING: Class.OPEN,
    MessageState.SENDING: Class.OPEN,
    MessageState.RETRYING: Class.OPEN,
    MessageState.HELD: Class.HELD,
    MessageState.DEAD: Class.DEAD,
    MessageState.DISCARDED: Class.DISCARDED,
    MessageState.CANCELLED: Class.CANCELLED,
    MessageState.PAYLOAD_GONE: Class.REFUSED,
    MessageState.UNKNOWN: Class.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The count of one endpoint over a span of time."""

    endpoint_id: str
    endpoint_name: str
    until: datetime
    listed: int
    """Messages that the provider's list shows."""
    accepted: int | None
    """Messages accepted, by an independent count; ``None`` where there is no such count."""
    rows: Mapping[Class, int]
    refused: tuple[tuple[str, int], ...]
    """Why messages cannot be delivered any more, and how many."""
    duplicated: int
    """Messages taken more than once by the receiver without a replay, where that is known."""
    contradicted: int
    """Messages that the list calls delivered beyond those that the receiver took, or the other way round."""

    @property
    def lost(self) -> int:
        """Accepted, but in no list any more."""
        return 0 if self.accepted is None else max(0, self.accepted - self.listed)

    @property
    def unresolved(self) -> int:
        """Messages whose end is still open."""
        return sum(count for kind, count in self.rows.items() if kind not in SETTLED)

    @property
    def balanced(self) -> bool:
        """Nothing lost, doubled, contradicted or open."""
        same = self.accepted is None or self.accepted == self.listed
        return same and not (self.lost or self.unresolved or self.duplicated or self.contradicted)


def classify(message: Message, refused: Mapping[str, str], now: datetime) -> Class:
    """The one class of a message; ``refused`` gives the reason of those that a replay was refused for good."""
    found = _CLASSES[message.state]
    if found not in {Class.DEAD, Class.DISCARDED}:
        return found
    expired = message.payload_expires_at is not None and message.payload_expires_at <= now
    return Class.REFUSED if expired or message.id in refused else found


def count(
    endpoint: Endpoint,
    messages: Iterable[Message],
    *,
    until: datetime,
    now: datetime,
    refused: Mapping[str, str] | None = None,
    truth: LabBooks | None = None,
) -> Books:
    """Count messages into books. Pure."""
    reasons = refused or {}
    rows: Counter[Class] = Counter()
    why: Counter[str] = Counter()
    for message in messages:
        found = classify(message, reasons, now)
        rows[found] += 1
        if found is Class.REFUSED:
            why[reasons.get(message.id, "payload expired")] += 1
    delivered = truth.by_state.get("delivered", 0) if truth is not None else rows[Class.DELIVERED]
    return Books(
        endpoint_id=endpoint.id,
        endpoint_name=endpoint.name,
        until=until,
        listed=sum(rows.values()),
        accepted=None if truth is None else truth.accepted,
        rows=rows,
        refused=tuple(why.most_common()),
        duplicated=0 if truth is None else len(truth.delivered_more),
        contradicted=abs(delivered - rows[Class.DELIVERED]),
    )


async def books(
    provider: Provider,
    lab: LabClient | None,
    endpoint: Endpoint,
    until: datetime,
    *,
    now: datetime,
    refused: Mapping[str, str] | None = None,
) -> Books:
    """Read and count what one endpoint accepted before ``until``. Raises ``ProviderError``."""
    rows = [m for m in await listing.of_endpoint(provider, endpoint, until=until) if m.created_at < until]
    truth = await lab.books(endpoint.id, until=until) if lab is not None else None
    return count(endpoint, rows, until=until, now=now, refused=refused, truth=truth)

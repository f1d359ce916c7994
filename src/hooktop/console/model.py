"""Neutral values of the console: what every provider is translated into. Frozen, no I/O, no Textual.

All times are aware UTC datetimes; all durations are seconds unless the name says milliseconds.
Strings that came from an API are untrusted: nothing here may be drawn without ``widgets.text.inert``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EndpointKind(StrEnum):
    """Which way messages travel through an endpoint."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    PULL = "pull"


class EndpointState(StrEnum):
    """Whether an endpoint delivers."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"
    """Switched off by the provider itself (too many failures)."""
    UNKNOWN = "unknown"
    """The provider used a word this version does not know; it is shown beside ours."""


class MessageState(StrEnum):
    """Where one message is on its way, the same words for every provider."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    RETRYING = "retrying"
    HELD = "held"
    DEAD = "dead"
    DISCARDED = "discarded"
    CANCELLED = "cancelled"
    PAYLOAD_GONE = "payload_gone"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """No further attempt will happen unless somebody acts."""
        return self in {
            MessageState.DELIVERED,
            MessageState.DEAD,
            MessageState.DISCARDED,
            MessageState.CANCELLED,
            MessageState.PAYLOAD_GONE,
        }

    @property
    def is_open(self) -> bool:
        """Still owed to the receiver and on its way there."""
        return self in {MessageState.WAITING, MessageState.SENDING, MessageState.RETRYING, MessageState.HELD}


class PauseMeaning(StrEnum):
    """The three meanings of "paused", plus none at all."""

    HOLD = "hold"
    """New messages are kept and sent on resume."""
    REJECT = "reject"
    """New messages are refused at the door; the producer must send them again."""
    DISCARD = "discard"
    """New messages are accepted and thrown aside until somebody retries them by hand."""
    NONE = "none"
    """This kind of endpoint cannot be paused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do with one kind of endpoint, and what its verbs mean there."""

    pause: PauseMeaning
    pause_is_toggle: bool = False
    """A repeated pause call flips the state back: read first, compare the answer."""
    pause_stops_scheduled: bool = True
    """False: deliveries that were already scheduled still go out while paused."""
    resume_delay_s: tuple[float, float] = (0.0, 0.0)
    """Between resume and the first delivery of what was held: shortest and longest documented wait."""
    retry_now: bool = True
    retry_now_delay_s: float = 0.0
    cancel: bool = True
    replay: bool = True
    replay_delivered: bool = True
    """A message that already succeeded may be sent again."""
    replay_while_paused: bool = True
    replay_retrying: bool = True
    """A message that waits for a retry may be replayed instead."""
    replay_limit: int | None = None
    bulk_ids_max: int | None = None
    bodies: bool = False
    """The API gives the payload of a message."""
    rate_limit: bool = False
    """The deliveries per second of an endpoint can be set, so that a resume can open gently."""
    filter_states: frozenset[MessageState] = frozenset()
    """States that the message list can be filtered by on the server."""
    filter_many: bool = False
    """Several states may be asked for in one request."""
    codes_in_list: bool = True
    """The message list tells what the receiver answered; else only the attempts do."""
    page_limit: int = 100
    """Most messages in one page."""
    unsupported: dict[str, str] = field(default_factory=dict)
    """Verb -> reason in plain words, for verbs this provider lacks here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where messages go."""

    id: str
    kind: EndpointKind
    name: str
    url: str
    state: EndpointState
    state_word: str
    """The provider's own word for the state."""
    description: str = ""
    created_at: datetime | None = None
    rate_limit_rps: int | None = None
    mode: str = ""
    raw: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to deliver to one endpoint."""

    id: str
    kind: EndpointKind
    endpoint_id: str
    endpoint_name: str
    state: MessageState
    state_word: str
    """The provider's own word for the state, always shown beside ours."""
    attempts: int
    created_at: datetime
    updated_at: datetime | None = None
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    payload_expires_at: datetime | None = None
    deleted_at: datetime | None = None
    response_status: int | None = None
    latency_ms: int | None = None
    last_error: str = ""
    event_type: str = ""
    event_id: str = ""
    idempotency_key: str = ""
    replays: int | None = None
    size_bytes: int | None = None
    content_type: str = ""
    raw: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver a message."""

    id: str
    number: int
    at: datetime
    response_status: int | None = None
    latency_ms: int | None = None
    error: str = ""
    retry_after_s: int | None = None
    retry_ladder: str = ""
    """The provider's word for the schedule it chose (slow, fast), empty when it names none."""
    resolved_ip: str = ""
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""
    timings_ms: dict[str, int] = field(default_factory=dict)
    """Phase (dns, connect, tls, first byte, transfer) -> milliseconds."""
    raw: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The body of a message, and its headers where the provider gives them."""

    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)
    source: str = ""
    """Who gave it: ``api`` or ``lab`` (the reference server's control API)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, newest first."""

    items: tuple[Any, ...]
    cursor: str | None
    """Pass it back for the next (older) page; ``None`` on the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQuery:
    """What to ask of a provider's message list. Only terms that the provider evaluates itself."""

    kind: EndpointKind
    endpoint_id: str | None = None
    states: frozenset[MessageState] = frozenset()
    """Empty: all. A provider that cannot filter by a state answers more; the caller filters again."""
    since: datetime | None = None
    until: datetime | None = None


class Verb(StrEnum):
    """What can be done to an endpoint or a message."""

    PAUSE = "pause"
    RESUME = "resume"
    RETRY_NOW = "retry-now"
    REPLAY = "replay"
    CANCEL = "cancel"

    @property
    def acts_on_endpoints(self) -> bool:
        return self in {Verb.PAUSE, Verb.RESUME}


class Result(StrEnum):
    """How one item of an action ended. Exactly one of these; none is ever dropped."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """The call may have been carried out: read the item again before sending it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """What became of one item of an action."""

    id: str
    result: Result
    code: str = ""
    """The provider's error code or status, for rejected ones."""
    status: int | None = None
    """The HTTP status of the answer, where there was one."""
    detail: str = ""
    request_id: str = ""
    count: int | None = None
    """A number the provider gave with the answer (messages requeued by a resume)."""


class Connection(StrEnum):
    """What is known about the way to the API. Never LIVE before an authenticated answer."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    OFFLINE = "offline"
    AUTH_FAILED = "auth failed"
    RATE_LIMITED = "rate limited"
    BAD_ANSWER = "bad answer"
    """The server answered, but not with what this API sends (HTML, half a JSON)."""

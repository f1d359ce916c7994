"""Frozen values of delivery. Instants are integer milliseconds since the epoch, UTC, of the project's clock.

Names ending in ``_at`` are instants, names ending in ``_ms`` are durations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where one message is on its way."""

    WAITING = "waiting"
    """Accepted; no attempt is running; `due_at` says when the next one starts (None: nobody will push it)."""
    SENDING = "sending"
    """An attempt is running."""
    DELIVERED = "delivered"
    RETRYING = "retrying"
    """The last attempt failed and another one is planned."""
    HELD = "held"
    """Kept back because its endpoint is paused."""
    DEAD = "dead"
    """Given up: attempts used up, a failure not worth a retry, cancelled, or its endpoint is gone."""
    DISCARDED = "discarded"
    """Accepted but thrown aside without an attempt; only a replay by hand brings it back."""


OPEN_STATES = frozenset({State.WAITING, State.SENDING, State.RETRYING, State.HELD})
"""States of messages that are still owed to their receiver."""


class Status(StrEnum):
    """Whether an endpoint delivers."""

    ACTIVE = "active"
    PAUSED = "paused"
    INACTIVE = "inactive"
    """Switched off by the provider itself."""


class Kind(StrEnum):
    """Which way messages travel through an endpoint."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    PULL = "pull"
    """Nothing is pushed; the consumer fetches."""


class Ladder(StrEnum):
    """Which list of delays a retry climbs."""

    SLOW = "slow"
    FAST = "fast"


class PauseRule(StrEnum):
    """What happens to a new message of a paused endpoint."""

    HOLD = "hold"
    REJECT = "reject"
    DISCARD = "discard"


class AnswerError(StrEnum):
    """Why an attempt got no HTTP answer."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    RESET = "reset"
    TLS = "tls"
    DNS = "dns"
    BLOCKED = "blocked"
    """The address is not one that this server may dial."""
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from a receiver: an HTTP status, or an error and no status."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    latency_ms: int = 0
    error: AnswerError | None = None
    error_text: str = ""
    resolved_ip: str = ""
    timings: Mapping[str, int] = field(default_factory=dict)
    """Phase (dns, connect, send, wait, read) -> milliseconds."""
    conn_reused: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the receiver took the message: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A signing secret of an endpoint."""

    id: str
    value: str
    created_at: int
    expires_at: int | None = None
    deleted_at: int | None = None

    def is_usable(self, now: int) -> bool:
        """Whether the secret still signs at `now`."""
        return self.deleted_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where messages go. `config` holds the dialect's own fields, JSON-able."""

    id: str
    seq: int = 0
    kind: Kind = Kind.OUTBOUND
    url: str = ""
    name: str = ""
    description: str = ""
    status: Status = Status.ACTIVE
    rate_per_s: int | None = None
    burst: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    paused_at: int | None = None
    created_at: int = 0
    updated_at: int = 0
    deleted_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A producer's event that fans out into messages, for a dialect that keeps the two apart."""

    id: str
    seq: int = 0
    type: str = ""
    idempotency_key: str | None = None
    payload: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    status: str = ""
    """The dialect's own word."""
    config: Mapping[str, Any] = field(default_factory=dict)
    created_at: int = 0
    updated_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to deliver to one endpoint. Its payload is kept apart, in the store."""

    id: str
    seq: int = 0
    endpoint_id: str
    kind: Kind = Kind.OUTBOUND
    event_id: str | None = None
    state: State = State.WAITING
    cancelled: bool = False
    attempt_count: int = 0
    """Attempts made in the whole life of the message; only grows."""
    round_attempts: int = 0
    """Attempts since the message was accepted or last replayed."""
    replay_count: int = 0
    ladder: Ladder | None = None
    ladder_step: int = 0
    due_at: int | None = None
    """When the scheduler acts next: starts an attempt, or ends the running one."""
    next_attempt_at: int | None = None
    """The planned retry as an API shows it."""
    slot_at: int | None = None
    """The instant that the endpoint's rate limit has set aside for this message."""
    idempotency_key: str | None = None
    event_type: str = ""
    content_type: str = "application/json"
    size_bytes: int = 0
    payload_sha256: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    retention_ms: int | None = None
    payload_expires_at: int | None = None
    payload_gone_at: int | None = None
    last_error: str | None = None
    response_status: int | None = None
    response_latency_ms: int | None = None
    first_attempt_at: int | None = None
    delivered_at: int | None = None
    """First success; a replay does not move it."""
    failed_at: int | None = None
    created_at: int = 0
    updated_at: int = 0
    deleted_at: int | None = None
    deleted_by: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver a message, with its answer."""

    id: str
    seq: int = 0
    message_id: str
    endpoint_id: str
    number: int
    at: int
    finished_at: int
    url: str = ""
    response_status: int | None = None
    latency_ms: int = 0
    error: AnswerError | None = None
    error_text: str = ""
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: bytes = b""
    resolved_ip: str = ""
    timings: Mapping[str, int] = field(default_factory=dict)
    conn_reused: bool = False
    ladder: Ladder | None = None
    """The ladder of the retry that this attempt led to; None when it led to none."""
    retry_after_ms: int | None = None
    """Delay until the next attempt; None when none is planned."""
    replay: int = 0
    """The replay this attempt belongs to: 0 = first round, 1 = after the first replay, ..."""

    @property
    def is_success(self) -> bool:
        """Whether the receiver took the message."""
        return self.response_status is not None and 200 <= self.response_status < 300

"""Why the rules of delivery say no."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why a transition is refused."""

    NOT_RETRYING = "not_retrying"
    DELIVERY_IN_PROGRESS = "delivery_in_progress"
    FAST_RETRY = "fast_retry"
    RETENTION_EXPIRED = "retention_expired"
    PAYLOAD_GONE = "payload_gone"
    DELETED = "deleted"
    REPLAY_LIMIT = "replay_limit"
    ALREADY_PAUSED = "already_paused"
    NOT_PAUSED = "not_paused"
    NOT_PAUSABLE = "not_pausable"
    NOT_DEAD = "not_dead"
    ENDPOINT_PAUSED = "endpoint_paused"
    ENDPOINT_INACTIVE = "endpoint_inactive"
    ENDPOINT_ACTIVE = "endpoint_active"
    ENDPOINT_GONE = "endpoint_gone"
    ALREADY_DELIVERED = "already_delivered"
    NOT_FAILED = "not_failed"
    REJECTED_AT_THE_DOOR = "rejected_at_the_door"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"


class Refused(Exception):
    """A transition that the rules do not allow; `facts` are what a dialect needs to word it."""

    def __init__(self, reason: Reason, **facts: object) -> None:
        super().__init__(reason.value, facts)
        self.reason = reason
        self.facts: Mapping[str, object] = facts

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.reason.value} ({told})" if told else self.reason.value

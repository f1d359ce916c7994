"""Pausing and resuming of endpoints: transitions from value to value."""

from __future__ import annotations

from dataclasses import replace

from hooktop.mockserver.delivery.model import Endpoint, Status
from hooktop.mockserver.delivery.policy import Policy
from hooktop.mockserver.delivery.refusal import Reason, Refused


def pause(endpoint: Endpoint, policy: Policy, now: int) -> Endpoint:
    """Stop an endpoint. source: docs/api/operations/pauseendpoint"""
    if endpoint.status is Status.PAUSED:
        raise Refused(Reason.ALREADY_PAUSED, endpoint_id=endpoint.id, paused_at=endpoint.paused_at)
    if endpoint.status is Status.INACTIVE:
        raise Refused(Reason.ENDPOINT_INACTIVE, endpoint_id=endpoint.id)
    if policy.pause_rule(endpoint.kind) is None:
        raise Refused(Reason.NOT_PAUSABLE, endpoint_id=endpoint.id)
    return replace(endpoint, status=Status.PAUSED, paused_at=now, updated_at=now)


def resume(endpoint: Endpoint, now: int) -> Endpoint:
    """Let a paused endpoint deliver again. source: docs/api/operations/resumeendpoint"""
    if endpoint.status is not Status.PAUSED:
        raise Refused(Reason.NOT_PAUSED, endpoint_id=endpoint.id, status=endpoint.status.value)
    return replace(endpoint, status=Status.ACTIVE, paused_at=None, updated_at=now)


def activate(endpoint: Endpoint, now: int) -> Endpoint:
    """Let a paused or switched-off endpoint deliver again."""
    if endpoint.status is Status.ACTIVE:
        raise Refused(Reason.ENDPOINT_ACTIVE, endpoint_id=endpoint.id)
    return replace(endpoint, status=Status.ACTIVE, paused_at=None, updated_at=now)

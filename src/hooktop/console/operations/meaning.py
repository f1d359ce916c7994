"""What a verb means for one kind of endpoint, in sentences, and why an item must be left alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hooktop.console.model import (
    Capabilities,
    Endpoint,
    EndpointKind,
    EndpointState,
    Message,
    MessageState,
    PauseMeaning,
    Verb,
)

_PAUSE = {
    PauseMeaning.HOLD: (
        "New messages are accepted and held; nothing is lost.",
        "Waiting messages are held; a retry that falls due while paused is held and uses up no attempt.",
        "A delivery in flight is finished; nothing new starts.",
    ),
    PauseMeaning.REJECT: (
        "New messages are REFUSED at the door and are not stored: the producer must send them again.",
        "Messages accepted before go on being delivered and retried.",
        "A delivery in flight is finished.",
    ),
    PauseMeaning.DISCARD: (
        "New messages are accepted but set aside as discarded; only a replay by hand delivers them.",
        "Messages already scheduled or waiting for a retry STILL GO OUT while paused.",
        "A delivery in flight is finished and retried as usual.",
    ),
    PauseMeaning.NONE: ("This kind of endpoint cannot be paused.",),
}

_STATE_FOR = {
    Verb.RETRY_NOW: (
        frozenset({MessageState.RETRYING}),
        "only a message waiting for a retry can be retried now",
    ),
    Verb.CANCEL: (frozenset({MessageState.RETRYING}), "only a message waiting for a retry can be given up"),
}


def sentences(verb: Verb, kind: EndpointKind, capabilities: Capabilities, provider: str) -> tuple[str, ...]:
    """What will happen to new, waiting and in-flight messages; or to the chosen messages."""
    if verb is Verb.PAUSE:
        head = f"{provider}, {kind.value} endpoint: pause means {capabilities.pause.value}."
        return (head, *_PAUSE[capabilities.pause])
    if verb is Verb.RESUME:
        return _resume(kind, capabilities, provider)
    if verb is Verb.RETRY_NOW:
        wait = f" within {_span(capabilities.retry_now_delay_s)}" if capabilities.retry_now_delay_s else ""
        return (
            f"{provider} brings the next attempt forward{wait}; it counts as the attempt that was due anyway.",
        )
    if verb is Verb.CANCEL:
        return ("The waiting retry is given up: the message ends as dead and can be replayed later.",)
    return _replay(capabilities, provider)


def _resume(kind: EndpointKind, capabilities: Capabilities, provider: str) -> tuple[str, ...]:
    head = f"{provider}, {kind.value} endpoint: new messages are taken and delivered again."
    if capabilities.pause is PauseMeaning.HOLD:
        low, high = capabilities.resume_delay_s
        wait = f" after {_span(low)} to {_span(high)}" if high else " at once"
        return (
            head,
            f"What was held is queued again and goes out{wait}, all of it: make sure the receiver is up.",
        )
    if capabilities.pause is PauseMeaning.DISCARD:
        return (head, "What was discarded while paused stays where it is until it is replayed.")
    return (head, "What was refused while paused never arrived and cannot be recovered from here.")


def _replay(capabilities: Capabilities, provider: str) -> tuple[str, ...]:
    lines = [f"{provider} sends the original payload again; the receiver may see duplicates."]
    if capabilities.replay_limit is not None:
        lines.append(
            f"A message can be replayed {capabilities.replay_limit} times; dead letters do not count."
        )
    return tuple(lines)


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def why_not(
    verb: Verb,
    target: Endpoint | Message,
    capabilities: Capabilities,
    endpoints: Mapping[str, Endpoint],
    now: datetime,
) -> str:
    """The reason not to send this verb for this target, empty when it may be sent."""
    if verb.value in capabilities.unsupported:
        return capabilities.unsupported[verb.value]
    if isinstance(target, Endpoint):
        return _why_not_endpoint(verb, target)
    if verb.acts_on_endpoints:
        return f"{verb.value} acts on endpoints, not on messages"
    if target.deleted_at is not None:
        return "the message was deleted"
    if verb in _STATE_FOR:
        states, reason = _STATE_FOR[verb]
        return "" if target.state in states or target.state is MessageState.UNKNOWN else reason
    return _why_not_replay(target, capabilities, endpoints, now)


def _why_not_endpoint(verb: Verb, endpoint: Endpoint) -> str:
    if not verb.acts_on_endpoints:
        return f"{verb.value} acts on messages, not on endpoints"
    if verb is Verb.PAUSE and endpoint.state is EndpointState.PAUSED:
        return "already paused"
    if verb is Verb.PAUSE and endpoint.state is EndpointState.DISABLED:
        return "switched off by the provider: it cannot be paused"
    if verb is Verb.RESUME and endpoint.state is EndpointState.ACTIVE:
        return "not paused"
    return ""


def _why_not_replay(
    message: Message, capabilities: Capabilities, endpoints: Mapping[str, Endpoint], now: datetime
) -> str:
    if message.state is MessageState.PAYLOAD_GONE or _payload_expired(message, now):
        return "its payload has expired"
    if message.state is MessageState.DELIVERED and not capabilities.replay_delivered:
        return "already delivered"
    if message.state in {MessageState.WAITING, MessageState.SENDING, MessageState.HELD}:
        return "still on its way: nothing to replay"
    if message.state is MessageState.RETRYING and not capabilities.replay_retrying:
        return "waits for a retry: the provider refuses a replay until that is over"
    endpoint = endpoints.get(message.endpoint_id)
    if (
        endpoint is not None
        and endpoint.state is not EndpointState.ACTIVE
        and not capabilities.replay_while_paused
    ):
        return f"its endpoint is {endpoint.state.value}: resume it first"
    limit = capabilities.replay_limit
    if limit is not None and message.state is not MessageState.DEAD and (message.replays or 0) >= limit:
        return f"replayed {limit} times already, the provider's limit"
    return ""


def _payload_expired(message: Message, now: datetime) -> bool:
    return message.payload_expires_at is not None and message.payload_expires_at <= now

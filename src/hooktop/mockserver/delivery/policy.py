"""What a dialect says about retries, pauses and replays: a table of facts, and the decisions read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

from hooktop.mockserver.delivery.model import Answer, Kind, Ladder, Message, PauseRule, State

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Draw = Callable[[], float]
"""A source of seeded numbers in [0, 1)."""

Backoff = Callable[[int, Draw], int]
"""Number of the attempt that failed (from 1 in its round), draw -> delay in milliseconds."""


def retries_everything(answer: Answer) -> bool:
    """Every failure is worth a retry."""
    return not answer.is_success


def retries_transient(answer: Answer) -> bool:
    """Network errors, 408, 429 and 5xx are worth a retry; other answers will not get better by waiting."""
    if answer.status is None:
        return True
    return answer.status in (408, 429) or answer.status >= 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How one provider delivers. Built by its dialect; read, never changed, by the engine."""

    max_attempts: int
    """Attempts of one round (since accepted or replayed); then the message is dead."""
    slow: tuple[int, ...] = ()
    """Delay after the first, second, ... failed attempt; the last one repeats."""
    backoff: Backoff | None = None
    """Takes the place of `slow` where delays are a formula."""
    fast: tuple[int, ...] | None = None
    """Delays after an answer in `fast_statuses`, by consecutive such answers; None: no fast ladder."""
    fast_statuses: frozenset[int] = frozenset({429})
    worth_retrying: Callable[[Answer], bool] = retries_transient
    retry_after_cap_ms: Mapping[Ladder, int] = field(default_factory=dict)
    """A receiver's Retry-After is the minimum delay, up to this cap; a ladder left out ignores it."""
    pause: Mapping[Kind, PauseRule] = field(default_factory=dict)
    """A kind left out cannot be paused."""
    pause_stops_scheduled: bool = True
    """False: what was accepted before the pause still goes out."""
    poll_ms: int = 0
    """Resumed and retried-now messages start at the next multiple of this; 0: at once."""
    replayable: frozenset[State] = frozenset({State.DELIVERED, State.DEAD, State.RETRYING})
    replay_limit: int | None = None
    replay_resets_round: bool = True
    """False: a message whose attempts are used up gets exactly one more."""
    replay_delay_ms: int = 0
    replay_needs_active: bool = False
    """True: replay is refused while the endpoint is paused or switched off."""
    idempotent: bool = True
    """A second message with the endpoint's same idempotency key is the first one again."""

    def pause_rule(self, kind: Kind) -> PauseRule | None:
        """What pausing an endpoint of `kind` means; None: it cannot be paused."""
        return self.pause.get(kind)

    def next_tick(self, now: int) -> int:
        """When the scheduler polls next, strictly after `now` unless it never has to wait."""
        return now if self.poll_ms <= 0 else (now // self.poll_ms + 1) * self.poll_ms


@dataclass(frozen=True, slots=True)
class Retry:
    """A planned next attempt."""

    ladder: Ladder
    step: int
    delay_ms: int


def plan_retry(policy: Policy, message: Message, answer: Answer, now: int, draw: Draw) -> Retry | None:
    """Whether and when to try again after `answer`; None: the message is dead.

    `message.round_attempts` already counts the attempt that got `answer`.
    """
    if not policy.worth_retrying(answer) or message.round_attempts >= policy.max_attempts:
        return None
    ladder = _ladder(policy, answer)
    step = _step(message, ladder)
    delay = _delay(policy, ladder, step, message.round_attempts, draw)
    return Retry(ladder, step, max(delay, _asked_delay(policy, ladder, answer, now)))


def _ladder(policy: Policy, answer: Answer) -> Ladder:
    return Ladder.FAST if policy.fast and answer.status in policy.fast_statuses else Ladder.SLOW


def _step(message: Message, ladder: Ladder) -> int:
    """Consecutive fast failures climb from the bottom; the slow ladder goes by attempts made."""
    if ladder is Ladder.SLOW:
        return message.round_attempts - 1
    return message.ladder_step + 1 if message.ladder is Ladder.FAST else 0


def _delay(policy: Policy, ladder: Ladder, step: int, attempts: int, draw: Draw) -> int:
    if ladder is Ladder.SLOW and policy.backoff is not None:
        return policy.backoff(attempts, draw)
    delays = policy.fast if ladder is Ladder.FAST and policy.fast else policy.slow
    return delays[min(step, len(delays) - 1)] if delays else 0


def _asked_delay(policy: Policy, ladder: Ladder, answer: Answer, now: int) -> int:
    cap = policy.retry_after_cap_ms.get(ladder)
    if cap is None:
        return 0
    asked = retry_after_ms(answer.headers, now)
    return 0 if asked is None else min(asked, cap)


_MOST_DIGITS = 15


def retry_after_ms(headers: Mapping[str, str], now: int) -> int | None:
    """The delay that a Retry-After header asks for, in seconds or as an HTTP date; None when there is none."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        # A receiver may send any number of digits: beyond some, more of them only say "never".
        return int(text[:_MOST_DIGITS]) * SECOND
    try:
        date = parsedate_to_datetime(text)
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0, int(aware.timestamp() * 1000) - now)
    except (ValueError, OverflowError):
        return None

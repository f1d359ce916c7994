"""Where the published document and the server's code disagree, and what a project may configure.

The server's real behaviour wins; another reading is taken with `profile` when a project is created.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hooktop.mockserver.delivery.model import Kind, PauseRule, State
from hooktop.mockserver.delivery.policy import Policy, retries_everything

SECOND: Final = 1000
MAX_RETRY_S: Final = 7200
JITTER_S: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One setting of a project: its readings with their meaning, the first being the default."""

    readings: Mapping[str, str]
    source: str
    changes: str
    """What a client notices."""
    number: bool = False
    """Any whole number from 1 is taken besides the default."""

    @property
    def default(self) -> str:
        """The reading in force unless the project says otherwise."""
        return next(iter(self.readings))


PROFILE: Final[Mapping[str, Switch]] = {
    "server": Switch(
        readings={
            "26.7": "an event is created with data null; filters on deliveries as the code of 26.7 reads them",
            "26.9": "an event is created with data {uid, event_type, idempotency_key}",
            "openapi": "as 26.9, and the documented query name event_type filters deliveries",
        },
        source="server code 26.7; release notes 26.7.6 and 26.9.1; docs/v3/openapi3.yaml",
        changes="data of POST /events, and which query names filter deliveries",
    ),
    "strategy": Switch(
        readings={"linear": "every delay is the interval", "exponential": "it doubles, with jitter"},
        source="project.config.strategy.type",
        changes="when a failed delivery is tried again",
    ),
    "interval_s": Switch(
        readings={"100": "seconds before a retry, or before the first one"},
        source="project.config.strategy.duration",
        changes="when a failed delivery is tried again",
        number=True,
    ),
    "retry_count": Switch(
        readings={"10": "attempts in all"},
        source="project.config.strategy.retry_count",
        changes="when a delivery ends in Failure",
        number=True,
    ),
    "secure_endpoints": Switch(
        readings={"off": "http URLs are taken", "on": "only https endpoints allowed"},
        source="project.config.ssl.enforce_secure_endpoints",
        changes="whether an endpoint may have an http URL",
    ),
}


def reading(chosen: Mapping[str, str], name: str) -> str:
    """The reading of `name` in a project that chose `chosen`."""
    return chosen.get(name) or PROFILE[name].default


def complaints(chosen: Mapping[str, str]) -> tuple[str, ...]:
    """Why these choices cannot be taken: one sentence for each unknown switch or value."""
    found: list[str] = []
    for name, value in chosen.items():
        switch = PROFILE.get(name)
        if switch is None:
            found.append(f"profile.{name}: no such switch; there are {', '.join(PROFILE)}")
        elif switch.number and not (value.isdigit() and int(value) > 0):
            found.append(f"profile.{name}: {value!r} is no whole number above 0")
        elif not switch.number and value not in switch.readings:
            found.append(f"profile.{name}: {value!r} is none of {', '.join(switch.readings)}")
    return tuple(found)


def policy(chosen: Mapping[str, str]) -> Policy:
    """How a project with these choices delivers."""
    return Policy(
        max_attempts=int(reading(chosen, "retry_count")),
        backoff=_backoff(reading(chosen, "strategy"), int(reading(chosen, "interval_s"))),
        worth_retrying=retries_everything,
        pause={Kind.OUTBOUND: PauseRule.DISCARD},
        pause_stops_scheduled=False,
        replayable=frozenset({State.DEAD, State.DISCARDED}),
        replay_resets_round=False,
        replay_delay_ms=SECOND,
        replay_needs_active=True,
        idempotent=False,
    )


def _backoff(strategy: str, interval_s: int) -> Callable[[int, Callable[[], float]], int]:
    """Delay after attempt n, in milliseconds.

    source: linear = the interval; exponential = min(interval * 2^(n-1), 7200 s) + 0 to 5 s of jitter.
    """

    def linear(attempt: int, draw: Callable[[], float]) -> int:
        return interval_s * SECOND

    def exponential(attempt: int, draw: Callable[[], float]) -> int:
        return min(interval_s << (attempt - 1), MAX_RETRY_S) * SECOND + int(draw() * JITTER_S * SECOND)

    return exponential if strategy == "exponential" else linear

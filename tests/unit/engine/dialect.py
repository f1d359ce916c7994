"""A small dialect for the engine's own tests: pauses hold outbound messages and reject inbound ones."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from hooktop.mockserver.delivery.model import Endpoint, Kind, Ladder, Message, PauseRule
from hooktop.mockserver.delivery.policy import HOUR, MINUTE, SECOND, Policy
from hooktop.mockserver.engine.chance import Chance
from hooktop.mockserver.engine.dialect import PlainDoors
from hooktop.mockserver.engine.project import Settings

SLOW = tuple(minutes * MINUTE for minutes in (30, 120, 360, 720, 1440, 2880, 4320, 5760))
FAST = tuple(seconds * SECOND for seconds in (30, 60, 120, 240, 300))

HOLDING = Policy(
    slow=SLOW,
    fast=FAST,
    max_attempts=8,
    pause={Kind.OUTBOUND: PauseRule.HOLD, Kind.INBOUND: PauseRule.REJECT, Kind.PULL: PauseRule.REJECT},
    poll_ms=MINUTE,
    replay_limit=10,
    retry_after_cap_ms={Ladder.SLOW: 24 * HOUR, Ladder.FAST: HOUR},
)


class PlainDialect(PlainDoors):
    """Ids are `<what>_<hex>`; the signature is the HMAC of the payload."""

    name = "plain"

    def __init__(self, policy: Policy = HOLDING) -> None:
        self._policy = policy

    def policy(self, settings: Settings) -> Policy:
        return self._policy

    def new_id(self, what: str, kind: Kind | None, chance: Chance, now: int) -> str:
        return f"{what}_{chance.hex(16, what)}"

    def api_key(self, chance: Chance) -> str:
        return f"key_{chance.hex(24, 'key')}"

    def secret_value(self, chance: Chance) -> str:
        return f"secret_{chance.hex(24, 'secret')}"

    def sign(self, endpoint: Endpoint, message: Message, payload: bytes, now: int) -> dict[str, str]:
        return {"X-Id": message.id, "X-Time": str(now), "X-Signature": _digest(endpoint, payload)}

    def verify(self, endpoint: Endpoint, headers: Mapping[str, str], payload: bytes) -> str:
        signature = headers.get("X-Signature")
        if signature is None:
            return "unsigned"
        return "valid" if signature == _digest(endpoint, payload) else "invalid"


def _digest(endpoint: Endpoint, payload: bytes) -> str:
    key = endpoint.secrets[-1].value.encode() if endpoint.secrets else b""
    return hmac.new(key, payload, hashlib.sha256).hexdigest()

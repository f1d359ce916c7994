"""This API as the engine sees it: its ids and secrets, its retry policy, its signatures, its doors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hooktop.mockserver.delivery.lifecycle import Refused
from hooktop.mockserver.delivery.model import Endpoint, Kind, Ladder, Message, PauseRule, State
from hooktop.mockserver.delivery.policy import Policy
from hooktop.mockserver.engine.dialect import Arrival, EndpointDraft, PlainDoors
from hooktop.mockserver.hookbridge import inbound, limits, outbound, signing
from hooktop.mockserver.hookbridge.ids import letters, uuid7
from hooktop.mockserver.hookbridge.profile import reading

if TYPE_CHECKING:
    from hooktop.mockserver.engine.chance import Chance
    from hooktop.mockserver.engine.project import Project, Settings

_REPLAYABLE: Final = frozenset({State.DELIVERED, State.DEAD, State.RETRYING})


class HookBridgeDialect(PlainDoors):
    """One instance serves every project of this API."""

    name = "hookbridge"

    def policy(self, settings: Settings) -> Policy:
        """How deliveries behave.

        source: docs/api/operations/sendwebhook, docs/guides/outbound/retry-behavior
        """
        again = reading(settings.profile, "replay_succeeded") == "allowed"
        return Policy(
            max_attempts=limits.MAX_ATTEMPTS,
            slow=limits.SLOW_LADDER_MS,
            fast=limits.FAST_LADDER_MS,
            retry_after_cap_ms={
                Ladder.SLOW: limits.RETRY_AFTER_CAP_SLOW_MS,
                Ladder.FAST: limits.RETRY_AFTER_CAP_FAST_MS,
            },
            pause={
                Kind.OUTBOUND: PauseRule.HOLD,
                Kind.INBOUND: PauseRule.REJECT,
                Kind.PULL: PauseRule.REJECT,
            },
            poll_ms=limits.POLL_MS,
            replayable=_REPLAYABLE if again else _REPLAYABLE - {State.DELIVERED},
            replay_limit=limits.REPLAY_LIMIT,
        )

    def new_id(self, what: str, kind: Kind | None, chance: Chance, now: int) -> str:
        """source: the id formats of docs/api; request ids look like req_..."""
        if what == "request":
            return "req_" + chance.hex(16, "request")
        if what == "endpoint" and kind is Kind.OUTBOUND:
            return "ep_" + chance.hex(32, "endpoint")
        if what == "secret":
            return "sk_" + chance.hex(32, "secret")
        if what in ("key", "project"):
            return {"key": "key_", "project": "proj_"}[what] + chance.hex(12, what)
        return uuid7(what, chance, now)

    def api_key(self, chance: Chance) -> str:
        """A key of a test project: nothing here is live."""
        return "hb_test_" + letters("api key", chance, 32)

    def secret_value(self, chance: Chance) -> str:
        """A signing secret."""
        return "whsec_" + letters("signing secret", chance, 32)

    def sign(self, endpoint: Endpoint, message: Message, payload: bytes, now: int) -> dict[str, str]:
        """Identity, time and signature of a delivery; inbound endpoints sign only when asked to.

        source: docs/api ("unix time of the original send"), docs/api/operations/createinboundendpoint
        """
        unix = message.created_at // 1000
        headers = {signing.MESSAGE_ID: message.id, signing.TIMESTAMP: str(unix)}
        live = [secret for secret in endpoint.secrets if secret.is_usable(now)]
        if live:
            headers[signing.SIGNATURE] = signing.signature(live, unix, payload)
        return headers

    def verify(self, endpoint: Endpoint, headers: Mapping[str, str], payload: bytes) -> str:
        """What the receiver finds when it checks the signature."""
        live = [secret for secret in endpoint.secrets if secret.deleted_at is None]
        return signing.verdict(live, headers, payload)

    def install(self, project: Project, draft: EndpointDraft) -> Endpoint:
        """Create an endpoint of a scenario; an inbound one by the rules of its own create."""
        if draft.kind is Kind.OUTBOUND:
            return outbound.create(project, _outbound_fields(draft))
        body = {"name": draft.name, "description": draft.description, "url": draft.url, **draft.config}
        return inbound.create(project, body)

    def produce(self, project: Project, endpoint: Endpoint, arrival: Arrival) -> Message | None:
        """Take in one webhook of a scenario; an inbound one as its public address does, checks apart."""
        if endpoint.kind is not Kind.INBOUND:
            return super().produce(project, endpoint, arrival)
        try:
            id = inbound.accept(project, endpoint, arrival.payload, arrival.headers, arrival.content_type)
        except Refused:
            return None
        return project.store.message(id)


def _outbound_fields(draft: EndpointDraft) -> dict[str, Any]:
    """The API knows no name of an outbound endpoint: its description takes that place."""
    return {
        "url": draft.url,
        "name": draft.name,
        "description": draft.description or draft.name,
        "rate_per_s": draft.rate_per_s,
        "burst": draft.burst,
        "config": draft.config,
    }


DIALECT: Final = HookBridgeDialect()

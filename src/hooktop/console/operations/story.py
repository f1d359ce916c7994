"""What an outage drill has found out so far, and how it notices that a step is done. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hooktop.console.model import (
    Endpoint,
    EndpointKind,
    EndpointState,
    ItemResult,
    Message,
    MessageState,
    Result,
)
from hooktop.console.operations.run import Outcome

SERVER_TROUBLE = 500
_AUTH_CODES = frozenset({401, 403})
_FINAL_REFUSALS = frozenset({404, 410})
_ASIDE = frozenset({MessageState.HELD, MessageState.DISCARDED})
_REASONS = {"RETENTION_EXPIRED": "payload expired", "PAYLOAD_UNAVAILABLE": "payload removed"}


@dataclass(slots=True)
class Story:
    """One drill's knowledge. ``seen`` tells the fact that shows a step to be done."""

    failing: Endpoint | None = None
    """The endpoint whose receiver is down."""
    rejecting: Endpoint | None = None
    """The endpoint whose messages went to the dead letters because its receiver refused their signature."""
    ailing: dict[str, Endpoint] = field(default_factory=dict)
    """Every endpoint with dead letters that could be delivered once its receiver is mended."""
    repairs: dict[str, datetime] = field(default_factory=dict)
    """Endpoint id -> when its receiver was repaired."""
    resumed_at: datetime | None = None
    refused: dict[str, str] = field(default_factory=dict)
    """Message id -> why it cannot be delivered any more."""

    @property
    def mended(self) -> tuple[Endpoint, ...]:
        """The endpoints with dead letters whose receiver was repaired."""
        return tuple(endpoint for endpoint in self.ailing.values() if endpoint.id in self.repairs)

    @property
    def mended_at(self) -> datetime | None:
        """When the last of them was repaired."""
        return max((self.repairs[endpoint.id] for endpoint in self.mended), default=None)

    def seen(self, key: str, endpoints: Mapping[str, Endpoint], rows: list[Message], now: datetime) -> str:
        """The fact that shows the step ``key`` to be done, empty while it is not."""
        self._note_dead_letters(endpoints, rows)
        if key == "find":
            return self._find(endpoints, rows, now)
        failing = self.failing
        if failing is None:
            return ""
        mine = [row for row in rows if row.endpoint_id == failing.id]
        state = endpoints.get(failing.id, failing).state
        if key == "pause":
            return f"{failing.name} is paused" if state is EndpointState.PAUSED else ""
        if key == "held":
            return self._held(mine)
        if key == "repair":
            return f"the receiver of {failing.name} answers 200 again" if failing.id in self.repairs else ""
        if key == "test":
            return self._tested(failing, mine, state, now)
        if key == "drain":
            return self._drained(mine, now)
        if key == "mend":
            return self._mended()
        return self._replayed(rows, now) if key == "replay" else ""

    def _find(self, endpoints: Mapping[str, Endpoint], rows: list[Message], now: datetime) -> str:
        active = {
            id_
            for id_, endpoint in endpoints.items()
            if endpoint.kind is EndpointKind.OUTBOUND and endpoint.state is EndpointState.ACTIVE
        }
        failing = [
            row
            for row in rows
            if row.state is MessageState.RETRYING
            and (row.response_status or 0) >= SERVER_TROUBLE
            and row.endpoint_id in active
        ]
        if not failing:
            return ""
        ((worst, number),) = Counter(row.endpoint_id for row in failing).most_common(1)
        self.failing = endpoints[worst]
        mine = [row for row in failing if row.endpoint_id == worst]
        minutes = int((now - min(row.created_at for row in mine)).total_seconds() // 60)
        code = Counter(row.response_status for row in mine).most_common(1)[0][0]
        name = self.failing.name
        return f"{name} answers {code}: {number:,} messages wait, the oldest for {minutes} min"

    def _note_dead_letters(self, endpoints: Mapping[str, Endpoint], rows: list[Message]) -> None:
        dead = [row for row in rows if row.state is MessageState.DEAD and row.endpoint_id in endpoints]
        for endpoint_id in {row.endpoint_id for row in dead}:
            endpoint = endpoints[endpoint_id]
            if endpoint.kind is EndpointKind.OUTBOUND and endpoint.state is EndpointState.ACTIVE:
                self.ailing.setdefault(endpoint_id, endpoint)
        refused = Counter(row.endpoint_id for row in dead if row.response_status in _AUTH_CODES)
        if refused and self.rejecting is None:
            self.rejecting = self.ailing.get(refused.most_common(1)[0][0])

    def _held(self, mine: list[Message]) -> str:
        held = sum(row.state in _ASIDE for row in mine)
        return f"messages kept back so far: {held:,}; none was refused" if held else ""

    def _tested(self, failing: Endpoint, mine: list[Message], state: EndpointState, now: datetime) -> str:
        since = self.repairs.get(failing.id)
        if state is not EndpointState.ACTIVE or since is None:
            return ""
        for row in mine:
            if row.state is MessageState.DELIVERED and (row.delivered_at or row.updated_at or since) >= since:
                self.resumed_at = now
                return f"message {row.id} arrived; the endpoint is open"
        return ""

    def _drained(self, mine: list[Message], now: datetime) -> str:
        edge = self.resumed_at or now
        left = [row for row in mine if row.state.is_open or row.state is MessageState.DISCARDED]
        if any(row.created_at <= edge for row in left):
            return ""
        return f"nothing accepted before {edge:%H:%M:%S} is waiting any more"

    def _mended(self) -> str:
        if self.rejecting is None:
            return "no dead letters for a wrong secret"
        if self.rejecting.id not in self.repairs:
            return ""
        return f"{', '.join(endpoint.name for endpoint in self.mended)}: the receiver accepts what it refused"

    def _replayed(self, rows: list[Message], now: datetime) -> str:
        """The dead that stay must each have been refused for good, whoever replayed them."""
        if not self.mended:
            return "nothing to replay"
        edge, ids = self.mended_at or now, {endpoint.id for endpoint in self.mended}
        old = [row for row in rows if row.endpoint_id in ids and row.created_at <= edge]
        dead = [row for row in old if row.state is MessageState.DEAD]
        if any(row.state.is_open for row in old) or not all(self._is_refused(row, now) for row in dead):
            return ""
        names = " and ".join(sorted(endpoint.name for endpoint in self.mended))
        gone = f", but {len(dead):,} cannot be any more" if dead else ""
        return f"the dead letters of {names} were sent again{gone}{self._elsewhere(rows, ids)}"

    def _elsewhere(self, rows: list[Message], ids: set[str]) -> str:
        """What stays dead behind endpoints that nobody mended: never passed over in silence."""
        others = Counter(
            row.endpoint_name
            for row in rows
            if row.state is MessageState.DEAD
            and row.endpoint_id in self.ailing
            and row.endpoint_id not in ids
        )
        return "".join(f"; {name} still has {number:,}" for name, number in others.most_common())

    def _is_refused(self, row: Message, now: datetime) -> bool:
        expired = row.payload_expires_at is not None and row.payload_expires_at <= now
        return expired or row.id in self.refused

    def left(self, key: str, rows: list[Message], now: datetime) -> int:
        """How many messages wait for the act of a sweeping step to be repeated: nothing else moves them soon."""
        if key == "drain" and self.failing is not None:
            ids, edge = {self.failing.id}, self.resumed_at or now
            stuck = frozenset({MessageState.RETRYING, MessageState.DISCARDED})
        elif key == "replay":
            ids, edge = {endpoint.id for endpoint in self.mended}, self.mended_at or now
            stuck = frozenset({MessageState.RETRYING, MessageState.DEAD})
        else:
            return 0
        old = [
            row for row in rows if row.endpoint_id in ids and row.created_at <= edge and row.state in stuck
        ]
        return sum(row.state is not MessageState.DEAD or not self._is_refused(row, now) for row in old)

    def replay_ended(self, outcome: Outcome) -> None:
        """Take note of what a replay was refused for good, and why."""
        for skip in outcome.plan.skipped:
            if "expired" in skip.reason:
                self.refused[skip.item.id] = "payload expired"
        for result in outcome.results:
            if result.result is Result.REJECTED and result.status in _FINAL_REFUSALS:
                self.refused[result.id] = _reason(result)


def _reason(result: ItemResult) -> str:
    return _REASONS.get(result.code, result.code.replace("_", " ").lower() or result.detail)

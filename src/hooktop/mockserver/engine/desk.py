"""The verbs on a project's endpoints and messages: each one transaction, each giving fresh values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hooktop.mockserver.delivery import endpoints, lifecycle
from hooktop.mockserver.delivery.model import (
    OPEN_STATES,
    Endpoint,
    Kind,
    Message,
    PauseRule,
    Secret,
    State,
    Status,
)
from hooktop.mockserver.engine.message_desk import MessageDesk, Missing
from hooktop.mockserver.engine.store import MessageQuery

__all__ = ["Desk", "Missing"]


class Desk(MessageDesk):
    """What an API may do to a project's data.

    Every verb raises Missing for an unknown id and Refused where the rules forbid it; after either
    nothing has changed. `endpoint` and `message` are also found by the value itself.
    """

    # --- endpoints -------------------------------------------------------

    def create_endpoint(
        self,
        *,
        kind: Kind = Kind.OUTBOUND,
        url: str = "",
        name: str = "",
        description: str = "",
        rate_per_s: int | None = None,
        burst: int | None = None,
        headers: Mapping[str, str] | None = None,
        secrets: tuple[Secret, ...] | None = None,
        config: Mapping[str, Any] | None = None,
        id: str | None = None,
    ) -> Endpoint:
        """Create an active endpoint; without `secrets` it gets one new signing secret."""
        project = self._project
        with project.lock, self._store.transaction():
            now = project.now()
            endpoint = Endpoint(
                id=id or self._new_id("endpoint", kind),
                seq=self._store.next_seq(),
                kind=kind,
                url=url,
                name=name,
                description=description,
                rate_per_s=rate_per_s,
                burst=burst,
                headers=dict(headers or {}),
                secrets=(self.new_secret(),) if secrets is None else secrets,
                config=dict(config or {}),
                created_at=now,
                updated_at=now,
            )
            self._store.add_endpoint(endpoint)
            project.on_endpoint(project, endpoint.id)
        return endpoint

    def new_secret(self, value: str | None = None, *, expires_at: int | None = None) -> Secret:
        """A signing secret, not yet kept anywhere."""
        project = self._project
        return Secret(
            id=self._new_id("secret", None),
            value=value or project.dialect.secret_value(project.chance),
            created_at=project.now(),
            expires_at=expires_at,
        )

    def update_endpoint(self, endpoint: Endpoint | str, **changes: Any) -> Endpoint:
        """Change fields of an endpoint (any of Endpoint's but id, seq and kind)."""
        project = self._project
        with project.lock, self._store.transaction():
            changed = replace(self.endpoint(endpoint), **changes, updated_at=project.now())
            self._store.save_endpoint(changed)
            if "rate_per_s" in changes or "burst" in changes:
                project.rate_slots.pop(changed.id, None)
            project.touched()
        return changed

    def delete_endpoint(self, endpoint: Endpoint | str) -> Endpoint:
        """Delete an endpoint; what was still owed to it is dead."""
        project = self._project
        with project.lock, self._store.transaction():
            now = project.now()
            gone = replace(self.endpoint(endpoint), deleted_at=now, updated_at=now)
            self._store.save_endpoint(gone)
            for batch in self._each(gone.id, OPEN_STATES):
                self._store.save_messages([lifecycle.abandon(message, now) for message in batch])
            project.touched()
        return gone

    def pause(self, endpoint: Endpoint | str) -> Endpoint:
        """Pause an endpoint; where pausing holds, what waits is held at once."""
        project = self._project
        with project.lock, self._store.transaction():
            now = project.now()
            paused = endpoints.pause(self.endpoint(endpoint), project.policy, now)
            self._store.save_endpoint(paused)
            if project.policy.pause_rule(paused.kind) is PauseRule.HOLD:
                for batch in self._each(paused.id, {State.WAITING}):
                    self._store.save_messages([lifecycle.hold(message, now) for message in batch])
            project.touched()
        return paused

    def resume(self, endpoint: Endpoint | str) -> tuple[Endpoint, int]:
        """Resume a paused endpoint; also tells how many held messages went back into the queue."""
        project = self._project
        with project.lock, self._store.transaction():
            active = endpoints.resume(self.endpoint(endpoint), project.now())
            self._store.save_endpoint(active)
            count = self._release_held(active)
            project.touched()
        return active, count

    def activate(self, endpoint: Endpoint | str) -> tuple[Endpoint, int]:
        """Make a paused or switched-off endpoint active; also tells how many held messages were released."""
        project = self._project
        with project.lock, self._store.transaction():
            active = endpoints.activate(self.endpoint(endpoint), project.now())
            self._store.save_endpoint(active)
            count = self._release_held(active)
            project.touched()
        return active, count

    def toggle_pause(self, endpoint: Endpoint | str) -> Endpoint:
        """Pause an active endpoint, resume a paused one."""
        with self._project.lock:
            if self.endpoint(endpoint).status is Status.PAUSED:
                return self.resume(endpoint)[0]
            return self.pause(endpoint)

    def switch_off(self, endpoint: Endpoint | str) -> Endpoint:
        """Make an endpoint inactive, as a provider does after too many failures."""
        return self.update_endpoint(endpoint, status=Status.INACTIVE)

    def _release_held(self, endpoint: Endpoint) -> int:
        now, policy = self._project.now(), self._project.policy
        count = 0
        for batch in self._each(endpoint.id, {State.HELD}):
            self._store.save_messages([lifecycle.release(message, policy, now) for message in batch])
            count += len(batch)
        return count

    def _each(self, endpoint_id: str, states: Iterable[State], size: int = 2_000) -> Iterable[list[Message]]:
        """Live messages of an endpoint in some states; each batch must leave those states to end the loop."""
        states = tuple(sorted(states))
        while batch := self._store.messages(
            MessageQuery(endpoint_ids=(endpoint_id,), states=states, deleted=False, limit=size)
        ):
            yield batch

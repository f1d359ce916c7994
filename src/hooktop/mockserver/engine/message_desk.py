"""The verbs on messages and events, each one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hooktop.mockserver.delivery import lifecycle
from hooktop.mockserver.delivery.model import Endpoint, Event, Kind, Message, State
from hooktop.mockserver.delivery.refusal import Reason, Refused

if TYPE_CHECKING:
    from hooktop.mockserver.engine.project import Project
    from hooktop.mockserver.engine.store import Store


class Missing(LookupError):
    """Nothing of this kind has this id."""

    def __init__(self, what: str, id: str) -> None:
        super().__init__(f"no {what} {id!r}")
        self.what = what
        self.id = id


class MessageDesk:
    """The part of the desk that deals with messages and events."""

    def __init__(self, project: Project) -> None:
        self._project = project

    # --- reading ---------------------------------------------------------

    def endpoint(
        self, endpoint: Endpoint | str, *, kind: Kind | None = None, deleted: bool = False
    ) -> Endpoint:
        """The endpoint as it is now. Deleted ones and those of another `kind` are Missing unless asked for."""
        id = endpoint if isinstance(endpoint, str) else endpoint.id
        found = self._store.endpoint(id)
        if found is None or (kind is not None and found.kind is not kind):
            raise Missing("endpoint", id)
        if found.deleted_at is not None and not deleted:
            raise Missing("endpoint", id)
        return found

    def message(self, message: Message | str, *, kind: Kind | None = None) -> Message:
        """The message as it is now; deleted ones too."""
        id = message if isinstance(message, str) else message.id
        found = self._store.message(id)
        if found is None or (kind is not None and found.kind is not kind):
            raise Missing("message", id)
        return found

    # --- messages --------------------------------------------------------

    def accept(
        self,
        endpoint: Endpoint | str,
        payload: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        event_type: str = "",
        retention_ms: int | None = None,
        event_id: str | None = None,
        config: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        pushed: bool | None = None,
        id: str | None = None,
    ) -> tuple[Message, bool]:
        """Take a message in; (message, created). False: the idempotency key named one that is here already.

        `retention_ms` None: the project's own. `pushed` None: unless the endpoint is of the pull kind.
        """
        project = self._project
        with project.lock, self._store.transaction():
            at = self.endpoint(endpoint)
            digest = hashlib.sha256(payload).hexdigest()
            known = self._known(at, idempotency_key, digest)
            if known is not None:
                return known, False
            draft = Message(
                id=id or self._new_id("message", at.kind),
                seq=self._store.next_seq(),
                endpoint_id=at.id,
                kind=at.kind,
                event_id=event_id,
                idempotency_key=idempotency_key,
                event_type=event_type,
                content_type=content_type,
                size_bytes=len(payload),
                payload_sha256=digest,
                headers=headers or {},
                retention_ms=project.settings.retention_ms if retention_ms is None else retention_ms,
                config=config or {},
            )
            is_pushed = at.kind is not Kind.PULL if pushed is None else pushed
            message = lifecycle.accept(draft, at, project.policy, project.now(), pushed=is_pushed)
            self._store.add_message(message, payload)
            project.touched()
        return message, True

    def _known(self, endpoint: Endpoint, key: str | None, digest: str) -> Message | None:
        if key is None or not self._project.policy.idempotent:
            return None
        known = self._store.find_by_key(endpoint.id, key)
        if known is not None and known.payload_sha256 != digest:
            raise Refused(Reason.IDEMPOTENCY_MISMATCH, message_id=known.id, idempotency_key=key)
        return known

    def retry_now(self, message: Message | str, *, kind: Kind | None = None) -> Message:
        """Bring a planned retry forward to the scheduler's next poll."""
        project = self._project
        with project.lock, self._store.transaction():
            found = self.message(message, kind=kind)
            return self._keep(lifecycle.retry_now(found, project.policy, project.now()))

    def cancel(self, message: Message | str, *, kind: Kind | None = None) -> Message:
        """Give up a planned retry."""
        project = self._project
        with project.lock, self._store.transaction():
            return self._keep(lifecycle.cancel(self.message(message, kind=kind), project.now()))

    def replay(
        self,
        message: Message | str,
        *,
        kind: Kind | None = None,
        from_dead_letters: bool = False,
        allowed: frozenset[State] | None = None,
    ) -> Message:
        """Send a message again. `allowed`: states from which this way of replaying starts."""
        project = self._project
        with project.lock, self._store.transaction():
            found = self.message(message, kind=kind)
            endpoint = self._store.endpoint(found.endpoint_id)
            now, policy = project.now(), project.policy
            return self._keep(
                lifecycle.replay(
                    found, endpoint, policy, now, from_dead_letters=from_dead_letters, allowed=allowed
                )
            )

    def replay_many(
        self,
        ids: Iterable[str],
        *,
        kind: Kind | None = None,
        from_dead_letters: bool = False,
        allowed: frozenset[State] | None = None,
    ) -> list[tuple[str, Message | Refused | Missing]]:
        """Replay each id on its own; one that is refused or missing stands in the list with its error."""
        results: list[tuple[str, Message | Refused | Missing]] = []
        with self._project.lock, self._store.transaction():
            for id in ids:
                try:
                    done = self.replay(id, kind=kind, from_dead_letters=from_dead_letters, allowed=allowed)
                    results.append((id, done))
                except (Refused, Missing) as error:
                    results.append((id, error))
        return results

    def delete_message(
        self, message: Message | str, *, kind: Kind | None = None, by: str | None = None
    ) -> Message:
        """Delete a message: payload, planned retry and idempotency key go, the row stays."""
        project = self._project
        with project.lock, self._store.transaction():
            gone = lifecycle.delete(self.message(message, kind=kind), project.now(), by)
            self._store.drop_payloads([gone])
            return self._keep(gone)

    def sweep_payload(self, message: Message | str) -> Message:
        """Remove a message's payload now, as the retention sweep does when its time has come."""
        project = self._project
        with project.lock, self._store.transaction():
            swept = lifecycle.sweep(self.message(message), project.now())
            self._store.drop_payloads([swept])
            return self._keep(swept)

    def acknowledge(self, message: Message | str, *, kind: Kind | None = None) -> Message:
        """Note that the consumer has taken a message it fetched."""
        project = self._project
        with project.lock, self._store.transaction():
            return self._keep(lifecycle.acknowledge(self.message(message, kind=kind), project.now()))

    def annotate(self, message: Message | str, **config: Any) -> Message:
        """Set some of the dialect's own fields of a message."""
        project = self._project
        with project.lock, self._store.transaction():
            found = self.message(message)
            changed = replace(found, config={**found.config, **config}, updated_at=project.now())
            return self._keep(changed)

    def _keep(self, message: Message) -> Message:
        self._store.save_messages([message])
        self._project.touched()
        return message

    # --- events ----------------------------------------------------------

    def create_event(
        self,
        *,
        type: str,
        payload: bytes,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        source: str = "",
        status: str = "",
        content_type: str = "application/json",
        config: Mapping[str, Any] | None = None,
        id: str | None = None,
    ) -> Event:
        """Keep a producer's event; making messages of it is up to the dialect."""
        project = self._project
        with project.lock, self._store.transaction():
            now = project.now()
            event = Event(
                id=id or self._new_id("event", None),
                seq=self._store.next_seq(),
                type=type,
                idempotency_key=idempotency_key,
                payload=payload,
                content_type=content_type,
                headers=dict(headers or {}),
                source=source,
                status=status,
                config=dict(config or {}),
                created_at=now,
                updated_at=now,
            )
            self._store.add_event(event)
            project.touched()
        return event

    def update_event(self, event: Event, **changes: Any) -> Event:
        """Change fields of an event."""
        project = self._project
        with project.lock, self._store.transaction():
            changed = replace(event, **changes, updated_at=project.now())
            self._store.save_event(changed)
            project.touched()
        return changed

    # --- small parts -----------------------------------------------------

    @property
    def _store(self) -> Store:
        return self._project.store

    def _new_id(self, what: str, kind: Kind | None) -> str:
        project = self._project
        return project.dialect.new_id(what, kind, project.chance, project.now())

"""The endpoint store: all endpoints of a context, by id, ordered by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hooktop.console.model import Endpoint, EndpointState
from hooktop.console.stores.filter.language import EVERYTHING, Filter


class EndpointStore:
    """Endpoints by id. ``version`` grows with every change."""

    def __init__(self) -> None:
        self.version = 0
        self._rows: dict[str, Endpoint] = {}
        self._filter = EVERYTHING
        self._view: list[Endpoint] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def by_id(self) -> Mapping[str, Endpoint]:
        """Every endpoint by id."""
        return self._rows

    def all(self) -> tuple[Endpoint, ...]:
        """Every endpoint, by name."""
        return tuple(sorted(self._rows.values(), key=lambda row: (row.kind.value, row.name, row.id)))

    def view(self) -> list[Endpoint]:
        """The endpoints that pass the filter, by name."""
        if self._view is None:
            self._view = [row for row in self.all() if self._filter.matches_endpoint(row)]
        return self._view

    def get(self, id_: str) -> Endpoint | None:
        """One endpoint by id."""
        return self._rows.get(id_)

    def named(self, name: str) -> Endpoint | None:
        """One endpoint by its id or name."""
        found = self._rows.get(name)
        return found or next((row for row in self._rows.values() if row.name == name), None)

    def paused(self) -> tuple[Endpoint, ...]:
        """The endpoints that do not deliver because somebody paused them."""
        return tuple(row for row in self._rows.values() if row.state is EndpointState.PAUSED)

    def set_filter(self, filter_: Filter) -> None:
        """Show only what passes."""
        self._filter = filter_
        self._changed()

    def upsert(self, endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
        """Add or replace; returns the ids that are new or changed."""
        changed = [row for row in endpoints if self._rows.get(row.id) != row]
        for row in changed:
            self._rows[row.id] = row
        if changed:
            self._changed()
        return tuple(row.id for row in changed)

    def remove(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Take endpoints out; returns the ids that were there."""
        gone = tuple(id_ for id_ in ids if self._rows.pop(id_, None) is not None)
        if gone:
            self._changed()
        return gone

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._changed()

    def _changed(self) -> None:
        self._view = None
        self.version += 1

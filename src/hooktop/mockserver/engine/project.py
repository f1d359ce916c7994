"""A project: one tenant with its own data, clock, receivers, faults, journal and seed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from hooktop.mockserver.delivery.policy import DAY, Policy
from hooktop.mockserver.engine import world
from hooktop.mockserver.engine.chance import Chance
from hooktop.mockserver.engine.clock import Clock, VirtualClock
from hooktop.mockserver.engine.desk import Desk, Missing
from hooktop.mockserver.engine.faults import Faults
from hooktop.mockserver.engine.journal import Journal
from hooktop.mockserver.engine.receivers import Receivers
from hooktop.mockserver.engine.traffic import Traffic

if TYPE_CHECKING:
    from hooktop.mockserver.engine.dialect import Dialect
    from hooktop.mockserver.engine.store import Store

SIMULATE = "simulate"
HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What may be chosen for a project."""

    deliver: str = SIMULATE
    """`simulate`: scripted receivers answer; `http`: deliveries really go out."""
    profile: Mapping[str, str] = field(default_factory=dict)
    """Switches between readings of contradicting documentation."""
    retention_ms: int = 30 * DAY
    """The plan's longest payload retention, and the default of a message that asks for none."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The dialect's own fields, JSON-able."""


def _nobody(_project: Project) -> None:
    """Take the place of a scheduler where there is none."""


def _gone(project: Project) -> NoReturn:
    """Take the place of the store's maker once the project is closed."""
    raise Missing("project", project.id)


class Project:
    """One tenant. Hold `lock` around a read that a write depends on; the desk's verbs do so themselves."""

    def __init__(
        self,
        *,
        id: str,
        name: str,
        seed: int,
        api_key: str,
        dialect: Dialect,
        clock: Clock,
        chance: Chance,
        open_store: Callable[[Project], Store],
        settings: Settings | None = None,
        scenario: str | None = None,
        created_at: int | None = None,
    ) -> None:
        self.id = id
        self.api = dialect.name
        self.name = name
        self.seed = seed
        self.api_key = api_key
        self.dialect = dialect
        self.clock = clock
        self.chance = chance
        self.settings = settings or Settings()
        self.policy: Policy = dialect.policy(self.settings)
        self.scenario = scenario
        self.created_at = clock.now() if created_at is None else created_at
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.advancing = threading.Lock()
        self.receivers = Receivers(chance, self.remember)
        self.faults = Faults(chance, self.now, self.remember)
        self.journal = Journal(self.signal)
        self.traffic = Traffic()
        self.desk = Desk(self)
        self.rate_slots: dict[str, int] = {}
        self.snapshots: dict[str, bytes] = {}
        self.baseline: bytes | None = None
        """The data to which a reset returns; None: none at all."""
        self.base_state: dict[str, Any] = {}
        self.poke: Callable[[Project], None] = _nobody
        self.on_endpoint: Callable[[Project, str], None] = lambda _project, _id: None
        self._open_store = open_store
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        """The project's data; opened when first asked for."""
        if self._store is None:
            with self.lock:
                if self._store is None:
                    self._store = self._open_store(self)
        return self._store

    @property
    def has_data(self) -> bool:
        """Whether the store has been opened; an untouched project costs nothing."""
        return self._store is not None

    def use_store(self, store: Store | None) -> None:
        """Put another store in place; None: a fresh one is opened when needed."""
        with self.lock:
            if self._store is not None:
                self._store.close()
            self._store = store

    def signal(self) -> None:
        """Wake whoever waits for a change of messages or journal."""
        with self.lock:
            self.changed.notify_all()

    def touched(self) -> None:
        """Tell waiters and the scheduler that data have changed. Call with the lock held."""
        self.changed.notify_all()
        self.poke(self)

    def configure(self, **changes: Any) -> Settings:
        """Change settings; the policy follows. Raises TypeError for an unknown field."""
        with self.lock:
            self.settings = replace(self.settings, **changes)
            self.policy = self.dialect.policy(self.settings)
            self.remember()
            return self.settings

    def now(self) -> int:
        """The project's time."""
        return self.clock.now()

    def move_to(self, at: int) -> int:
        """The instant at which something due at `at` happens; a virtual clock is moved there.

        A scaled clock's work is done as of the instant it was due, however late the thread comes to it.
        """
        clock = self.clock
        if isinstance(clock, VirtualClock):
            if at > clock.now():
                clock.move_to(at)
            return clock.now()
        return min(at, clock.now()) if clock.mode == "scaled" else clock.now()

    def set_clock(self, clock: Clock) -> None:
        """Let the project live by another clock."""
        with self.lock:
            self.clock = clock
            self.remember_clock()
            self.touched()

    def remember(self) -> None:
        """Let a durable store know what is kept outside of its tables."""
        if self._store is not None and self._store.durable:
            world.keep_state(self)

    def remember_clock(self) -> None:
        """Let a durable store know how far the clock has come."""
        if self._store is not None and self._store.durable:
            with self._store.transaction():
                self._store.put_note("clock", msgspec.json.encode(self.clock.state()))

    def close(self) -> None:
        """Let go of the store for good: whoever still asks for it learns that the project is Missing."""
        with self.lock:
            self.traffic = Traffic()
            self._open_store = _gone
            self.use_store(None)

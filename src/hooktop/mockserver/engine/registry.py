"""All projects of a server: made, found by key or endpoint, reset, snapshot, dropped."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hooktop.mockserver.delivery import lifecycle
from hooktop.mockserver.engine import world
from hooktop.mockserver.engine.catalogue import Card, Catalogue
from hooktop.mockserver.engine.chance import Chance
from hooktop.mockserver.engine.clock import Clock, RealClock, VirtualClock
from hooktop.mockserver.engine.desk import Missing
from hooktop.mockserver.engine.dialect import Dialect
from hooktop.mockserver.engine.history import go_on, play
from hooktop.mockserver.engine.project import Project, Settings
from hooktop.mockserver.engine.scenario import Scenario, ScenarioError, load_scenario
from hooktop.mockserver.engine.scheduler import Scheduler
from hooktop.mockserver.engine.sqlite_store import SqliteStore
from hooktop.mockserver.engine.store import EndpointQuery, Store, StoreError

log = logging.getLogger("hooktop.mockserver.registry")


class UnknownApi(ValueError):
    """No dialect has this name; the message names those that there are."""


class Registry:
    """The projects of one server. `store_path` None: everything in memory."""

    def __init__(
        self,
        dialects: Mapping[str, Dialect],
        *,
        scheduler: Scheduler | None = None,
        store_path: str | None = None,
        seed: int | None = None,
        make_clock: Callable[[], Clock] = RealClock,
        settings: Settings | None = None,
    ) -> None:
        self.dialects = dict(dialects)
        self.scheduler = scheduler or Scheduler()
        self.settings = settings or Settings()
        self._make_clock = make_clock
        self._lock = threading.RLock()
        self._projects: dict[str, Project] = {}
        self._keys: dict[str, Project] = {}
        self._endpoints: dict[str, list[Project]] = {}
        self._catalogue = None if store_path is None else Catalogue(store_path)
        self.seed = secrets.randbits(32) if seed is None else seed
        boot = self._catalogue.boot if self._catalogue else 0
        self._chance = Chance(self.seed, boot=boot)
        if self._catalogue is not None:
            self._open_all(self._catalogue)

    # --- making ----------------------------------------------------------

    def create(
        self,
        api: str,
        *,
        name: str | None = None,
        scenario: str | None = None,
        seed: int | None = None,
        clock: Clock | None = None,
        deliver: str | None = None,
        profile: Mapping[str, str] | None = None,
        faults: Iterable[Any] | None = None,
    ) -> Project:
        """A fresh project; with a `scenario` (a name or a file) its world of this api is played into it.

        Raises UnknownApi, ScenarioError, FaultError; then nothing has been made.
        """
        plan = None
        if scenario is not None:
            loaded = load_scenario(scenario)
            plan, scenario = loaded.project_of(api), loaded.reference
            name, seed = name or plan.name, plan.seed if seed is None else seed
        project = self._new(api, name or "default", seed, clock, deliver, profile, scenario)
        if faults is not None:
            project.faults.put(faults)
        if plan is not None:
            play(project, plan)
        self._enter(project)
        return project

    def load(
        self,
        scenario: str | Scenario,
        *,
        seed: int | None = None,
        make_clock: Callable[[], Clock] | None = None,
        deliver: str | None = None,
        profile: Mapping[str, str] | None = None,
    ) -> list[Project]:
        """All projects of a scenario, each with its world. `seed` takes the place of the scenario's own."""
        loaded = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        projects = []
        for number, plan in enumerate(loaded.projects):
            chosen = plan.seed if seed is None else seed + number
            clock = (make_clock or self._make_clock)()
            project = self._new(plan.api, plan.name, chosen, clock, deliver, profile, loaded.reference)
            play(project, plan)
            self._enter(project)
            projects.append(project)
        return projects

    def _new(
        self,
        api: str,
        name: str,
        seed: int | None,
        clock: Clock | None,
        deliver: str | None,
        profile: Mapping[str, str] | None,
        scenario: str | None,
    ) -> Project:
        dialect = self._dialect(api)
        with self._lock:
            chosen = clock or self._make_clock()
            picked = int.from_bytes(self._chance.draw("seed", 4), "big") if seed is None else seed
            return Project(
                id=dialect.new_id("project", None, self._chance, chosen.now()),
                name=name,
                seed=picked,
                api_key=dialect.api_key(self._chance),
                dialect=dialect,
                clock=chosen,
                chance=Chance(picked),
                open_store=self._open_store,
                scenario=scenario,
                settings=Settings(
                    deliver=deliver or self.settings.deliver,
                    profile={**self.settings.profile, **(profile or {})},
                    retention_ms=self.settings.retention_ms,
                    config=self.settings.config,
                ),
            )

    def _dialect(self, api: str) -> Dialect:
        try:
            return self.dialects[api]
        except KeyError:
            raise UnknownApi(f"unknown api {api!r}: give one of {', '.join(sorted(self.dialects))}") from None

    def _enter(self, project: Project) -> None:
        with self._lock:
            self._projects[project.id] = project
            self._keys[project.api_key] = project
        project.on_endpoint = self._note_endpoint
        project.dialect.created(project)
        if self._catalogue is not None:
            self._catalogue.add(_card(project))
            world.keep_state(project)
        if project.has_data:
            project.baseline = world.image_of(project)
            self._index(project)
            if self._catalogue is not None:
                self._catalogue.baseline_path(project.id).write_bytes(project.baseline)
        project.base_state = world.state_of(project)
        self.scheduler.watch(project)

    def _open_store(self, project: Project) -> Store:
        if self._catalogue is None:
            return SqliteStore(lock=project.lock)
        return SqliteStore(self._catalogue.data_path(project.id), project.lock)

    # --- opening again ---------------------------------------------------

    def _open_all(self, catalogue: Catalogue) -> None:
        for card in catalogue.cards():
            project = self._reopen(card, catalogue)
            self._projects[project.id] = project
            self._keys[project.api_key] = project
        for value, project_id in catalogue.further_keys():
            if project_id in self._projects:
                self._keys[value] = self._projects[project_id]

    def _reopen(self, card: Card, catalogue: Catalogue) -> Project:
        project = Project(
            id=card.id,
            name=card.name,
            seed=card.seed,
            api_key=card.api_key,
            dialect=self._dialect(card.api),
            clock=VirtualClock(card.created_at),
            chance=Chance(card.seed, boot=catalogue.boot),
            open_store=self._open_store,
            scenario=card.scenario,
            created_at=card.created_at,
        )
        boot_counters = project.chance.counters()
        if not world.load_state(project):
            raise StoreError(
                f"{catalogue.data_path(card.id)}: the project's state is missing; remove the store"
            )
        project.chance.go_on_from(boot_counters)
        if card.scenario is not None:
            _go_on(project, card.scenario)
        baseline = catalogue.baseline_path(card.id)
        project.baseline = baseline.read_bytes() if baseline.exists() else None
        project.base_state = world.base_state_of(project)
        self._recover(project)
        project.on_endpoint = self._note_endpoint
        self._index(project)
        self.scheduler.watch(project)
        return project

    def _recover(self, project: Project) -> None:
        """Put back what the end of the last process cut off."""
        with project.lock, project.store.transaction():
            cut_off = project.store.cut_off()
            project.store.save_messages([lifecycle.recover(message, project.now()) for message in cut_off])

    def request_id(self) -> str:
        """A fresh id for a request that concerns no project; like all chance it comes from the seed."""
        return self._chance.hex(32, "request")

    # --- finding ---------------------------------------------------------

    def get(self, project_id: str) -> Project:
        """The project of this id. Raises Missing."""
        project = self._projects.get(project_id)
        if project is None:
            raise Missing("project", project_id)
        return project

    def by_key(self, api_key: str) -> Project | None:
        """The project that this key opens."""
        return self._keys.get(api_key)

    def all(self) -> list[Project]:
        """All projects, oldest first."""
        return list(self._projects.values())

    def find_endpoint(self, endpoint_id: str) -> Project | None:
        """The project that has this endpoint; of several (made from one seed) the newest."""
        for project in reversed(self._endpoints.get(endpoint_id, [])):
            if project.store.endpoint(endpoint_id) is not None:
                return project
        return None

    def add_key(self, project: Project, api_key: str) -> None:
        """Let a further key open a project."""
        with self._lock:
            self._keys[api_key] = project
        if self._catalogue is not None:
            self._catalogue.add_key(api_key, project.id)

    def drop_key(self, api_key: str) -> None:
        """Let a key open nothing any more."""
        with self._lock:
            self._keys.pop(api_key, None)
        if self._catalogue is not None:
            self._catalogue.drop_key(api_key)

    def _note_endpoint(self, project: Project, endpoint_id: str) -> None:
        with self._lock:
            found = self._endpoints.setdefault(endpoint_id, [])
            if project not in found:
                found.append(project)

    def _index(self, project: Project) -> None:
        for endpoint in project.store.endpoints(EndpointQuery(deleted=None, limit=2**31)):
            self._note_endpoint(project, endpoint.id)

    # --- ending ----------------------------------------------------------

    def drop(self, project_id: str) -> None:
        """Remove a project and all its data. Raises Missing."""
        project = self.get(project_id)
        self.scheduler.unwatch(project)
        with self._lock:
            del self._projects[project_id]
            for key in [key for key, owner in self._keys.items() if owner is project]:
                del self._keys[key]
            for id in [id for id, owners in self._endpoints.items() if project in owners]:
                self._endpoints[id].remove(project)
                if not self._endpoints[id]:
                    del self._endpoints[id]
        project.close()
        if self._catalogue is not None:
            self._catalogue.drop(project_id)

    def close(self, timeout: float = 5.0) -> None:
        """Stop the scheduler, giving running attempts `timeout` seconds to end, and let go of all data; what a file store keeps is there again next time."""
        self.scheduler.stop(timeout)
        for project in self.all():
            if self._catalogue is not None:
                world.keep_state(project)
            project.close()
        if self._catalogue is not None:
            self._catalogue.close()

    # --- points in time --------------------------------------------------

    def reset(self, project: Project, what: str = "all") -> None:
        """Back to how the project was when it was made, scenario included; `what` see world.PARTS."""
        world.reset(project, what)
        self._index_again(project)

    def snapshot(self, project: Project, name: str) -> None:
        """Keep the project's state under a name, in place of an older one of that name."""
        project.snapshots[name] = world.image_of(project)

    def restore(self, project: Project, name: str) -> None:
        """Go back to a named state. Raises Missing."""
        if name not in project.snapshots:
            raise Missing("snapshot", name)
        world.restore(project, project.snapshots[name])
        self._index_again(project)

    def export(self, project: Project) -> bytes:
        """The whole project as a file."""
        return world.image_of(project)

    def import_(self, project: Project, image: bytes) -> None:
        """Take a whole exported project in, in place of this one's state. Raises StoreError."""
        world.restore(project, image)
        self._index_again(project)

    def _index_again(self, project: Project) -> None:
        if project.has_data:
            self._index(project)
        self.scheduler.poke(project)


def _go_on(project: Project, scenario: str) -> None:
    """Let the scenario's producers go on; without its file the data are there all the same."""
    try:
        go_on(project, load_scenario(scenario).project_of(project.api))
    except ScenarioError as error:
        log.warning("project %s: its producers stay silent: %s", project.id, error)


def _card(project: Project) -> Card:
    return Card(
        id=project.id,
        api=project.api,
        name=project.name,
        seed=project.seed,
        api_key=project.api_key,
        scenario=project.scenario,
        created_at=project.created_at,
    )

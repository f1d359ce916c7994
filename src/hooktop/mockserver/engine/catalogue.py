"""The list of a server's projects in a file, so that they are there again after a restart."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from hooktop.mockserver.engine.store import StoreError

_VERSION = 1
_TABLES = """
CREATE TABLE projects (
    id TEXT PRIMARY KEY, api TEXT NOT NULL, name TEXT NOT NULL, seed INTEGER NOT NULL, api_key TEXT NOT NULL,
    scenario TEXT, created_at INTEGER NOT NULL, number INTEGER NOT NULL
);
CREATE TABLE keys (value TEXT PRIMARY KEY, project_id TEXT NOT NULL);
CREATE TABLE boots (number INTEGER PRIMARY KEY);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the catalogue knows of one project."""

    id: str
    api: str
    name: str
    seed: int
    api_key: str
    scenario: str | None
    created_at: int


class Catalogue:
    """Projects and their keys in one SQLite file; each project's data lie in the folder PATH.d beside it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, check_same_thread=False)
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path}: {error}; give another --store or remove the file") from error
        self.boot = self._count_boot()

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not self._connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            self._connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
        elif version != _VERSION:
            raise StoreError(f"{self.path}: not a list of projects of this version; give another --store")

    def _count_boot(self) -> int:
        with self._change() as connection:
            connection.execute("INSERT INTO boots DEFAULT VALUES")
            return int(connection.execute("SELECT max(number) FROM boots").fetchone()[0]) - 1

    def data_path(self, project_id: str) -> str:
        """The file of a project's data."""
        return f"{self.path}.d/{project_id}.db"

    def baseline_path(self, project_id: str) -> Path:
        """The file of the state to which a reset returns."""
        return Path(f"{self.path}.d/{project_id}.base")

    def add(self, card: Card) -> None:
        """Note a new project."""
        with self._change() as connection:
            connection.execute(
                "INSERT INTO projects (id, api, name, seed, api_key, scenario, created_at, number) "
                "SELECT ?, ?, ?, ?, ?, ?, ?, count(*) FROM projects",
                (card.id, card.api, card.name, card.seed, card.api_key, card.scenario, card.created_at),
            )

    def drop(self, project_id: str) -> None:
        """Forget a project and remove its files."""
        with self._change() as connection:
            connection.execute("DELETE FROM projects WHERE id = ?", (project_id,))
            connection.execute("DELETE FROM keys WHERE project_id = ?", (project_id,))
        for path in Path(f"{self.path}.d").glob(f"{project_id}.*"):
            path.unlink(missing_ok=True)

    def add_key(self, value: str, project_id: str) -> None:
        """Note a further key of a project."""
        with self._change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO keys (value, project_id) VALUES (?, ?)", (value, project_id)
            )

    def drop_key(self, value: str) -> None:
        """Forget a key."""
        with self._change() as connection:
            connection.execute("DELETE FROM keys WHERE value = ?", (value,))

    def cards(self) -> list[Card]:
        """All projects, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, api, name, seed, api_key, scenario, created_at FROM projects ORDER BY number"
            ).fetchall()
        names = ("id", "api", "name", "seed", "api_key", "scenario", "created_at")
        return [Card(**dict(zip(names, row, strict=True))) for row in rows]

    def further_keys(self) -> Iterator[tuple[str, str]]:
        """All further keys, each with its project's id."""
        with self._lock:
            yield from self._connection.execute("SELECT value, project_id FROM keys").fetchall()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _change(self) -> _Change:
        return _Change(self._connection, self._lock)


class _Change:
    """One committed change, alone on the connection."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Lock) -> None:
        self._connection, self._lock = connection, lock

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        return self._connection.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._connection.__exit__(kind, error, trace)
        finally:
            self._lock.release()

"""One SQLite connection of one project: opening, locking, transactions, the image of the whole."""

from __future__ import annotations

import sqlite3
import threading
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from hooktop.mockserver.engine.sqlite_rows import Row
from hooktop.mockserver.engine.sqlite_schema import TABLES, VERSION
from hooktop.mockserver.engine.store import StoreError

MEMORY = ":memory:"
_PAGE_SIZE = 2048
"""Half of the usual: most projects are small, and every table and index takes at least one page."""
_MAGIC = b"SQLite format 3\0"
_WAL_FLAGS = slice(18, 20)
"""Bytes of a database's header that say "has a write-ahead log"; an image must not say so."""


@cache
def empty_image() -> bytes:
    """A database with all tables and no rows, made once: copying it is far cheaper than creating tables."""
    connection = _connect(MEMORY)
    connection.executescript(TABLES)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    image: bytes = connection.serialize()
    connection.close()
    return image


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
    connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
    if path == MEMORY:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        return connection
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA busy_timeout = 5000")
    return connection


def copy_into(connection: sqlite3.Connection, image: bytes) -> None:
    """Make `connection` hold exactly what `image` holds."""
    if not image.startswith(_MAGIC):
        raise StoreError("the image is not a project's data: it does not begin like a database")
    source = sqlite3.connect(MEMORY)
    try:
        source.deserialize(image)
        version = source.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise StoreError(f"the image has data version {version}, this program reads version {VERSION}")
        source.backup(connection)
    except sqlite3.DatabaseError as error:
        raise StoreError(f"the image is not a project's data: {error}") from error
    finally:
        source.close()


def open_database(path: str) -> sqlite3.Connection:
    """A connection to `path`, with all tables. Raises StoreError naming the file when it cannot be used."""
    if path != MEMORY:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = _connect(path)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            copy_into(connection, empty_image())
            version = VERSION
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}; give another --store or remove the file") from error
    if version != VERSION:
        connection.close()
        raise StoreError(
            f"{path}: data version {version}, this program reads version {VERSION}; use another file"
        )
    return connection


class _Transaction:
    """Reentrant: only the outermost one begins, commits or rolls back."""

    def __init__(self, core: SqliteCore) -> None:
        self._core = core
        self._depth = 0

    def __enter__(self) -> None:
        self._core.lock.acquire()
        if self._depth == 0:
            try:
                self._core.run("BEGIN IMMEDIATE")
            except BaseException:
                self._core.lock.release()
                raise
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                self._core.run("COMMIT" if kind is None else "ROLLBACK")
                if kind is not None:
                    self._core.forget()
        finally:
            self._core.lock.release()


class SqliteCore:
    """The connection, guarded by the project's lock, and the counter of rows."""

    _COUNTED = ("endpoints", "messages", "attempts", "events", "things")

    def __init__(self, path: str, lock: threading.RLock) -> None:
        self.lock = lock
        self.durable = path != MEMORY
        self._connection = open_database(path)
        self.run = self._connection.execute
        self.run_many = self._connection.executemany
        self._transaction = _Transaction(self)
        self._seq = 0
        self.forget()

    def transaction(self) -> _Transaction:
        """All or nothing; nested ones join the outer one."""
        return self._transaction

    def next_seq(self) -> int:
        """The next number of the order in which rows were made."""
        self._seq += 1
        return self._seq

    def forget(self) -> None:
        """Read again what was known of the tables: their content was put back or replaced."""
        tops = " UNION ALL ".join(f"SELECT max(seq) AS top FROM {table}" for table in self._COUNTED)
        self._seq = self.run(f"SELECT max(top) FROM ({tops}) AS tops").fetchone()[0] or 0

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        with self.lock:
            row: Row | None = self.run(sql, values).fetchone()
            return row

    def all(self, sql: str, values: tuple[Any, ...] = ()) -> list[Row]:
        """All rows."""
        with self.lock:
            return self.run(sql, values).fetchall()

    def note(self, name: str) -> bytes | None:
        """One of the engine's own notes."""
        row = self.one("SELECT value FROM notes WHERE name = ?", name)
        return None if row is None else row[0]

    def put_note(self, name: str, value: bytes) -> None:
        """Keep a note in place of the one of the same name."""
        self.run(
            "INSERT INTO notes (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def dump(self) -> bytes:
        """Everything, as one file's bytes."""
        with self.lock:
            image = bytearray(self._connection.serialize())
        image[_WAL_FLAGS] = b"\x01\x01"
        return bytes(image)

    def load(self, image: bytes) -> None:
        """Take the place of everything by what `dump` gave."""
        with self.lock:
            copy_into(self._connection, image)
            self.forget()

    def close(self) -> None:
        """Let go of the connection."""
        with self.lock:
            self._connection.close()

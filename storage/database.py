"""The door to the database: SQLite (WAL, synchronous=FULL) or PostgreSQL, one way to write and one to read.

SQLite has one writer at a time and waits for it by polling; a file lock, which the kernel hands over at once, keeps
the acknowledging process from sleeping while the answering process writes.
"""

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

#: Seconds SQLite itself may wait for a foreign writer (a backup, a shell) that does not know our lock.
SQLITE_BUSY_TIMEOUT_S = 30


class _WriterLock:
    """Lets one writer in: among this process's threads by a lock, among processes by flock on a file beside it."""

    def __init__(self, path: str | None) -> None:
        self._threads = threading.Lock()
        self._file = open(path, "w") if path else None  # noqa: SIM115 - held for the life of the process

    def __enter__(self) -> None:
        self._threads.acquire()
        if self._file:
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        if self._file:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        if self._file:
            self._file.close()


class Database:
    """Sessions on one database. Make one per process, after forking."""

    def __init__(self, url: str, before_write: Callable[[], None] | None = None) -> None:
        """`before_write` is called before a writer takes its turn; it may wait."""
        self._before_write = before_write
        parsed = make_url(url)
        self.url = url
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        #: The path of an SQLite database on disk; empty for any other.
        self.file = str(parsed.database or "").replace(":memory:", "") if self.is_sqlite else ""
        self._lock: _WriterLock | None = None
        if self.is_sqlite:
            self.engine = _open_sqlite(parsed.database)
            self._lock = _WriterLock(f"{self.file}-writer" if self.file else None)
        else:
            self.engine = create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, autoflush=True)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises. Never call out inside it."""
        if self._before_write is not None:
            self._before_write()
        if self._lock is None:
            with self._sessions.begin() as db:
                yield db
            return
        with self._lock, self._sessions() as db:
            db.connection(execution_options={"wanzi_write": True})
            yield db
            db.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking only; whatever it changed is rolled back."""
        with self._sessions() as db:
            yield db
            db.rollback()

    def close(self) -> None:
        self.engine.dispose()
        if self._lock is not None:
            self._lock.close()


def _open_sqlite(path: str | None) -> Engine:
    if path in (None, "", ":memory:"):
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        Path(str(path)).parent.mkdir(parents=True, exist_ok=True)
        # last in, first out: writers follow each other on one connection, whose page cache is warm
        engine = create_engine(
            f"sqlite:///{path}", connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S}, pool_size=20, pool_use_lifo=True
        )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("wanzi_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine

"""Databases for tests: SQLite files, and PostgreSQL where a server is reachable."""

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg

from bot.bootstrap import upgrade_database

POSTGRES_URL = os.environ.get("WANZI_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


def postgres_missing() -> str:
    """Why PostgreSQL cannot be used; empty when it can."""
    try:
        psycopg.connect(POSTGRES_URL.replace("+psycopg", ""), connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return f"no PostgreSQL at {POSTGRES_URL.rpartition('@')[2]}: {str(error).splitlines()[0]}"
    return ""


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a fresh database with all tables."""
    if kind == "sqlite":
        (folder / "wanzi.db").write_bytes(_sqlite_template())
        yield f"sqlite:///{folder}/wanzi.db"
        return
    name = f"wanzi_test_{uuid4().hex[:12]}"
    _administer(f"CREATE DATABASE {name} TEMPLATE {_postgres_template()}")
    try:
        yield f"{POSTGRES_URL.rpartition('/')[0]}/{name}"
    finally:
        _administer(f"DROP DATABASE {name} WITH (FORCE)")


@cache
def _sqlite_template() -> bytes:
    """An SQLite file with all tables: migrated once, copied for every test."""
    with TemporaryDirectory() as folder:
        upgrade_database(f"sqlite:///{folder}/template.db")
        return Path(folder, "template.db").read_bytes()


@cache
def _postgres_template() -> str:
    """The name of a PostgreSQL database with all tables, dropped when the tests end."""
    name = f"wanzi_template_{uuid4().hex[:12]}"
    _administer(f"CREATE DATABASE {name}")
    atexit.register(_administer, f"DROP DATABASE {name} WITH (FORCE)")
    upgrade_database(f"{POSTGRES_URL.rpartition('/')[0]}/{name}")
    return name


def _administer(statement: str) -> None:
    with psycopg.connect(POSTGRES_URL.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(statement.encode())

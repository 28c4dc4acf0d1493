"""Databases for tests: SQLite files, and PostgreSQL where a server is reachable."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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
        url = f"sqlite:///{folder}/wanzi.db"
        upgrade_database(url)
        yield url
        return
    name = f"wanzi_test_{uuid4().hex[:12]}"
    admin = psycopg.connect(POSTGRES_URL.replace("+psycopg", ""), autocommit=True)
    admin.execute(f"CREATE DATABASE {name}")
    url = f"{POSTGRES_URL.rpartition('/')[0]}/{name}"
    try:
        upgrade_database(url)
        yield url
    finally:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.close()

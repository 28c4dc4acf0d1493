"""Fixtures that every test may use. Databases are real: SQLite, and PostgreSQL where there is a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.brand import Brand, load_brand
from storage.database import Database
from tests.databases import new_database, postgres_missing
from tests.story import Story

ROOT = Path(__file__).parent.parent
_skipped: set[str] = set()


@pytest.fixture(scope="session")
def brand() -> Brand:
    return load_brand(ROOT / "brands" / "fuyu", "xiaowanzi", "Asia/Shanghai")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgres" and (missing := postgres_missing()):
        _skipped.add(missing)
        pytest.skip(missing)
    with new_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def story(tmp_path: Path, database_url: str, brand: Brand) -> Iterator[Story]:
    told = Story(tmp_path, database_url, brand)
    yield told
    told.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for missing in sorted(_skipped):
        terminalreporter.write_line(f"NOT RUN: suites that need a service. {missing}", yellow=True)

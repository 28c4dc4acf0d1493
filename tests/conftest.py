"""Fixtures that every test may use. Databases are real: SQLite, and PostgreSQL where there is a server."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from handlers.brand import Brand, load_brand
from storage.database import Database
from tests.databases import new_database, postgres_missing
from tests.story import Story

ROOT = Path(__file__).parent.parent

# A slow machine is no fault of the code: how long an example takes decides nothing.
settings.register_profile("wanzi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wanzi")


@pytest.fixture(scope="session")
def brand() -> Brand:
    return load_brand(ROOT / "brands" / "fuyu", "xiaowanzi", "Asia/Shanghai")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgres" and (missing := postgres_missing()):
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
    """Nothing is skipped silently: each reason once, with how many tests it kept from running."""
    reasons = Counter(str(report.longrepr[-1]) for report in terminalreporter.stats.get("skipped", []))
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"NOT RUN: {count} tests. {reason}", yellow=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where every suite must run (WANZI_TEST_ALL), one that did not is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("WANZI_TEST_ALL") and skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

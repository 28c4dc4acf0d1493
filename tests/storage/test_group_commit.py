"""A callback is acknowledged only when its row is on disk, whatever happens to the thread that writes for others."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.base import utc
from storage.database import Database
from storage.inbox import GroupCommit, InboxRow, NewRow
from tests.databases import new_database


class _Failing(Database):
    """A database whose disk fails twice: the first write waits for `go`, so that others queue up behind it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.entered, self.go = threading.Event(), threading.Event()
        self._failures = 2

    @contextmanager
    def write(self) -> Iterator[Session]:
        self.entered.set()
        self.go.wait(5)
        if self._failures:
            self._failures -= 1
            raise OSError("disk")
        with super().write() as db:
            yield db


def test_nobody_is_told_that_a_row_is_stored_when_the_writing_thread_fails(tmp_path: Path) -> None:
    with new_database("sqlite", tmp_path) as url:
        database = _Failing(url)
        commit = GroupCommit(database)

        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(commit.put, NewRow("first", "kind", "lane", "{}"), utc(1))
            assert database.entered.wait(5)
            others = [pool.submit(commit.put, NewRow(f"k{n}", "kind", f"lane{n}", "{}"), utc(1)) for n in range(3)]
            time.sleep(0.2)
            database.go.set()

        assert all(put.exception() is not None for put in (first, *others))
        with database.read() as db:
            assert db.scalar(select(func.count()).select_from(InboxRow)) == 0
        database.close()

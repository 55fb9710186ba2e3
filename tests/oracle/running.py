"""Programs are run on a small SQLite database, and recorded."""

from __future__ import annotations

import asyncio
import itertools
import linecache
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import create_engine, orm
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard import Report, record
from tests.oracle import mappings

NAMES = {**vars(sqlalchemy), **vars(orm), **vars(mappings)}
_versions = itertools.count(1)


@dataclass
class Run:
    """What a program gave, and what was recorded of it."""

    out: list[Any]
    report: Report


class World:
    """Two databases with the same rows: one for each kind of session."""

    def __init__(self) -> None:
        self.engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}, query_cache_size=5000
        )
        self.loop = asyncio.new_event_loop()
        self.async_engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
        with Session(self.engine) as session:
            self._fill(session)
        self.loop.run_until_complete(self._fill_async())

    def _fill(self, session: Session) -> None:
        mappings.Base.metadata.create_all(session.connection())
        session.add_all(mappings.rows())
        session.commit()

    async def _fill_async(self) -> None:
        async with AsyncSession(self.async_engine) as session:
            await session.run_sync(self._fill)

    def run(self, source: str, *, is_async: bool = False, **options: Any) -> Run:
        """Run the function `work(session, out)` of a source, as if it stood in a file, and take back what it wrote."""
        return self.run_work(compiled(source), is_async=is_async, **options)

    def run_work(self, work: Any, *, is_async: bool = False, **options: Any) -> Run:
        """Run the function `work(session, out)`, and take back what it wrote."""
        out: list[Any] = []
        if is_async:
            report = self.loop.run_until_complete(self._run_async(work, out, options))
        else:
            with Session(self.engine, **options) as session, record("program") as recording:
                work(session, out)
                session.rollback()
            report = recording.report
        return Run(out, report)

    async def _run_async(self, work: Any, out: list[Any], options: dict[str, Any]) -> Report:
        async with AsyncSession(self.async_engine, **options) as session:
            with record("program") as recording:
                await work(session, out)
                await session.rollback()
        return recording.report

    def close(self) -> None:
        self.engine.dispose()
        self.loop.run_until_complete(self.async_engine.dispose())
        self.loop.close()


@contextmanager
def world() -> Iterator[World]:
    made = World()
    try:
        yield made
    finally:
        made.close()


def compiled(source: str) -> Any:
    """Compile a source under a file name of its own that tracebacks, and the guard, can read it by."""
    file = f"/programs/version_{next(_versions)}.py"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names = dict(NAMES)
    exec(compile(source, file, "exec"), names)
    return names["work"]

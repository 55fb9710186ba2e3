"""A driver that does not await, in the thread of the event loop."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.records import Facts, Finding, Statement, Triggers, grouped, shown_seconds

KIND = "blocking_driver"

_ASYNC = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite", "mysql": "mysql+asyncmy"}
"""The URL of an async driver for each dialect."""


class BlockingDriver:
    """Find statements of a sync driver that blocked the event loop: sent in `async def`, not in a thread or run_sync.

    Only information for a database in the process, such as SQLite.
    """

    @property
    def triggers(self) -> Triggers:
        return {"blocking_statements": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        blocking = (row for row in facts.statements if row.blocking and row.request)
        for rows in grouped(blocking, lambda row: (row.site.key, row.engine.serial)).values():
            yield _finding(rows)


def _finding(rows: list[Statement]) -> Finding:
    first = rows[0]
    total = sum(row.duration for row in rows)
    statements = "1 statement" if len(rows) == 1 else f"{len(rows)} statements"
    name = _ASYNC.get(first.engine.dialect, "an async driver")
    return Finding(
        kind=KIND,
        severity="warning" if first.engine.is_server else "info",
        summary=f"{statements} of {first.engine.name} held up the event loop for {shown_seconds(total)}: {first.sql}",
        fix=f"Declare the endpoint with `def`, which runs it in a thread, or use AsyncSession on {name}",
        site=first.site,
        count=len(rows),
        saving=total,
        phase=first.phase,
        statements=tuple(row.serial for row in rows),
        request=first.request,
    )

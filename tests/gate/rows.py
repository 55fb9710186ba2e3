"""The scenarios of the gate: what must be found, and what must stay silent."""

from __future__ import annotations

import re

ROWS = {
    "N1": "lazy one-to-many in a loop, sync session, `def` endpoint",
    "N2": "lazy many-to-one in a loop",
    "N3": "two levels, lazy on lazy: the inner fix is chained from the query that loaded the parents",
    "N4": "lazy many-to-many; self-referential; joined inheritance",
    "N5": "`awaitable_attrs` in a loop",
    "N6": "the same inside `run_sync`",
    "N7": "loop of `select(...).where(pk == x)`",
    "N7b": "the filter is the foreign key of a mapped relationship: the loader is named",
    "N8": "loop of `session.get`, also of three",
    "N9": "loop over Core, text with binds, text with literals",
    "N10": "IN list that grows by one in each pass",
    "N11": "deferred column in a loop",
    "N12": "attributes expired by a commit, read in a loop",
    "N13": "row-by-row INSERT, UPDATE, DELETE",
    "N14": "lazy load while FastAPI serialises `response_model`",
    "N15": "interleaved loads of A, of B, and a get",
    "N16": "recursion over a tree",
    "N17": "in a background task, a streaming body, a dependency's exit, a WebSocket",
    "N18": "`asyncio.gather` of the same select",
    "N19": "many short sessions, one statement each",
    "N20": "the endpoint raises after the loop",
    "N21": "a `selectinload` or refresh for each object",
    "N22": "one parent only, from a query that could return many (strict)",
    "S1": "selectinload over 1200 parents; nested; subqueryload; joinedload",
    "S2": "`add_all` of 1200 rows in one flush; `insert()` of 2400",
    "S3": "count and page; OFFSET walk; keyset walk; IN chunks; `yield_per`",
    "S4": "lazy load on one parent",
    "S5": "two loads on one line",
    "S6": "two relationships to one table",
    "S7": "authentication and endpoint look up one table on two lines",
    "S7b": "the same through one CRUD method",
    "S8": "the same shape on two engines; for two tenants",
    "S9": "a retry; a poll that commits between reads",
    "S10": "gather of distinct selects",
    "S11": "targets in the identity map; NULL foreign keys",
    "S12": "SAVEPOINT and RELEASE",
    "S13": "a WebSocket that answers each message with the same select",
    "S14": "one test that calls the same route five times",
    "D1": "the same statement with the same values",
    "D2": "the same after an UPDATE or a commit; FOR UPDATE; now(), nextval",
    "D3": "a slow statement",
    "D4": "a statement that is slow only because the event loop stood still",
    "D5": "a sync driver in `async def`; silent in threads, in run_sync, with async drivers",
    "D6": "a checkout that waits; who held the connection",
    "D7": "a pool timeout, with its holders",
    "D8": "a second checkout while one is held",
    "D9": "a session never closed, or left to the garbage collector",
    "D10": "held long and idle: a suspicion, withdrawn when it returns",
    "D11": "a stream that holds its connection is no leak",
    "D12": "a transaction open while the application waits",
    "D13": "a flush without commit; silent on errors, rollback, AUTOCOMMIT, in outer transactions",
    "D14": "two committed write transactions in a request",
    "D15": "a commit in a loop",
    "D16": "a dependency that commits after `yield`",
    "D17": "a write in a GET, also in a CTE",
    "D18": "two sibling collections joined; a chain is silent",
    "D19": "10 000 rows without LIMIT; streamed is silent",
    "D20": "a lazy load outside a greenlet",
    "D21": "an eager load that is never read",
    "D22": "failed, cancelled and refused leave nothing behind",
    "D23": "300 requests in parallel",
    "D24": "a task that outlives its request",
}

DRIVERS = ("sqlite3", "aiosqlite", "psycopg", "asyncpg")


def row_of(test_name: str) -> str | None:
    """Return the row that a test stands for: `test_n7b_the_filter_is...` is N7b."""
    match = re.match(r"test_([nsd])(\d+b?)_", test_name)
    return f"{match[1].upper()}{match[2]}" if match else None

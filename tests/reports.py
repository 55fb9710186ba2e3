"""Reports made by hand, for tests of what is shown of them."""

from __future__ import annotations

from typing import Any

from query_guard.records import (
    NO_INFO,
    NOWHERE,
    CallSite,
    Checkout,
    Engine,
    Facts,
    Finding,
    Frame,
    Loader,
    Pool,
    Report,
    Request,
    Statement,
    Step,
    Transaction,
)

ENGINE = Engine(1, "postgresql+asyncpg", "postgresql", True)
OF_POSTS = Step("User", "posts", True, "Post", ("User",), ("Post",))
POSTS = Loader("lazy", "User", "posts", True, ("User.posts",), ("User",), "Post", (OF_POSTS,), ("id",))
SITE = CallSite(
    31, (Frame("crud.py", 31, "load_posts", 28), Frame("routers/users.py", 12, "list_users", 9)), "router", False
)
REQUEST = Request("http", "GET", "/users", "/users", 200)


def statement(serial: int = 1, **fields: Any) -> Statement:
    given: dict[str, Any] = {
        "serial": serial,
        "fingerprint": "f" * 16,
        "sql": "SELECT posts.id FROM posts WHERE posts.author_id = ?",
        "operation": "SELECT",
        "tables": ("posts",),
        "writes": (),
        "text": 1,
        "start": serial / 1000,
        "duration": 0.001,
        "stalled": 0.0,
        "site": SITE,
        "loader": None,
        "owner": None,
        "info": NO_INFO,
        "flush": 0,
        "engine": ENGINE,
        "connection": 1,
        "transaction": 1,
        "autocommit": False,
        "task": 1,
        "blocking": False,
        "batches": 1,
        "executemany": False,
        "streamed": False,
        "values": (serial,),
        "binds": 1,
        "rows": None,
        "loaded_by": None,
        "loaded": None,
        "error": None,
        "parameters": (),
        "phase": "endpoint",
        "segment": 0,
        "request": 1,
    }
    return Statement(**{**given, **fields})


def checkout(**fields: Any) -> Checkout:
    given: dict[str, Any] = {
        "serial": 1,
        "pool": 1,
        "connection": 1,
        "start": 0.0,
        "wait": 0.0,
        "connect": 0.0,
        "hold": 0.1,
        "busy": 0.0,
        "idle_in_transaction": 0.0,
        "outcome": "returned",
        "site": NOWHERE,
        "phase": "endpoint",
        "task": 1,
        "held_in_pool": 1,
        "holders": (),
        "request": 1,
    }
    return Checkout(**{**given, **fields})


def transaction(**fields: Any) -> Transaction:
    """Make one that wrote a row and was committed."""
    given: dict[str, Any] = {
        "serial": 1,
        "connection": 1,
        "start": 0.0,
        "end": 0.05,
        "outcome": "committed",
        "autocommit": False,
        "statements": 1,
        "writes": 1,
        "rows_written": 1,
        "has_failed": False,
        "ended_by": "application",
        "site": SITE,
        "phase": "endpoint",
        "segment": 0,
        "after_response": False,
        "engine": ENGINE,
        "pauses": (),
        "request": 1,
    }
    return Transaction(**{**given, **fields})


def pool(**fields: Any) -> Pool:
    """Make one of five connections and ten more, of which nobody chose the number."""
    given: dict[str, Any] = {
        "serial": 1,
        "engine": ENGINE,
        "kind": "AsyncAdaptedQueuePool",
        "size": 5,
        "checked_out": 1,
        "overflow": 0,
        "capacity": 15,
        "is_default": True,
        "pre_ping": True,
        "peak": 1,
    }
    return Pool(**{**given, **fields})


def facts_of(*statements: Statement, request: Request = REQUEST, **fields: Any) -> Facts:
    given: dict[str, Any] = {
        "request": request,
        "duration": 0.05,
        "statements": statements,
        "query_count": len(statements),
        "driver_calls": sum(row.batches for row in statements),
        "query_time": sum(row.duration for row in statements),
    }
    return Facts(**{**given, **fields})


def report_with(*findings: Finding, facts: Facts | None = None) -> Report:
    return Report("0123456789abcdef", 1_700_000_000.0, facts or facts_of(), findings)

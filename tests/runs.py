"""Runs made by hand, for tests of what is shown of them."""

from __future__ import annotations

from typing import Any

from query_guard.testing.tallies import Change, Entry, FindingEntry, Run


def told(**fields: Any) -> FindingEntry:
    given = {
        "kind": "n_plus_one",
        "severity": "warning",
        "summary": "User.posts was loaded 10 times",
        "fix": "Add .options(selectinload(User.posts))",
        "file": "app/crud.py",
        "line": 31,
        "function": "load",
        "callers": [{"file": "app/routers/users.py", "line": 12, "function": "list_users"}],
        "places": [],
        "count": 10,
        "relationship": "User.posts",
        "saving_ms": 1.0,
        "phase": "endpoint",
        "route": "GET /users",
        "place": "app/crud.py:31",
        "key": "n_plus_one User.posts",
        "times": 1,
        "saves": 9,
        "known": None,
    }
    return {**given, **fields}


def entry(test: str, *findings: FindingEntry, changes: list[Change] | None = None, statements: int = 3) -> Entry:
    return {
        "test": test,
        "outcome": "passed",
        "recorded": True,
        "routes": {"GET /users": {"statements": statements, "shapes": {"SELECT 1": statements}, "findings": {}}},
        "findings": [*findings],
        "changes": changes,
        "stale": [],
        "used": [],
        "own_errors": {},
        "saw_nothing": False,
    }


def run_of(*entries: Entry, baseline: str | None = None) -> Run:
    return {"version": "1.2.3", "baseline": baseline, "tests": [*entries]}

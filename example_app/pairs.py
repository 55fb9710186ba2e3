"""Each anti-pattern beside its fixed twin, with what QueryGuard must say about the first and never about the second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Pair:
    """`finds` is the kind of finding, at a line of `routers/<file>`; None where only the pool's wait tells."""

    title: str
    method: str
    fixed: str
    finds: str | None
    file: str
    relationship: str | None = None
    body: Mapping[str, Any] | None = None
    at_once: int = 1
    """Requests sent together."""

    @property
    def bad(self) -> str:
        return f"/anti-patterns{self.fixed}"


_TITLES = [f"Draft {number}" for number in range(1, 11)]

PAIRS = (
    Pair("One query for each user's posts", "GET", "/users", "n_plus_one", "users.py", "User.posts"),
    Pair("One query for each post's author", "GET", "/posts", "n_plus_one", "posts.py", "Post.author"),
    Pair("A primary key looked up in a loop", "GET", "/comments", "n_plus_one", "comments.py"),
    Pair(
        "Rows inserted one by one", "POST", "/posts", "n_plus_one", "posts.py",
        body={"author_id": 1, "titles": _TITLES},
    ),
    Pair("The same row read three times", "GET", "/users/1", "duplicate_statement", "users.py"),
    Pair("A slow query", "GET", "/reports/activity", "slow_statement", "reports.py"),
    Pair(
        "The pool under pressure", "POST", "/users/1/welcome", None, "pool.py",
        at_once=8,
    ),
)  # fmt: skip

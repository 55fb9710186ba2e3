"""Each anti-pattern beside its fixed twin, with what QueryGuard must say about the first and never about the second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from example_app.routers.anti_patterns.pair import Answer, Call, pair


def sold_twice(answers: Sequence[Answer]) -> str | None:
    left = [answer.body["stock"] for answer in answers if answer.status == 201]
    return (
        f"{len(left)} were sold, and each buyer was told that {left[0]} are left" if len({*left}) < len(left) else None
    )


def summary_emptied(answers: Sequence[Answer]) -> str | None:
    return "only the title was sent, and the summary is null" if answers[0].body["summary"] is None else None


def held_meanwhile(report: Mapping[str, Any]) -> str | None:
    """Tell whether the connection was held while the service was waited for, which takes 150 ms on any machine."""
    ends = [
        sum(one[f"{part}_ms"] or 0.0 for part in ("start", "wait", "connect", "held")) for one in report["checkouts"]
    ]
    alone = report["duration_ms"] - max(ends, default=0.0)
    return f"only {alone:.0f} ms were left when the connection went back" if alone < 140 else None


_TITLES = {"titles": [f"Draft {number}" for number in range(1, 11)]}
_CHOSEN = "/posts/chosen?" + "&".join(f"id={number}" for number in range(1, 11))
_TRANSFER = {"source_id": 1, "target_id": 2, "amount_cents": 1}
_CLOSE = Call("DELETE", "/anti-patterns/sessions")
_LEAK = Call("GET", "/anti-patterns/users/0/summary")

PAIRS = (
    pair(
        "One query for each user's posts", "n_plus_one", "GET /users", "GET /users",
        file="users.py", relationship="User.posts",
    ),
    pair(
        "A function for one user called for each of them", "n_plus_one", "GET /users/by-crud", "GET /users",
        file="users.py", relationship="User.posts",
    ),
    pair(
        "One query for each post's author", "n_plus_one", "GET /posts", "GET /posts",
        file="posts.py", relationship="Post.author",
    ),
    pair("A primary key looked up in a loop", "n_plus_one", f"GET {_CHOSEN}", f"GET {_CHOSEN}", file="posts.py"),
    pair(
        "Lazy loads while the answer is made", "n_plus_one", "GET /comments", "GET /comments",
        relationship="Comment.author",
    ),
    pair(
        "Rows inserted one by one", "n_plus_one", "POST /posts/batch", "POST /posts/batch",
        file="posts.py", body=_TITLES,
    ),
    pair(
        "Rows deleted one by one, for good", "n_plus_one", "DELETE /users/1/posts", "DELETE /users/1/posts",
        file="users.py", before=(Call("POST", "/posts/batch", _TITLES),),
    ),
    pair(
        "A lazy load that cannot be awaited", "missing_greenlet", "GET /comments/unloaded", "GET /comments",
        relationship="Comment.author", bad_status=(500,),
    ),
    pair(
        "An answer made when its session is closed", "unloaded_attribute", "GET /comments/detached", "GET /comments",
        relationship="Comment.author", bad_status=(500,),
    ),
    pair(
        "One session in two tasks", "shared_session", "GET /reports/totals/in-tasks", "GET /reports/totals",
        file="reports.py", bad_status=(500,),
    ),
    pair(
        "Two collections joined side by side", "cartesian_product", "GET /users/2/history", "GET /users/2/history",
        file="users.py",
    ),
    pair("The same row read three times", "duplicate_statement", "GET /users/1", "GET /users/1", file="users.py"),
    pair("A slow query", "slow_statement", "GET /reports/activity", "GET /reports/activity", file="reports.py"),
    pair(
        "A route over its budget", "statement_budget", "GET /reports/totals", "GET /reports/totals", file="reports.py",
    ),
    pair(
        "Rows fetched to be counted", "large_result", "GET /reports/commenters", "GET /reports/commenters",
        file="reports.py",
    ),
    pair(
        "A row inserted that is there already", "failed_statement", "PUT /users/1/roles", "PUT /users/1/roles",
        file="users.py", body={"roles": ["user", "admin"]}, bad_status=(500,),
    ),
    pair("A sync driver in an async endpoint", "blocking_driver", "GET /posts/sync", "GET /posts", file="posts.py"),
    pair("A computation on the event loop", "event_loop_blocked", "GET /reports/digest", "GET /reports/digest"),
    pair(
        "The pool under pressure", "pool_wait", "GET /users/1/avatar", "GET /users/1/avatar",
        file="users.py", at_once=(6, 6), twin_proof=held_meanwhile,
    ),
    pair(
        "A pool as it comes", "pool_settings", "GET /products", "GET /products", at_once=(20, 2),
        not_on_sqlite="a connection to a file is made so fast that no pool is ever too small",
    ),
    pair(
        "A second session inside the first", "nested_checkout", "GET /users/2/posts", "GET /users/2/posts",
        file="users.py",
    ),
    pair(
        "A session lost on an exception", "connection_leak", "GET /users/0/summary", "GET /users/0",
        file="sessions.py", before=(_CLOSE,), bad_status=(404,), fixed_status=(404,),
    ),
    pair(
        "A pool that leaks exhausted", "pool_timeout", "GET /users/1/summary", "GET /users/1",
        file="sessions.py", before=(_CLOSE, _LEAK, _LEAK), bad_status=(503,),
    ),
    pair(
        "A transaction open while others are waited for", "idle_in_transaction", "POST /posts/5/publish",
        "POST /posts/5/publish", file="posts.py",
    ),
    pair(
        "A commit after the answer", "commit_after_response", "POST /posts", "POST /posts",
        file="posts.py", body={"title": "A new post"},
    ),
    pair(
        "A commit for each row", "commit_per_row", "POST /posts/batch/committed", "POST /posts/batch",
        file="posts.py", body=_TITLES,
    ),
    pair(
        "A transfer in two transactions", "split_transaction", "POST /transfers", "POST /transfers",
        file="accounts.py", body=_TRANSFER,
    ),
    pair(
        "A transfer that is never committed", "lost_write", "POST /transfers/forgotten", "POST /transfers",
        file="accounts.py", body=_TRANSFER,
    ),
    pair("A view counted by a GET", "write_in_read_request", "GET /posts/5", "GET /posts/5", file="posts.py"),
    pair(
        "A check that no longer holds", "a lost update", "POST /products/1/purchases", "POST /products/1/purchases",
        proof=sold_twice, at_once=(2, 2), body={"quantity": 1}, fixed_status=(201, 409),
    ),
    pair(
        "A PATCH that writes what was not sent", "an emptied column", "PATCH /posts/5", "PATCH /posts/5",
        proof=summary_emptied, body={"title": "A better title"},
        before=(Call("PATCH", "/posts/5", {"summary": "What this is about"}),),
    ),
)  # fmt: skip

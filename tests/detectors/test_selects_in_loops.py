"""What is said of selects in a loop that one statement could replace, or a relationship, of facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import CRITERIA, Clauses, Statement, StatementInfo
from tests.detectors.loads import POST, USERS, at_line, saved, users
from tests.reports import facts_of, statement

BY_AUTHOR = ("Post.author_id",)
COLLECT = "Collect the values before the loop"


def posts(serial: int, info: StatementInfo = POST, **fields: Any) -> Statement:
    return statement(serial, **{"info": info, "site": at_line(20), **fields})


def remedy(*rows: Statement) -> Remedy:
    return remedy_for([row for row in rows if row.site.key == 20], facts_of(*rows))


def of_loop(clauses: Clauses, info: StatementInfo = POST, **fields: Any) -> Remedy:
    found = remedy(*[posts(serial, info._replace(clauses=clauses), **fields) for serial in (2, 3, 4)])
    assert saved(found) == (([2, 3, 4], 1) if found.code else ([], 0))
    return found


IN_VALUES = "where(Post.author_id.in_(values))"
COLUMNS = POST._replace(entities=())
CODES: dict[str, tuple[Clauses, StatementInfo, str, str]] = {
    "objects": (Clauses(where=BY_AUTHOR), POST, f"select(Post).{IN_VALUES}", f"{COLLECT} and fetch Post once: "),
    "objects in an order": (
        Clauses(where=BY_AUTHOR, order_by=("Post.id", "Post.title")),
        POST,
        f"select(Post).{IN_VALUES}.order_by(Post.id, Post.title)",
        f"{COLLECT} and fetch Post once: ",
    ),
    "locked objects in an order": (
        Clauses(where=BY_AUTHOR, order_by=("Post.id",), lock=".with_for_update()"),
        POST,
        f"select(Post).{IN_VALUES}.order_by(Post.id).with_for_update()",
        f"{COLLECT} and fetch Post once: ",
    ),
    "locked objects": (
        Clauses(where=BY_AUTHOR, lock=".with_for_update()"),
        POST,
        f"select(Post).{IN_VALUES}.order_by(Post.author_id).with_for_update()",
        f"{COLLECT} and fetch Post once: ",
    ),
    "by two columns": (
        Clauses(where=("Post.author_id", "Post.title")),
        POST,
        "select(Post).where(tuple_(Post.author_id, Post.title).in_(values))",
        f"{COLLECT} and fetch Post once: ",
    ),
    "columns": (
        Clauses(where=BY_AUTHOR, columns=("Post.title", "Post.author_id")),
        COLUMNS,
        f"select(Post.author_id, Post.title).{IN_VALUES}",
        f"{COLLECT} and fetch the columns once, with the key to tell them by: ",
    ),
    "a count": (
        Clauses(where=BY_AUTHOR, columns=("func.count(Post.id)",), aggregates=True),
        COLUMNS,
        f"select(Post.author_id, func.count(Post.id)).{IN_VALUES}.group_by(Post.author_id)",
        "Ask for all of them at once, a row for each group (a parent without rows has none): ",
    ),
    "groups": (
        Clauses(where=BY_AUTHOR, columns=("Post.title",), group_by=("Post.title",)),
        COLUMNS,
        f"select(Post.author_id, Post.title).{IN_VALUES}.group_by(Post.author_id, Post.title)",
        "Ask for all of them at once, a row for each group (a parent without rows has none): ",
    ),
    "got objects": (
        Clauses(got=True),
        POST._replace(keys=("id",)),
        "select(Post).where(Post.id.in_(values))",
        f"{COLLECT} and fetch Post once: ",
    ),
}


@pytest.mark.parametrize(("clauses", "info", "code", "advice"), CODES.values(), ids=CODES)
def test_one_select_is_written_for_all(clauses: Clauses, info: StatementInfo, code: str, advice: str) -> None:
    found = of_loop(clauses, info)
    assert (found.code, found.advice) == (code, f"{advice}{code}")


SAME = f"{COLLECT} and send the statement at crud.py:20 once, with Post.author_id.in_(values) in the place of "
EQUALS = "Post.author_id == ..."
WORDS: dict[str, tuple[Clauses, StatementInfo, str]] = {
    "a count in an order": (
        Clauses(where=BY_AUTHOR, columns=("func.count()",), aggregates=True, order_by=("Post.id",)),
        COLUMNS,
        SAME + EQUALS,
    ),
    "a locked count": (
        Clauses(where=BY_AUTHOR, columns=("func.count()",), aggregates=True, lock=".with_for_update()"),
        COLUMNS,
        SAME + EQUALS,
    ),
    "grouped objects": (Clauses(where=BY_AUTHOR, group_by=("Post.id",)), POST, SAME + EQUALS),
    "an alias": (Clauses(where=BY_AUTHOR), POST._replace(aliased=True), SAME + EQUALS),
    "two classes": (Clauses(where=BY_AUTHOR), POST._replace(entities=POST.entities * 2), SAME + EQUALS),
    "objects and columns": (Clauses(where=BY_AUTHOR, columns=("Post.id",)), POST, SAME + EQUALS),
    "neither": (Clauses(where=BY_AUTHOR), COLUMNS, SAME + EQUALS),
    "more clauses": (
        Clauses(where=("Post.author_id", "Post.id"), further=("JOIN", "a condition", "HAVING")),
        POST,
        f"{COLLECT} and send the statement at crud.py:20 once, with tuple_(Post.author_id, Post.id).in_(values) in the "
        "place of Post.author_id == ... and Post.id == ..., and keep its JOIN and HAVING",
    ),
    "a text": (
        Clauses(where=BY_AUTHOR, further=("text",)), POST, f"{COLLECT} and send one statement for all of them",
    ),
    "other filters": (Clauses(), POST, f"{COLLECT} and send one statement for all of them"),
    "LIMIT": (
        Clauses(where=BY_AUTHOR, further=("LIMIT",)),
        POST,
        "One statement with LIMIT would return the first few of all, and not of each: number the rows with "
        "func.row_number().over(...) partitioned by Post.author_id, and take the first of each in one statement",
    ),
    "OFFSET": (
        Clauses(further=("OFFSET",)),
        POST,
        "One statement with LIMIT would return the first few of all, and not of each: number the rows with "
        "func.row_number().over(...), and take the first of each in one statement",
    ),
}  # fmt: skip


def test_first_of_a_unique_key_needs_no_limit() -> None:
    unique = POST._replace(unique=True)
    found = of_loop(Clauses(where=BY_AUTHOR, further=("LIMIT",)), unique)
    assert found.code == "select(Post).where(Post.author_id.in_(values))"
    assert "row_number" in of_loop(Clauses(where=BY_AUTHOR, further=("LIMIT", "JOIN")), unique).advice
    assert "row_number" in of_loop(Clauses(where=BY_AUTHOR, further=("LIMIT", "OFFSET")), unique).advice


@pytest.mark.parametrize(("clauses", "info", "advice"), WORDS.values(), ids=WORDS)
def test_others_are_told_in_words(clauses: Clauses, info: StatementInfo, advice: str) -> None:
    assert of_loop(clauses, info) == Remedy("", advice)


def test_a_limit_may_stand_in_the_text_alone() -> None:
    found = of_loop(Clauses(where=BY_AUTHOR), sql="SELECT posts.id FROM posts WHERE posts.author_id = ? LIMIT 3")
    assert found.advice.startswith("One statement with LIMIT would return the first few of all")


CRITERIA_ALONE = Clauses(where=BY_AUTHOR, further=(CRITERIA,))


@pytest.mark.parametrize(
    ("other", "is_code"),
    [
        (users(1, info=USERS._replace(clauses=Clauses(further=(CRITERIA,))), fingerprint="a"), True),
        (users(1, info=USERS._replace(clauses=Clauses(further=(CRITERIA,)))), False),
        (users(1, fingerprint="a"), False),
    ],
    ids=["another has them", "one of its shape has them", "others have none"],
)
def test_criteria_that_the_session_adds_are_no_clause_of_the_select(other: Statement, is_code: bool) -> None:
    loop = [posts(serial, POST._replace(clauses=CRITERIA_ALONE)) for serial in (2, 3)]
    assert bool(remedy(other, *loop).code) is is_code


def test_that_only_the_offset_changes_is_not_said_of_values_that_are_not_known() -> None:
    sql = "SELECT posts.id FROM posts LIMIT ? OFFSET ?"
    first = "One statement with LIMIT would return the first few of all"
    assert of_loop(Clauses(further=("LIMIT",)), sql=sql, values=()).advice.startswith(first)
    pages = [posts(serial, sql=sql, values=(10, serial * 10)) for serial in (2, 3, 4)]
    assert remedy(*pages).advice.startswith("Only the OFFSET changes")

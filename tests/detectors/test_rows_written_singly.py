"""What is offered for rows that are written one by one: a bulk form only where it asks for the same."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.remedies.writes import written_one_by_one
from query_guard.records import NO_INFO, Clauses
from tests.reports import statement

TAG = NO_INFO._replace(entity="Tag", keys=("id",), filters=("id",))
BY_KEY = ("Tag.id",)
NO_CODE = ""


def remedy(operation: str, where: tuple[str, ...] = (), further: tuple[str, ...] = (), **info: Any) -> tuple[str, str]:
    clauses = Clauses(where=where, further=further)
    info_of_row = TAG._replace(**{"clauses": clauses, **info})
    found = written_one_by_one([statement(1, operation=operation, writes=("tags",), info=info_of_row)])
    return found.code, found.advice


@pytest.mark.parametrize(
    ("further", "info", "code", "advice"),
    [
        ((), {}, "session.execute(insert(Tag), rows)", "Insert into tags once after the loop, rows being dicts: "),
        ((), {"entity": None}, NO_CODE, "Insert into tags once after the loop, with a list of parameters"),
        (("RETURNING",), {"entity": None}, NO_CODE, "Insert into tags once after the loop, with a list of parameters"),
        (
            ("RETURNING",),
            {},
            NO_CODE,
            "Insert into tags once after the loop: keep the RETURNING, and give the same statement the list of rows",
        ),
    ],
    ids=["a model", "a table", "a table with RETURNING", "a model with RETURNING"],
)
def test_an_insert(further: tuple[str, ...], info: dict[str, Any], code: str, advice: str) -> None:
    assert remedy("INSERT", further=further, **info) == (code, f"{advice}{code}")


@pytest.mark.parametrize(
    ("where", "further", "info", "code", "advice"),
    [
        (
            BY_KEY,
            (),
            {},
            "session.execute(update(Tag), rows)",
            "Update tags once after the loop, rows being dicts with the primary key: ",
        ),
        (
            ("Tag.name",),
            (),
            {"filters": ("name",)},
            NO_CODE,
            "Update tags with one statement after the loop, with Tag.name.in_(values) in the place of Tag.name == ..., "
            "where all get the same values",
        ),
        (
            BY_KEY,
            ("an expression",),
            {},
            NO_CODE,
            "Update tags with one statement after the loop, with Tag.id.in_(values) in the place of Tag.id == ..., "
            "and keep the expressions in SET",
        ),
        ((), ("a condition",), {}, NO_CODE, "Update tags once after the loop, with IN and the values of all rows, its"),
    ],
    ids=["by its key", "by another column", "with an expression", "with another condition"],
)
def test_an_update(where: tuple[str, ...], further: Any, info: dict[str, Any], code: str, advice: str) -> None:
    found = remedy("UPDATE", where, further, **info)
    assert (found[0], found[1].startswith(advice)) == (code, True), found


@pytest.mark.parametrize(
    ("where", "further", "info", "code", "advice"),
    [
        (
            BY_KEY,
            (),
            {},
            "session.execute(delete(Tag).where(Tag.id.in_(values)))",
            "Delete from tags with one statement after the loop: ",
        ),
        (
            ("Tag.id", "Tag.name"),
            (),
            {},
            NO_CODE,
            "Delete from tags with one statement after the loop, with tuple_(Tag.id, Tag.name).in_(",
        ),
        (
            BY_KEY,
            ("a condition",),
            {},
            NO_CODE,
            "Delete from tags with one statement after the loop, with Tag.id.in_(values) in the place of Tag.id == "
            "..., and keep its other conditions",
        ),
        (
            BY_KEY,
            (),
            {"entity": None},
            NO_CODE,
            "Delete from tags with one statement after the loop, with Tag.id.in_(values) in the place of Tag.id == ...",
        ),
        ((), (), {}, NO_CODE, "Delete from tags once after the loop, with IN and the values of all rows"),
    ],
    ids=["by its key", "by two columns", "with another condition", "of a table", "by what is not known"],
)
def test_a_delete(where: tuple[str, ...], further: Any, info: dict[str, Any], code: str, advice: str) -> None:
    found = remedy("DELETE", where, further, **info)
    assert (found[0], found[1].startswith(advice)) == (code, True), found

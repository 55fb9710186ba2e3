"""What is said of values that the database makes or computes, and that are read again after a flush."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import Loader, Statement
from tests.detectors.loads import COMPUTED, GENERATED, columns, saved, users
from tests.reports import facts_of, statement


def remedy(*rows: Statement, of: Loader) -> Remedy:
    return remedy_for([row for row in rows if row.loader is of], facts_of(*rows))


def test_values_that_sql_computes() -> None:
    found = remedy(columns(1, COMPUTED, 0), columns(2, COMPUTED, 0), of=COMPUTED)
    assert found.advice == (
        "SQL computes User.stamp (a column_property), so that each flush of the object expires it: read them all with "
        "one select after the flush: select(User).where(User.id.in_(values))"
    )
    assert saved(found) == ([1, 2], 1)
    several = COMPUTED._replace(attribute="stamp, total")
    assert remedy(columns(1, several, 0), columns(2, several, 0), of=several).advice.startswith(
        "SQL computes User.stamp and User.total (a column_property is among them), so that each flush of the object "
        "expires them: read"
    )


@pytest.mark.parametrize("loader", [GENERATED, COMPUTED])
@pytest.mark.parametrize(
    ("write", "is_flushed"),
    [
        ({}, True),
        ({"writes": ("posts",)}, False),
        ({"transaction": 2}, True),
        ({"serial": 9}, False),
    ],
)
def test_without_a_flush_the_application_has_expired_them(
    loader: Loader, write: dict[str, Any], is_flushed: bool
) -> None:
    flush = statement(2, operation="UPDATE", writes=("users",))._replace(**write)
    reload = columns(3, loader)._replace(tables=("users",))
    rows = sorted([users(), flush, reload], key=lambda row: row.serial)
    found = remedy(*rows, of=loader)
    assert ("after the flush" in found.advice) is is_flushed
    assert found.advice.startswith("expire(), expire_all() or the end of a savepoint expired") is not is_flushed
    assert found.code == "select(User).where(User.id.in_(values))"


def test_values_that_the_database_makes() -> None:
    found = remedy(columns(1, GENERATED, 0), columns(2, GENERATED, 0), of=GENERATED)
    assert found.code == "select(User).where(User.id.in_(values))"
    assert found.advice == (
        "The database makes User.stamp (a server default, or onupdate): set __mapper_args__ = {'eager_defaults': True} "
        f"in User, or read them all with one select after the flush: {found.code}"
    )
    assert saved(found) == ([1, 2], 1)

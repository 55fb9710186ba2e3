"""Further reasons why repetitions are no loop: rows that may be refused, locks, the catalogue, a flush, refreshes."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.batches import batch_reason
from query_guard.records import CallSite, Frame, Loader, Statement
from tests.reports import POSTS, REQUEST, SITE, facts_of, statement

REFUSED = "each row has a savepoint of its own, as some are refused"
IN_TRANSACTIONS = "each row has a transaction of its own, as some are refused"
ACTS = "each takes a lock, changes a setting or notifies somebody"
CATALOGUE = "it reads the database's own catalogue"
READ_BACK = "each reads back what was written just before"
ELSEWHERE = CallSite(57, (Frame("users.py", 57, "list_users", 50),), "router", False)
INSERT = {"operation": "INSERT", "sql": "INSERT INTO posts (title) VALUES (?)", "writes": ("posts",)}


def reason(rows: list[Statement], *others: Statement) -> str | None:
    return batch_reason(rows, facts_of(*sorted([*rows, *others], key=lambda row: row.serial)))


@pytest.mark.parametrize(
    ("of_refused", "expected"),
    [
        ({}, REFUSED),
        ({"site": SITE._replace(key=99)}, REFUSED),
        ({"error": None}, None),
        ({"fingerprint": "other"}, None),
        ({"site": ELSEWHERE}, None),
        ({"transaction": 2}, None),
        ({"serial": 9}, None),
    ],
)
def test_rows_of_which_some_are_refused_are_written_one_by_one(
    of_refused: dict[str, Any], expected: str | None
) -> None:
    rows = [statement(n, **INSERT) for n in (1, 3, 4)]
    refused = statement(**{"serial": 2, "error": "UniqueViolation", **INSERT, **of_refused})
    assert reason(rows, refused) == expected
    assert reason(rows[:2], refused) == expected


@pytest.mark.parametrize(
    ("numbers", "fields", "expected"),
    [
        ((1, 3, 4), {}, IN_TRANSACTIONS),
        ((1, 3, 4), {"site": SITE._replace(key=99)}, IN_TRANSACTIONS),
        ((1, 3, 4), {"fingerprint": "other"}, None),
        ((1, 3, 4), {"error": None}, None),
        ((1, 3, 3), {}, None),
    ],
)
def test_rows_of_which_some_are_refused_have_a_transaction_each(
    numbers: tuple[int, ...], fields: dict[str, Any], expected: str | None
) -> None:
    rows = [statement(n, transaction=number, **INSERT) for n, number in zip((1, 3, 4), numbers, strict=True)]
    refused = statement(2, **{"error": "UniqueViolation", "transaction": 2, **INSERT, **fields})
    assert reason(rows, refused) == expected


@pytest.mark.parametrize(
    ("serial", "exception", "expected"),
    [(9, None, IN_TRANSACTIONS), (9, "IntegrityError", None), (2, "IntegrityError", IN_TRANSACTIONS)],
)
def test_an_exception_that_leaves_the_request_says_that_the_last_refusal_ended_it(
    serial: int, exception: str | None, expected: str | None
) -> None:
    rows = [statement(n, transaction=n, **INSERT) for n in (1, 3, 4)]
    refused = statement(serial, transaction=9, error="UniqueViolation", **INSERT)
    in_order = sorted([*rows, refused], key=lambda row: row.serial)
    assert batch_reason(rows, facts_of(*in_order, request=REQUEST._replace(exception=exception))) == expected


@pytest.mark.parametrize("fields", [{"operation": "UPDATE"}, {"operation": "DELETE"}, {"operation": "SELECT"}])
def test_only_inserts_are_refused_so(fields: dict[str, Any]) -> None:
    rows = [statement(n, **{**INSERT, **fields}) for n in (1, 3)]
    assert reason(rows, statement(2, **{**INSERT, **fields}, error="UniqueViolation")) is None


def test_where_the_last_row_is_refused_the_work_did_not_go_on() -> None:
    first, second = (statement(n, **INSERT, error="UniqueViolation") for n in (1, 2))
    assert reason([first, second]) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"operation": "SET", "sql": "SET search_path = ?"}, ACTS),
        ({"operation": "NOTIFY", "sql": "NOTIFY posts"}, ACTS),
        ({"operation": "LOCK", "sql": "LOCK TABLE posts", "tables": ("posts",)}, ACTS),
        ({"sql": "SELECT pg_advisory_xact_lock(?)", "tables": ()}, ACTS),
        ({"sql": "SELECT PG_TRY_ADVISORY_LOCK (?)", "tables": ()}, ACTS),
        ({"sql": "SELECT get_lock(?, ?)", "tables": ()}, ACTS),
        ({"sql": "SELECT pg_notify(?, ?) FROM posts", "tables": ("posts",)}, None),
        ({"sql": "SELECT lower(?)", "tables": ()}, None),
        ({"sql": "INSERT INTO o VALUES (setval(?, ?))", "operation": "INSERT", "tables": ()}, None),
        ({"tables": ("pg_catalog.pg_class",)}, CATALOGUE),
        ({"tables": ("pg_class", "information_schema.columns")}, CATALOGUE),
        ({"tables": ("sqlite_master",), "operation": "PRAGMA"}, CATALOGUE),
        ({"tables": ("sqlite_master", "posts")}, None),
        ({"tables": ("pg_class",), "operation": "UPDATE"}, None),
        ({"tables": ()}, None),
    ],
)
def test_a_select_for_its_effect_and_a_read_of_the_catalogue_are_no_loops(
    fields: dict[str, Any], expected: str | None
) -> None:
    assert reason([statement(n, **fields) for n in (1, 2, 3)]) == expected


OF_LISTENER = SITE._replace(key=77, frames=(Frame("audit.py", 7, "noted", 5), *SITE.frames))


@pytest.mark.parametrize(
    ("site", "flush", "expected"),
    [(SITE, 4, None), (SITE, 5, "2 rows of one flush"), (ELSEWHERE, 4, "2 rows of one flush")],
)
def test_what_a_listener_sends_for_each_object_of_a_flush_is_a_loop(
    site: CallSite, flush: int, expected: str | None
) -> None:
    rows = [statement(n, **INSERT, flush=4, site=OF_LISTENER) for n in (2, 3)]
    assert reason(rows, statement(1, **INSERT, fingerprint="users", flush=flush, site=site)) == expected


def test_each_row_of_a_flush_is_of_the_same_one() -> None:
    assert reason([statement(n, **INSERT, flush=4) for n in (1, 2, 3)]) == "3 rows of one flush"
    for flushes in ((4, 4, 5), (4, 5, 5), (4, 3, 3), (0, 0, 0), (4, 0, 0)):
        assert reason([statement(n, **INSERT, flush=flush) for n, flush in enumerate(flushes, 1)]) is None


@pytest.mark.parametrize("kind", ["lazy", "immediate", "column"])
def test_only_an_eager_load_is_one_load_in_chunks(kind: str) -> None:
    rows = [statement(n, loader=POSTS._replace(kind=kind)) for n in (1, 2)]
    assert reason(rows) is None
    eager = [row._replace(loader=POSTS._replace(kind="eager")) for row in rows]
    assert reason(eager) == "one load in 2 chunks of selectinload(User.posts)"


REFRESH = Loader("refresh", "Post", "", False, (), ("Post",))


def written_and_refreshed(refresh: dict[str, Any], write: dict[str, Any]) -> str | None:
    rows = [statement(n, **{"loader": REFRESH, "owner": n, "fingerprint": "refresh", **refresh}) for n in (2, 4, 6)]
    return reason(rows, *[statement(n, **{**INSERT, **write}) for n in (1, 3, 5)])


@pytest.mark.parametrize(
    ("refresh", "write", "expected"),
    [
        ({}, {}, READ_BACK),
        ({"tables": ("posts", "users")}, {"writes": ("tags", "posts")}, READ_BACK),
        ({}, {"writes": ("tags",)}, None),
        ({}, {"writes": ()}, None),
        ({}, {"task": 2}, None),
        ({"loader": REFRESH._replace(kind="expired")}, {}, None),
        ({"loader": None}, {}, None),
    ],
)
def test_a_refresh_right_after_its_write_reads_back(
    refresh: dict[str, Any], write: dict[str, Any], expected: str | None
) -> None:
    assert written_and_refreshed(refresh, write) == expected


def test_a_refresh_that_comes_first_or_after_another_statement_reads_nothing_back() -> None:
    rows = [statement(n, loader=REFRESH, owner=n) for n in (1, 3)]
    assert reason(rows, statement(2, **INSERT)) is None
    late = [statement(n, loader=REFRESH, owner=n) for n in (3, 6)]
    between = [statement(n, fingerprint="other", tables=("tags",)) for n in (2, 5)]
    assert reason(late, *between, *[statement(n, **INSERT) for n in (1, 4)]) is None


@pytest.mark.parametrize(
    ("site", "source", "expected"), [(SITE, "refresh", READ_BACK), (ELSEWHERE, "refresh", None), (SITE, "lazy", None)]
)
def test_what_a_refresh_loads_with_its_object_is_read_back_with_it(
    site: CallSite, source: str, expected: str | None
) -> None:
    loads, others = [], []
    for n in (1, 4):
        others += [statement(n, **INSERT), statement(n + 1, loader=REFRESH._replace(kind=source), owner=n, site=site)]
        loads.append(statement(n + 2, loader=POSTS, owner=n, loaded_by=n + 1))
    assert reason(loads, *others) == expected

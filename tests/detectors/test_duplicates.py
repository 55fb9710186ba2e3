"""When a SELECT with the same values is a duplicate, and when its result may have changed in between."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Facts, Finding
from query_guard.detectors import DuplicateStatement
from query_guard.records import NO_INFO, Clauses, Entity, Loader, Statement
from tests.reports import ENGINE, POSTS, SITE, facts_of, statement, transaction

TAGS = {"tables": ("tags",), "writes": ("tags",)}
WROTE = {"operation": "UPDATE", "sql": "UPDATE posts SET title = ?", "fingerprint": "update"}


def read(serial: int, **fields: Any) -> Statement:
    return statement(serial, **{"values": (7,), **fields})


def found(facts: Facts) -> list[Finding]:
    return list(DuplicateStatement()(facts))


def counts(*rows: Statement, **fields: Any) -> list[int]:
    return [finding.count for finding in found(facts_of(*rows, **fields))]


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ({"writes": ("posts",)}, []),
        ({"writes": ("tags", "posts")}, []),
        (TAGS, [2]),
        ({"operation": "SET", "sql": "SET search_path = ?", "tables": ()}, []),
        ({"operation": "CALL", "sql": "CALL work(?)", "tables": ()}, []),
        ({"operation": "SELECT", "sql": "SELECT set_config(?, ?, ?)", "tables": ()}, []),
        ({"operation": "SELECT", "sql": "SELECT tags.id FROM tags", "tables": ("tags",)}, [2]),
    ],
)
def test_what_is_sent_between_two_reads_may_have_changed_what_they_read(
    between: dict[str, Any], expected: list[int]
) -> None:
    sent = {**WROTE, **between}
    assert counts(read(1), statement(2, **sent), read(3)) == expected
    assert counts(statement(1, **sent), read(2), read(3)) == [2], "before both"
    assert counts(read(1), read(2), statement(3, **sent)) == [2], "after both"


def test_a_read_of_several_tables_is_changed_by_a_write_to_any_of_them() -> None:
    rows = [read(n, tables=("users", "posts")) for n in (1, 3)]
    assert counts(rows[0], statement(2, **WROTE, writes=("posts",)), rows[1]) == []


def test_each_run_without_a_change_is_a_finding_of_its_own() -> None:
    rows = [read(1), read(2), statement(3, **WROTE, writes=("posts",)), read(4), read(5), read(6)]
    assert counts(*rows) == [2, 3]
    assert [finding.statements for finding in found(facts_of(*rows))] == [(1, 2), (4, 5, 6)]


@pytest.mark.parametrize(
    ("end", "outcome", "expected"),
    [
        (0.5, "committed", []),
        (1.0, "committed", []),
        (0.1, "committed", [2]),
        (1.1, "committed", [2]),
        (0.5, "rolled back", [2]),
    ],
)
def test_a_commit_between_two_reads_may_have_changed_what_they_read(
    end: float, outcome: str, expected: list[int]
) -> None:
    other = transaction(serial=9, end=end, outcome=outcome)
    assert counts(read(1, start=0.1), read(2, start=1.0), transactions=(other,)) == expected


def test_what_a_transaction_that_failed_has_read_is_read_again() -> None:
    failed, whole = transaction(serial=1, outcome="failed"), transaction(serial=2, outcome="rolled back")
    assert counts(read(1), read(2, transaction=2), transactions=(failed, whole)) == []
    assert counts(read(1), read(2), transactions=(failed, whole)) == [2]
    assert counts(read(1, transaction=2), read(2), transactions=(failed, whole)) == [2]


@pytest.mark.parametrize(
    "fields",
    [
        {"engine": ENGINE._replace(serial=9)},
        {"values": (8,)},
        {"text": 2},
        {"fingerprint": "other"},
        {"error": "OperationalError"},
        {"operation": "UPDATE", "writes": ("posts",)},
    ],
)
def test_another_engine_other_values_and_what_failed_or_wrote_are_no_duplicates(fields: dict[str, Any]) -> None:
    assert counts(read(1), read(2, **fields)) == []


def test_a_select_that_writes_is_no_read() -> None:
    sql = "WITH moved AS (DELETE FROM posts RETURNING id) SELECT id FROM moved"
    assert counts(*[read(n, sql=sql, writes=("posts",)) for n in (1, 2)]) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"sql": "SELECT pg_notify(?, ?) FROM posts"},
        {"sql": "SELECT relname FROM pg_catalog.pg_class", "tables": ("pg_catalog.pg_class",)},
        {"sql": "SELECT name FROM sqlite_master", "tables": ("sqlite_master",)},
    ],
)
def test_what_notifies_or_reads_the_catalogue_is_no_duplicate(fields: dict[str, Any]) -> None:
    assert counts(*[read(n, **fields) for n in (1, 2)]) == []
    sql = "SELECT posts.id FROM posts JOIN sqlite_master ON ?"
    assert counts(*[read(n, sql=sql, tables=("posts", "sqlite_master")) for n in (1, 2)]) == [2]


OTHER = SITE._replace(key=57, frames=SITE.frames[1:])
ONCE, KEEP = "Send it once, before what repeats this line", "Keep the first result and pass it on"
REFRESHED = Loader("refresh", "User", "", False, (), ("User",))
EAGER = POSTS._replace(kind="eager")
BY_KEY = Loader("column", "User", "name", False, ())


@pytest.mark.parametrize(
    ("fields", "of_second", "begins"),
    [
        ({}, {}, ONCE),
        ({}, {"site": OTHER}, KEEP),
        ({}, {"task": 2}, KEEP),
        ({"loader": EAGER}, {}, ONCE),
        ({"loader": REFRESHED}, {}, "Refresh it once: nothing was written"),
        ({"loader": BY_KEY}, {}, "Expire or refresh the User only where it may have changed"),
        ({"loader": BY_KEY}, {"transaction": 2}, "Pass the User on, in one session"),
    ],
)
def test_what_to_do_depends_on_who_sent_it_again(
    fields: dict[str, Any], of_second: dict[str, Any], begins: str
) -> None:
    (finding,) = found(facts_of(read(1, **fields), read(2, **{**fields, **of_second})))
    assert finding.fix.startswith(begins)


def test_the_first_tells_of_which_phase_and_request_a_duplicate_is() -> None:
    (finding,) = found(facts_of(read(1, phase="dependency"), read(2), read(3, phase="serialization", request=2)))
    assert (finding.phase, finding.request) == ("dependency", 1)


def loaded(serial: int, source: int, **fields: Any) -> Statement:
    """Make a load of the posts of a user that the statement `source` has loaded."""
    return read(serial, loader=POSTS, loaded_by=source, fingerprint="posts", duration=0.5, **fields)


def test_loads_of_relationships_belong_to_the_query_that_loaded_their_objects() -> None:
    rows = [read(1), loaded(2, 1), read(3), loaded(4, 3)]
    (finding,) = found(facts_of(*rows))
    assert (finding.count, finding.statements) == (2, (1, 2, 3, 4))
    assert finding.details == ("with 2 statements for what was loaded with it: User.posts",)
    assert (finding.saved_statements, finding.too_many) == (2, True)
    assert finding.saving == pytest.approx(0.501)


def test_loads_of_queries_that_differ_are_duplicates_of_their_own() -> None:
    rows = [read(1), loaded(2, 1), read(3, values=(8,)), loaded(4, 3)]
    (finding,) = found(facts_of(*rows))
    assert (finding.count, finding.relationship, finding.statements) == (2, "User.posts", (2, 4))
    assert (finding.details, finding.saved_statements) == ((), 1)


def test_loads_of_what_a_refresh_has_loaded_belong_to_the_refresh() -> None:
    rows = [read(1, loader=REFRESHED), loaded(2, 1), read(3, loader=REFRESHED), loaded(4, 3)]
    assert [finding.statements for finding in found(facts_of(*rows))] == [(1, 2, 3, 4)]


def test_a_load_of_which_the_query_is_not_known_stands_for_itself() -> None:
    assert [finding.count for finding in found(facts_of(loaded(1, 9), loaded(2, 9)))] == [2]


OBJECTS = NO_INFO._replace(entities=(Entity("Post", ("Post",), False),))
POST_REFRESHED = Loader("refresh", "Post", "", False, (), ("Post",))
READ_AGAIN = OBJECTS._replace(clauses=Clauses(further=("populate_existing",)))
DELETED = {**WROTE, **TAGS, "operation": "DELETE", "sql": "DELETE FROM tags", "fingerprint": "delete"}


@pytest.mark.parametrize(
    ("sent", "reads", "severity"),
    [
        ({**WROTE, **TAGS}, {}, "info"),
        ({**WROTE, **TAGS}, {"info": OBJECTS}, "warning"),
        ({**WROTE, **TAGS}, {"loader": POSTS}, "warning"),
        ({**WROTE, **TAGS}, {"loader": POST_REFRESHED, "info": OBJECTS}, "info"),
        ({**WROTE, **TAGS}, {"info": READ_AGAIN}, "info"),
        (DELETED, {"info": OBJECTS}, "info"),
        ({"tables": ("tags",), "sql": "SELECT tags.id FROM tags", "fingerprint": "tags"}, {}, "warning"),
    ],
)
def test_a_trigger_a_cascade_or_a_view_may_lead_from_one_table_to_another(
    sent: dict[str, Any], reads: dict[str, Any], severity: str
) -> None:
    rows = [read(1, **reads), statement(2, **sent), read(3, **reads), read(4, **reads)]
    (finding,) = found(facts_of(*rows))
    assert (finding.count, finding.severity) == (3, severity)
    assert ("a trigger, a cascade or a view" in finding.fix) == (severity == "info")
    (finding,) = found(facts_of(statement(1, **sent), *[read(n, **reads) for n in (2, 3, 4)], statement(5, **sent)))
    assert finding.severity == "warning", "before all of them, and after them"


def test_one_read_of_an_object_again_among_selects_of_it_may_have_seen_another_row() -> None:
    rows = [read(1, info=OBJECTS), statement(2, **WROTE, **TAGS), read(3, info=OBJECTS, loader=POST_REFRESHED)]
    assert "a trigger, a cascade or a view" in found(facts_of(*rows))[0].fix


@pytest.mark.parametrize(
    ("sql", "tables", "severity"),
    [
        ("SELECT next_invoice() AS next_invoice_1", (), "info"),
        ("SELECT * FROM next_invoices(?)", (), "info"),
        ("SELECT count(posts.id) FROM posts", ("posts",), "warning"),
        ("SELECT ?", (), "warning"),
    ],
)
def test_a_function_without_a_table_may_act(sql: str, tables: tuple[str, ...], severity: str) -> None:
    (finding,) = found(facts_of(*[read(n, sql=sql, tables=tables) for n in (1, 2, 3)]))
    assert finding.severity == severity
    assert ("not if the function does something" in finding.fix) == (severity == "info")

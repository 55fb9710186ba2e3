"""What makes a loop of repetitions, and what their finding tells, of facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Facts, Finding
from query_guard.detectors import NPlusOne
from query_guard.records import Frame, Loader, Silence, Statement
from tests.reports import POSTS, REQUEST, SITE, checkout, facts_of, statement

REFRESH = Loader("refresh", "User", "", False, (), ("User",))
NAME = Loader("column", "User", "name", False, ())


def told(facts: Facts) -> list[str]:
    """Return severities of findings, and reasons of silences."""
    return [one.reason.partition(": ")[2] if isinstance(one, Silence) else one.severity for one in NPlusOne()(facts)]


def only(facts: Facts) -> Finding:
    (finding,) = [one for one in NPlusOne()(facts) if isinstance(one, Finding)]
    return finding


@pytest.mark.parametrize(
    ("owners", "loader", "expected"),
    [
        ((1, 1, 1), NAME, "always for the same object"),
        ((1, 2, 2), NAME, "only 2 different objects"),
        ((1, 2, 3), NAME, "warning"),
        ((1, 2, 3, 4), NAME, "warning"),
        ((1, 1, 1), POSTS, "always for the same object"),
        ((1, 2, 2), POSTS, "warning"),
        ((1, 2, 3), POSTS, "warning"),
        ((1, 2, 2), REFRESH, "only 2 different objects"),
    ],
)
def test_how_many_objects_make_a_loop(owners: tuple[int, ...], loader: Loader, expected: str) -> None:
    rows = [statement(n, loader=loader, owner=owner) for n, owner in enumerate(owners, 1)]
    assert told(facts_of(*rows)) == [expected]


def test_what_two_refreshes_load_with_their_objects_is_no_loop_yet() -> None:
    rows = []
    for n in (1, 3):
        rows += [statement(n, loader=REFRESH, owner=n), statement(n + 1, loader=POSTS, owner=n, loaded_by=n)]
    assert told(facts_of(*rows)) == ["only 2 different objects"] * 2


@pytest.mark.parametrize(
    ("values", "expected"), [((7, 7, 7), "the same values each time"), ((7, 8, 8), "only 2 different sets of values")]
)
def test_how_many_sets_of_values_make_a_loop(values: tuple[int, ...], expected: str) -> None:
    rows = [statement(n, values=(value,)) for n, value in enumerate(values, 1)]
    assert told(facts_of(*rows)) == [expected]


CODE = Frame("crud.py", 28, "load_posts", 28)


@pytest.mark.parametrize(
    ("start", "times", "is_shared"),
    [
        (CODE, 3, True),
        (CODE, 4, True),
        (CODE, 2, False),
        (Frame("routers/users.py", 9, "list_users", 9), 3, True),
        (CODE._replace(file="other.py"), 3, False),
        (CODE._replace(first_line=29), 3, False),
    ],
)
def test_dependencies_that_share_their_code_may_send_one_each(start: Frame, times: int, is_shared: bool) -> None:
    request = REQUEST._replace(shared_dependencies=((CODE._replace(file="first.py"), 9), (start, times)))
    reason = f"{times} dependencies share this code, and sent one each"
    facts = facts_of(*[statement(n) for n in (1, 2, 3)], request=request)
    assert told(facts) == [reason if is_shared else "warning"]


WRITE = {"operation": "INSERT", "sql": "INSERT INTO posts (title) VALUES (?)", "writes": ("posts",)}


def created(times: int, **fields: Any) -> Facts:
    """Rows that are each written, by a flush, and read back."""
    rows: list[Statement] = []
    for n in range(1, 2 * times, 2):
        rows.append(statement(n, **{**WRITE, "fingerprint": "insert", "flush": n, **fields}))
        rows.append(statement(n + 1, loader=REFRESH, owner=n))
    return facts_of(*rows)


@pytest.mark.parametrize(("times", "severity"), [(3, "info"), (19, "info"), (20, "warning")])
def test_fewer_than_twenty_rows_that_are_written_and_read_back_are_information(times: int, severity: str) -> None:
    assert told(created(times)) == ["each reads back what was written just before", severity]


def test_rows_that_are_written_without_a_flush_or_by_another_task_are_a_loop() -> None:
    assert told(created(3, flush=0)) == ["each reads back what was written just before", "warning"]
    assert told(created(3, task=2)) == ["warning", "warning"]


@pytest.mark.parametrize(
    ("fields", "begins"),
    [
        ({"loader": NAME._replace(kind="subclass")}, "User.name, a column of a subclass, was loaded 3 times, "),
        ({"loader": NAME._replace(kind="generated")}, "User.name, which the database makes, was read again 3 times, "),
        ({"loader": NAME._replace(kind="computed")}, "User.name, which SQL computes, was read again 3 times, "),
        ({"loader": NAME._replace(kind="expired")}, "An expired User.name was read again 3 times, "),
        ({"operation": "UPDATE", "writes": ("posts", "tags")}, "UPDATE on posts ran 3 times, "),
        ({"tables": ("posts", "tags")}, "SELECT from posts ran 3 times, "),
        ({"operation": "CALL", "tables": ()}, "CALL ran 3 times, "),
        ({"operation": "VALUES"}, "VALUES on posts ran 3 times, "),
    ],
)
def test_what_a_loop_does(fields: dict[str, Any], begins: str) -> None:
    assert only(facts_of(*[statement(n, owner=n, **fields) for n in (1, 2, 3)])).summary.startswith(begins)


@pytest.mark.parametrize(
    ("phase", "endpoint", "manner"),
    [
        ("serialization", CODE, "while the answer of load_posts was serialised"),
        ("serialization", None, "once for each object of a loop"),
        ("endpoint", CODE, "once for each object of a loop"),
    ],
)
def test_a_loop_of_the_answer_names_the_endpoint(phase: str, endpoint: Frame | None, manner: str) -> None:
    facts = facts_of(*[statement(n, phase=phase) for n in (1, 2, 3)], request=REQUEST._replace(endpoint=endpoint))
    assert f" 3 times, {manner}: " in only(facts).summary


def test_one_task_that_holds_two_connections_fans_nothing_out() -> None:
    held = (checkout(connection=1), checkout(connection=2))
    facts = facts_of(*[statement(n, connection=1 + n % 2) for n in (1, 2, 3)], checkouts=held)
    assert only(facts).summary.startswith("SELECT from posts ran 3 times, once for each object of a loop")


def test_the_first_of_a_loop_tells_its_phase_request_and_line() -> None:
    later = SITE._replace(frames=(SITE.frames[0]._replace(line=32), SITE.frames[1]))
    rows = [statement(1, phase="dependency"), *[statement(n, request=2, site=later) for n in (2, 3)]]
    finding = only(facts_of(*rows))
    assert (finding.phase, finding.request, finding.site.frames) == ("dependency", 1, SITE.frames)
    assert (finding.statements, finding.count, finding.too_many) == ((1, 2, 3), 3, True)


def test_only_a_loop_of_refreshes_avoids_what_they_loaded() -> None:
    rows = [statement(n, loader=REFRESH, owner=n, start=n) for n in (1, 3, 5)]
    loads = [statement(n + 1, loader=POSTS, owner=n, loaded_by=n) for n in (1, 3, 5)]
    finding, of_loads = [one for one in NPlusOne()(facts_of(*sorted([*rows, *loads], key=lambda row: row.serial)))
                         if isinstance(one, Finding)]  # fmt: skip
    assert (finding.statements, finding.avoided) == ((1, 3, 5), (2, 4, 6))
    assert of_loads.avoided == ()

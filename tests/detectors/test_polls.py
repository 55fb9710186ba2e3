"""Which repetitions may be a poll: in transactions of their own, for what is new or for the same again."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from query_guard import Finding
from query_guard.detectors import DuplicateStatement, NPlusOne
from query_guard.records import CallSite, Engine, Frame, Statement
from query_guard.records.salt import SALT
from tests.reports import ENGINE, SITE, facts_of, statement

NEW = "SELECT posts.id FROM posts WHERE posts.id > ?"
DAYS = (date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3))
ELSEWHERE = CallSite(57, (Frame("users.py", 57, "list_users", 50),), "router", False)
ASYNC = Engine(1, "postgresql+asyncpg", "postgresql", True, is_async=True)


def asked(sql: str, *values: tuple[object, ...], **fields: Any) -> list[Statement]:
    """Return statements in transactions of their own; what repeats their line cannot be seen."""
    hashed = [tuple([hash(value) ^ SALT for value in each]) for each in values]
    return [
        statement(n, **{"sql": sql, "values": each, "transaction": n, **fields}) for n, each in enumerate(hashed, 1)
    ]


def severities(rows: list[Statement]) -> list[str]:
    return [one.severity for one in NPlusOne()(facts_of(*rows)) if isinstance(one, Finding)]


@pytest.mark.parametrize(
    ("operator", "bounds", "severity"),
    [
        (">", (1, 2, 3), "info"),
        (">=", (1, 2, 3), "info"),
        (">", (1, 1, 2, 3), "info"),
        (">", (1, 3, 2), "warning"),
        ("<", (1, 2, 3), "warning"),
        ("=", (1, 2, 3), "warning"),
        (">", DAYS, "info"),
        (">", (DAYS[0], DAYS[0], *DAYS[1:]), "info"),
        (">", (*DAYS, DAYS[0]), "warning"),
        (">", (1, *DAYS), "info"),
    ],
)
def test_a_read_beyond_a_bound_that_never_goes_back_may_be_a_poll(
    operator: str, bounds: tuple[object, ...], severity: str
) -> None:
    assert severities(asked(NEW.replace(">", operator), *[(bound,) for bound in bounds])) == [severity]


def test_nothing_but_the_bound_changes_in_a_poll() -> None:
    sql = "SELECT posts.id FROM posts WHERE posts.author_id = ? AND posts.id > ?"
    assert severities(asked(sql, (7, 1), (7, 2), (7, 3))) == ["info"]
    assert severities(asked(sql, (7, 1), (8, 2), (9, 3))) == ["warning"]


@pytest.mark.parametrize("fields", [{"operation": "DELETE", "writes": ("posts",)}, {"writes": ("posts",)}])
def test_what_writes_is_no_poll(fields: dict[str, Any]) -> None:
    assert severities(asked(NEW, (1,), (2,), (3,), **fields)) == ["warning"]


@pytest.mark.parametrize(
    ("fields", "of_last", "may_poll"),
    [
        ({}, {}, True),
        ({"transaction": 1}, {}, False),
        ({}, {"transaction": 2}, False),
        ({}, {"transaction": 1}, True),
        ({"transaction": 1, "autocommit": True}, {}, True),
        ({"engine": ASYNC}, {}, True),
        ({"engine": ASYNC}, {"task": 2}, False),
        ({"engine": ENGINE}, {"task": 2}, True),
    ],
)
def test_a_poll_reads_each_time_in_a_transaction_of_its_own_and_in_one_task(
    fields: dict[str, Any], of_last: dict[str, Any], may_poll: bool
) -> None:
    same = asked(NEW, (7,), (7,), (7,), **fields)
    same[-1] = same[-1]._replace(**of_last)
    (finding,) = DuplicateStatement()(facts_of(*same))
    assert finding.severity == ("info" if may_poll else "warning")
    new = asked(NEW, (7,), (8,), (9,), **fields)
    new[-1] = new[-1]._replace(**of_last)
    assert severities(new) == ["info" if may_poll else "warning"]


def test_what_several_lines_read_is_no_poll() -> None:
    rows = asked(NEW, (7,), (7,), (7,))
    (finding,) = DuplicateStatement()(facts_of(*rows[:2], rows[2]._replace(site=ELSEWHERE)))
    assert finding.severity == "warning"


@pytest.mark.parametrize(
    ("of_second", "expected"),
    [
        ({"segment": 1}, []),
        ({"segment": 1, "transaction": 1}, [2]),
        ({"segment": 1, "transaction": 1, "autocommit": True}, []),
        ({}, [2]),
    ],
)
def test_what_another_message_asks_in_another_transaction_is_asked_anew(
    of_second: dict[str, Any], expected: list[int]
) -> None:
    first, second = asked(NEW, (7,), (7,))
    found = DuplicateStatement()(facts_of(first, second._replace(**of_second)))
    assert [finding.count for finding in found] == expected


WAITS = "def poll():\n    while True:\n        read()\n        time.sleep(interval)\n"


@pytest.fixture
def waiting(tmp_path: Path) -> CallSite:
    """Return the site of a line in a loop that waits."""
    file = tmp_path / "polls.py"
    file.write_text(WAITS)
    return SITE._replace(key=5, frames=(Frame(str(file), 3, "poll", 1),))


def test_a_loop_that_waits_in_each_turn_is_a_poll_unless_it_asks_in_one_transaction(waiting: CallSite) -> None:
    same = asked(NEW, (7,), (7,), (7,), site=waiting)
    together = [row._replace(transaction=1) for row in same]
    assert [len(list(DuplicateStatement()(facts_of(*rows)))) for rows in (same, together)] == [0, 1]
    new = asked(NEW, (7,), (8,), (9,), site=waiting)
    together = [row._replace(transaction=1) for row in new]
    assert [severities(rows) for rows in (new, together)] == [[], ["warning"]]


def test_a_poll_from_one_line_says_nothing_of_another(waiting: CallSite) -> None:
    first, second = asked(NEW, (7,), (7,), site=waiting)
    assert len(list(DuplicateStatement()(facts_of(first._replace(site=ELSEWHERE), second)))) == 1

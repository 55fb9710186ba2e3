"""What a test is told that has more than its baseline knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard.pytest_plugin.verdict import growth_message
from query_guard.recording import Recording
from query_guard.testing import record_queries
from query_guard.testing.tallies import OUTSIDE, Change, Tally

FILE = Path("known.json")
HEAD = "expected no more than known.json knows, got more:"
HINT = "  if this is meant: run it again with --query-guard-update-baseline"
NOT_IN_IT = "  this test is not in known.json, so that none of its findings is known"


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Five executions of one shape, two of another, and one of a third."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with record_queries() as recording, engine.connect() as connection:
        for sql, times in (("SELECT :n AS two", 2), ("SELECT :n AS five", 5), ("SELECT :n AS one", 1)):
            for number in range(times):
                connection.execute(text(sql), {"n": number})
    engine.dispose()
    return recording


def first(connection: Connection) -> None:
    connection.execute(text("SELECT 1 AS one"))


def second(connection: Connection) -> None:
    connection.execute(text("SELECT 1 AS one"))


def grown(what: str, before: int, after: int) -> Change:
    return {"route": OUTSIDE, "what": what, "before": before, "after": after}


def told(recording: Recording, before: Tally | None, *changes: Change) -> list[str]:
    """Return the lines without the places of statements."""
    lines = growth_message(FILE, changes, recording, before).splitlines()
    return [line for line in lines if not line.startswith("      ")]


@pytest.mark.parametrize("kind", ["n_plus_one", "statements_in_vain", "unused_eager_load"])
def test_of_a_finding_alone_no_shapes_are_told_and_a_test_that_is_not_known_is_named(
    kind: str, recording: Recording
) -> None:
    assert told(recording, None, grown(f"{kind} load", 0, 1)) == [
        HEAD,
        f"  {OUTSIDE}: 0 -> 1 {kind} load",
        NOT_IN_IT,
        HINT,
    ]


def test_of_more_statements_the_shapes_are_told_that_were_sent_more_often(recording: Recording) -> None:
    shapes = {"SELECT ? AS two": 1, "SELECT ? AS five": 2, "SELECT ? AS one": 1, "SELECT ? AS gone": 4}
    before: Tally = {OUTSIDE: {"statements": 7, "shapes": shapes, "findings": {}}}
    assert told(recording, before, grown("statements", 7, 8)) == [
        HEAD,
        f"  {OUTSIDE}: 7 -> 8 statements",
        "  2 -> 5 x SELECT ? AS five",
        "  1 -> 2 x SELECT ? AS two",
        HINT,
    ]


def test_a_shape_of_two_lines_is_at_the_first() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with record_queries() as recording, engine.connect() as connection:
        for sends in (first, second):
            sends(connection)
    engine.dispose()
    before: Tally = {OUTSIDE: {"statements": 1, "shapes": {}, "findings": {}}}
    lines = growth_message(FILE, [grown("statements", 1, 2)], recording, before).splitlines()
    (place,) = [line for line in lines if line.startswith("      ")]
    assert place.endswith(" in first")

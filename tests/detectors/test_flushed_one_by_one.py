"""What is said of rows that each turn of a loop flushes, by what called the flush, of facts made by hand."""

from __future__ import annotations

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import NO_INFO, NOWHERE, Clauses, Frame, Statement
from tests.detectors.loads import at_line, saved
from tests.reports import facts_of, statement


def flushed(call: str, operation: str = "INSERT", transactions: tuple[int, ...] = (1, 2, 3)) -> list[Statement]:
    return [
        statement(n, operation=operation, writes=("tags",), flush=n, transaction=of, site=at_line(20, call))
        for n, of in enumerate(transactions, 1)
    ]


def remedy(rows: list[Statement], *others: Statement) -> Remedy:
    return remedy_for(rows, facts_of(*rows, *others))


SAVEPOINT = (
    "Each savepoint flushes the INSERT of tags: where rows may be refused, ON CONFLICT DO NOTHING in one statement "
    "does the same; where none is, put many rows under one savepoint"
)
COMMIT = "Each turn of the loop commits the INSERT of tags: commit once after the loop"
AUTOFLUSH = (
    "A SELECT in the loop autoflushes the INSERT of tags of the turn before: send it within session.no_autoflush, or "
    "move it out of the loop"
)


@pytest.mark.parametrize("call", ["commit", "__exit__", "__aexit__", "prepare"])
def test_commits_and_savepoints_are_told_apart_by_their_transactions(call: str) -> None:
    assert remedy(flushed(call)) == Remedy("", COMMIT)
    assert remedy(flushed(call, transactions=(1, 1, 1))) == Remedy("", SAVEPOINT)
    assert remedy(flushed(call, transactions=(1, 2, 2))) == Remedy("", SAVEPOINT)


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        ("begin_nested", SAVEPOINT),
        ("merge", "session.merge() flushes the INSERT of tags in each turn: merge within session.no_autoflush, and "
                  "flush once after the loop"),
        ("scalars", AUTOFLUSH),
        ("execute", AUTOFLUSH),
    ],
)  # fmt: skip
def test_another_call_flushes(call: str, advice: str) -> None:
    assert remedy(flushed(call)) == Remedy("", advice)


@pytest.mark.parametrize(
    ("operation", "code", "advice"),
    [
        (
            "INSERT",
            "session.add_all(objects)",
            "Insert into tags with one flush after the loop: session.add_all(objects)",
        ),
        ("UPDATE", "session.flush()", "Change tags in the loop and flush once after it: session.flush()"),
        (
            "DELETE",
            "session.flush()",
            "Call session.delete() on tags in the loop and flush once after it: session.flush()",
        ),
    ],
)
@pytest.mark.parametrize("call", ["flush", ""])
def test_one_flush_writes_all(call: str, operation: str, code: str, advice: str) -> None:
    found = remedy(flushed(call, operation))
    assert (found.code, found.advice, saved(found)) == (code, advice, ([1, 2, 3], 1))


def test_a_listener_that_writes_in_a_flush_is_named() -> None:
    outer = at_line(20, "flush")
    site = outer._replace(frames=(Frame("audit.py", 5, "note", 1), *outer.frames))
    rows = [row._replace(site=site) for row in flushed("execute")]
    of_flush = statement(4, operation="INSERT", flush=1, site=outer)
    said = (
        "note() sends the INSERT of tags for each object that is flushed: collect the rows there, and send one "
        "statement for all from an after_flush listener of the session"
    )
    assert remedy(rows, of_flush) == Remedy("", said)
    for other in (of_flush._replace(flush=9), of_flush._replace(site=NOWHERE), of_flush._replace(site=site)):
        assert remedy(rows, other).code == "session.add_all(objects)"
    of_none = [row._replace(flush=0) for row in rows]
    assert "note()" not in remedy(of_none, of_flush._replace(flush=0)).advice


def test_what_merge_looks_up_is_loaded_before_the_loop() -> None:
    tag = NO_INFO._replace(entity="Tag", keys=("id",), clauses=Clauses(got=True))
    rows = [statement(n, info=tag, site=at_line(20, "merge")) for n in (1, 2)]
    code = "select(Tag).where(Tag.id.in_(values))"
    found = remedy(rows)
    assert (found.code, saved(found)) == (code, ([1, 2], 1))
    assert found.advice == (
        "session.merge() looks each Tag up: load all that are there with one select before the loop, and keep them "
        f"until it is over: {code}"
    )
    keyless = [row._replace(info=tag._replace(keys=())) for row in rows]
    unknown = [row._replace(info=tag._replace(entity=None)) for row in rows]
    assert [remedy(some).code for some in (keyless, unknown)] == ["", ""]
    assert remedy(unknown).advice.startswith("session.merge() looks each object up: ")

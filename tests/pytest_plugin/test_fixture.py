"""The fixture `query_guard`: what a test has sent so far, and assertions for a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.pool import StaticPool

from query_guard.pytest_plugin import QueryGuardFixture
from tests.models import Base, User, sample

pytestmark = pytest.mark.query_guard(mode="off")  # the findings here are made on purpose


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(sample())
        session.commit()
    yield engine
    engine.dispose()


def send(engine: Engine, number: int) -> None:
    with engine.connect() as connection:
        for value in range(number):
            connection.execute(text("SELECT :value"), {"value": value})


def load_in_vain(engine: Engine) -> None:
    with Session(engine) as session:
        for user in session.scalars(select(User).options(selectinload(User.posts))):
            assert user.id


def test_it_knows_at_any_time_what_the_test_has_sent(query_guard: QueryGuardFixture, engine: Engine) -> None:
    assert (query_guard.query_count, query_guard.statements, query_guard.findings) == (0, (), ())
    send(engine, 4)
    assert query_guard.query_count == 4
    assert [row.sql for row in query_guard.statements] == ["SELECT ?"] * 4
    assert [finding.kind for finding in query_guard.findings] == ["n_plus_one"]


def test_a_block_is_counted_by_itself_and_may_send_nothing(query_guard: QueryGuardFixture, engine: Engine) -> None:
    with query_guard.record_queries() as nothing:
        pass
    send(engine, 1)
    with query_guard.record_queries() as block:
        send(engine, 2)
    assert (nothing.query_count, block.query_count, query_guard.query_count) == (0, 2, 3)
    with pytest.raises(AssertionError, match="expected to see what the block does with a database"):
        with query_guard.record_queries(required=True):
            pass


@pytest.mark.parametrize(
    ("assertion", "sent", "told"),
    [
        (lambda guard: guard.assert_max_queries(2), 3, "expected at most 2 queries, got 3"),
        (lambda guard: guard.assert_num_queries(2), 1, "expected exactly 2 queries, got 1"),
        (lambda guard: guard.assert_no_findings(), 4, "expected no findings, got 1"),
        (lambda guard: guard.assert_no_findings(kinds={"n_plus_one"}), 4, "expected no findings, got 1"),
    ],
)
def test_an_assertion_of_a_block_holds_it_to_what_it_says(
    assertion: Callable[[Any], AbstractContextManager[Any]],
    sent: int,
    told: str,
    query_guard: QueryGuardFixture,
    engine: Engine,
) -> None:
    with assertion(query_guard):
        send(engine, 2)
    with pytest.raises(AssertionError, match=told), assertion(query_guard):
        send(engine, sent)


def test_other_kinds_than_those_named_fail_nothing(query_guard: QueryGuardFixture, engine: Engine) -> None:
    with query_guard.assert_no_findings(kinds={"slow_statement"}):
        send(engine, 4)


def test_loads_that_nobody_reads_are_found_where_reads_are_noted(
    query_guard: QueryGuardFixture, engine: Engine
) -> None:
    with query_guard.assert_no_findings(), query_guard.record_queries() as block:
        load_in_vain(engine)
    assert block.findings == ()
    with query_guard.record_queries(reads=True) as read:
        load_in_vain(engine)
    assert [finding.kind for finding in read.findings] == ["unused_eager_load"]
    with pytest.raises(AssertionError, match="unused_eager_load"), query_guard.assert_no_findings(reads=True):
        load_in_vain(engine)


def test_growth_is_asserted_at_the_scales_that_are_given(query_guard: QueryGuardFixture, engine: Engine) -> None:
    rows: list[int] = []
    calls: list[int] = []

    def call() -> None:
        calls.append(len(rows))
        send(engine, len(rows))

    with pytest.raises(AssertionError, match="got 2 with 2 rows added, 5 with 5 rows added"):
        query_guard.assert_constant_queries(call, lambda number: rows.extend(range(number)))
    assert calls == [2, 2, 5]
    rows.clear()
    calls.clear()
    with pytest.raises(AssertionError, match="got 1 with 1 row added, 3 with 3 rows added"):
        query_guard.assert_constant_queries(call, lambda number: rows.extend(range(number)), (1, 3), warm_up=False)
    assert calls == [1, 3]


@pytest.mark.parametrize(
    "call",
    [
        lambda guard: guard.record_queries(True),
        lambda guard: guard.assert_no_findings({"n_plus_one"}),
    ],
)
def test_options_are_given_by_name(call: Callable[[Any], object], query_guard: QueryGuardFixture) -> None:
    with pytest.raises(TypeError, match="positional argument"):
        call(query_guard)

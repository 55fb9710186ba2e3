"""assert_constant_queries at several scales: what it names of what grew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard.testing import assert_constant_queries
from tests.models import Base, Post, User

Sends = Callable[[Connection, int], None]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def message_of(engine: Engine, sends: Sends, *, scales: tuple[int, ...] = (1, 2, 4)) -> str:
    """Return what is said of a call that sends this, given the number of rows there are."""
    rows = 0

    def populate(number: int) -> None:
        nonlocal rows
        rows += number

    def call() -> None:
        with engine.connect() as connection:
            sends(connection, rows)

    with pytest.raises(AssertionError) as raised:
        assert_constant_queries(call, populate, scales)
    return str(raised.value)


def test_the_finding_at_the_last_scale_is_told(engine: Engine) -> None:
    def populate(number: int) -> None:
        with Session(engine) as session:
            session.add_all([User(name="someone", posts=[Post(title="first")]) for _ in range(number)])
            session.commit()

    def lazy() -> list[int]:
        with Session(engine) as session:
            return [len(user.posts) for user in session.scalars(select(User))]

    with pytest.raises(AssertionError) as raised:
        assert_constant_queries(lazy, populate, (1, 2, 5))
    text = str(raised.value)
    assert "got 2 with 1 row added, 3 with 2 rows added, 6 with 5 rows added; what grew:\n  1 -> 2 -> 5 x " in text
    assert "  n_plus_one: User.posts was loaded 5 times" in text
    assert "    fix: Add .options(selectinload(User.posts)) to the select at " in text
    assert "send one statement for all rows" not in text


def test_what_is_sent_most_at_the_last_scale_comes_first_and_what_did_not_grow_is_left_out(engine: Engine) -> None:
    def sends(connection: Connection, rows: int) -> None:
        for number in range(8):
            connection.execute(text("SELECT :n AS same"), {"n": number})
        for number in range(rows):
            connection.execute(text("SELECT :n AS once"), {"n": number})
            for sign in (1, -1):
                connection.execute(text("SELECT :n AS twice"), {"n": sign * number})

    told = re.findall(r"(?m)^  (.* -> .*) x SELECT \? AS (\w+)$", message_of(engine, sends))
    assert told == [("2 -> 4 -> 8", "twice"), ("1 -> 2 -> 4", "once")]


def test_what_grew_between_the_first_two_scales_alone_has_grown(engine: Engine) -> None:
    def sends(connection: Connection, rows: int) -> None:
        for number in range(min(rows, 2)):
            connection.execute(text("SELECT :n AS few"), {"n": number})

    assert "  1 -> 2 -> 2 x SELECT ? AS few\n" in message_of(engine, sends)


def test_a_finding_about_other_statements_is_not_told(engine: Engine) -> None:
    def sends(connection: Connection, rows: int) -> None:
        for number in range(8):
            connection.execute(text("SELECT :n AS same"), {"n": number})
        for number in range(rows):
            connection.execute(text(f"SELECT 1 AS n_{number}"))

    told = message_of(engine, sends, scales=(1, 2))
    assert "n_plus_one" not in told
    assert told.endswith("\n    fix: send one statement for all rows, rather than one for each")

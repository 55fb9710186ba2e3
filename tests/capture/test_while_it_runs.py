"""While a statement runs, the holder of its connection is said to run it; by wrapped methods and by cursor events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from query_guard import record
from query_guard.capture.hooks import cursor_events
from query_guard.capture.live.holders import holders_of
from query_guard.capture.live.pools import watch_of

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded has the connection before the window, too


@pytest.fixture(params=["wrapped methods", "cursor events"], autouse=True)
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param == "cursor events":
        cursor_events.use_cursor_events()
    yield
    cursor_events.forget_cursor_events()


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Give an engine with a function `look()`, which fails if the holder is not said to run a statement."""
    engine = create_engine("sqlite://", poolclass=QueuePool)

    def look() -> int:
        assert doing(engine) == ["running a statement"]
        return 1

    @event.listens_for(engine, "connect")
    def add_function(connection: object, _: object) -> None:
        connection.create_function("look", 0, look)  # type: ignore[attr-defined]  # the driver's own connection

    yield engine
    engine.dispose()


def doing(engine: Engine) -> list[str]:
    return [holder.doing for holder in holders_of(watch_of(engine.pool))]


def test_a_statement_runs_from_its_call_to_its_end(engine: Engine) -> None:
    with record("job") as recording, engine.connect() as connection:
        assert doing(engine) == ["idle"]
        assert connection.scalar(text("SELECT look()")) == 1
        assert doing(engine) == ["idle in transaction"]
    assert [row.error for row in recording.report.facts.statements] == [None]


def test_a_statement_that_fails_has_ended_too(engine: Engine) -> None:
    with record("job") as recording, engine.connect() as connection:
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT abs(look() - 9223372036854775807 - 2)"))
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1 FROM nowhere"))
        assert doing(engine) == ["idle in transaction"]
    assert [row.error for row in recording.report.facts.statements] == ["OperationalError"] * 2


def test_a_statement_of_a_connection_that_nobody_saw_being_taken_counts_as_well(engine: Engine) -> None:
    with engine.connect() as connection, record("job") as recording:
        connection.execute(text("SELECT 1"))
    assert (recording.query_count, recording.own_errors) == (1, {})
    assert recording.report.facts.checkouts == ()

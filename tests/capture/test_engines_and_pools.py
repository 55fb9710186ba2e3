"""What is known of engines and pools, and the texts that were sent on an engine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

from query_guard import record
from query_guard.capture.live.pools import checked_out, live_watches, number_out, pool_facts, watch_of
from query_guard.capture.origin.engines import InfoByText, engine_and_texts, engine_of
from tests.reports import ENGINE


def made(**options: Any) -> Engine:
    return create_engine("sqlite://", **options)


def test_an_engine_is_known_by_its_dialect_and_driver() -> None:
    plain, awaiting = made(), create_async_engine("sqlite+aiosqlite://").sync_engine
    unknown: Any = SimpleNamespace()
    told = [engine_of(one)[1:] for one in (plain.dialect, awaiting.dialect, unknown)]
    assert told == [
        ("sqlite+pysqlite", "sqlite", False, False),
        ("sqlite+aiosqlite", "sqlite", False, True),
        ("unknown+unknown", "unknown", True, False),
    ]
    server: Any = SimpleNamespace(name="postgresql", driver="psycopg", is_async=0)
    assert engine_of(server)[1:] == ("postgresql+psycopg", "postgresql", True, False)


def test_an_engine_keeps_its_number_and_shares_it_with_its_options() -> None:
    first, second = made(), made()
    assert engine_of(first.dialect) is engine_of(first.execution_options(isolation_level="AUTOCOMMIT").dialect)
    assert engine_of(second.dialect).serial != engine_of(first.dialect).serial
    assert engine_and_texts(first.dialect)[1] is not engine_and_texts(second.dialect)[1]


@pytest.mark.parametrize(("length", "is_kept"), [(8 * 1024, True), (8 * 1024 + 1, False)])
def test_a_text_is_kept_up_to_a_length(length: int, is_kept: bool) -> None:
    texts = InfoByText()
    info = texts.add("x" * length, ENGINE)
    assert (len(info.sql), [*texts.values()]) == (length, [info] if is_kept else [])


def test_texts_are_bounded_in_number() -> None:
    texts = InfoByText()
    for number in range(2_000):
        texts.add(str(number), ENGINE)
    kept = len(texts)
    texts.add("one more", ENGINE)
    assert (kept, [*texts]) == (2_000, ["one more"])


def test_characters_are_counted_anew_once_texts_are_dropped() -> None:
    texts = InfoByText()
    sizes = []
    for number in range(400):
        texts.add(f"{number:08_d}".ljust(8_000), ENGINE)
        sizes.append(len(texts))
    assert max(sizes) == 126
    assert sizes[125:127] == [126, 1]
    assert sizes[251:253] == [126, 1]


@pytest.mark.parametrize(
    ("options", "capacity", "is_default"),
    [
        ({"poolclass": QueuePool}, 15, True),
        ({"poolclass": QueuePool, "pool_size": 5, "max_overflow": 10}, 15, True),
        ({"poolclass": QueuePool, "pool_size": 5, "max_overflow": 0}, 5, False),
        ({"poolclass": QueuePool, "pool_size": 4, "max_overflow": 10}, 14, False),
        ({"poolclass": QueuePool, "pool_size": 4, "max_overflow": -1}, None, False),
        ({"poolclass": NullPool}, None, False),
        ({"poolclass": StaticPool}, None, False),
    ],
)
def test_the_capacity_of_a_pool(options: dict[str, Any], capacity: int | None, is_default: bool) -> None:
    engine = made(**options)
    facts = pool_facts(watch_of(engine.pool))
    assert facts is not None
    assert (facts.capacity, facts.is_default) == (capacity, is_default)
    engine.dispose()


def test_the_connections_of_a_pool_that_are_out() -> None:
    engine = made(poolclass=QueuePool, pool_size=1, max_overflow=2)
    watch = watch_of(engine.pool)
    told = [checked_out(watch)]
    connections = [engine.connect() for _ in range(2)]
    told.append(checked_out(watch))
    facts = pool_facts(watch)
    assert facts is not None
    assert (facts.checked_out, facts.overflow, facts.idle, facts.waiting) == (2, 1, 0, 0)
    for connection in connections:
        connection.close()
    told.append(checked_out(watch))
    assert told == [(0, 1, 0), (2, 1, 1), (0, 1, 0)]
    engine.dispose()


@pytest.mark.query_guard(mode="off")  # a test that is recorded has all its connections recorded
def test_connections_of_requests_that_are_not_sampled_are_out_as_well() -> None:
    engine = made(poolclass=QueuePool)
    watch = watch_of(engine.pool)
    unrecorded = engine.connect()
    with record("job"), engine.connect():
        told = [number_out(watch)]
        watch.has_unrecorded = True
        told.append(number_out(watch))
    told.append(number_out(watch))
    unrecorded.close()
    assert told == [1, 2, 1]
    engine.dispose()


def test_pools_are_listed_in_the_order_in_which_they_were_first_used() -> None:
    first, second = made(poolclass=QueuePool), made(poolclass=QueuePool)
    watches = [watch_of(engine.pool) for engine in (second, first)]
    assert [watch for watch in live_watches() if watch in watches] == watches
    assert [watch_of(engine.pool) for engine in (second, first)] == watches

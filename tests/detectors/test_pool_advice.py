"""What a pool's own figures say of its settings, of facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors import PoolSettings
from query_guard.records import Engine
from tests.reports import ENGINE, REQUEST, checkout, facts_of, pool

FILE = Engine(2, "sqlite+aiosqlite", "sqlite", False)


def advice(serial: int = 1, request: Any = "http", detector: PoolSettings | None = None, **fields: Any) -> list[str]:
    pools = (pool(**fields),)
    facts = facts_of(checkouts=(checkout(),), pools=pools, serial=serial, request=REQUEST._replace(kind=request))
    return [finding.summary for finding in (detector or PoolSettings())(facts)]


PING = "postgresql+asyncpg does not check that connections still work before requests get them"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"pre_ping": False}, [PING]),
        ({"pre_ping": False, "engine": FILE}, []),
        ({"peak": 6, "waits": 2, "wait_time": 0.5},
         ["6 connections were out at once, of a pool that keeps 5; 2 waits took 500 ms"]),
        ({"peak": 6, "pre_ping": False}, ["6 connections were out at once, of a pool that keeps 5", PING]),
        ({"peak": 6, "size": 6}, []),
        ({"peak": 6, "size": None, "pre_ping": False}, [PING]),
        ({"kind": "StaticPool", "pre_ping": False, "connects": 2, "connect_time": 0.5, "peak": 9},
         ["StaticPool gives all requests the same connection; 2 were made, 250 ms each"]),
        ({"kind": "NullPool", "pre_ping": False, "connects": 2, "connect_time": 0.5}, []),
        ({"kind": "NullPool", "pre_ping": False, "connects": 3, "connect_time": 0.75},
         ["NullPool makes a connection for each checkout; 3 were made, 250 ms each"]),
        ({"kind": "NullPool", "pre_ping": False, "connects": 4, "connect_time": 0.5},
         ["NullPool makes a connection for each checkout; 4 were made, 125 ms each"]),
        ({"kind": "StaticPool"}, ["StaticPool gives all requests the same connection"]),
    ],
)  # fmt: skip
def test_what_is_said_of_a_pool(fields: dict[str, Any], expected: list[str]) -> None:
    assert advice(**fields) == expected


@pytest.mark.parametrize(("kind", "times"), [("http", 1), ("websocket", 0), ("block", 0)])
def test_only_the_pools_of_a_served_application_are_judged(kind: str, times: int) -> None:
    assert len(advice(request=kind, pre_ping=False)) == times


def test_each_setting_of_an_engine_is_told_by_one_report_also_if_it_is_judged_twice() -> None:
    detector = PoolSettings()
    told = [len(advice(serial, detector=detector, **fields)) for serial, fields in (
        (1, {"pre_ping": False}),
        (1, {"pre_ping": False}),
        (2, {"pre_ping": False}),
        (2, {"pre_ping": False, "peak": 9}),
        (3, {"pre_ping": False, "peak": 9}),
        (3, {"pre_ping": False, "engine": ENGINE._replace(serial=7)}),
    )]  # fmt: skip
    assert told == [1, 1, 0, 1, 0, 1]


def test_the_checkouts_of_another_pool_do_not_say_where_it_is_used() -> None:
    other, own = checkout(pool=2, request=5), checkout(pool=1, request=1)
    (finding,) = PoolSettings()(facts_of(checkouts=(other, own), pools=(pool(pre_ping=False),)))
    assert finding.request == 1

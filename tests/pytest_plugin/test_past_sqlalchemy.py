"""Connections past SQLAlchemy are noted with driver and line; what a release of a driver lacks is left alone."""

from __future__ import annotations

import json
import sqlite3
import sys
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import create_engine

from query_guard.pytest_plugin.past_sqlalchemy import PastSqlalchemy, _wrapped

FUNCTIONS = [
    ("psycopg", "connect"),
    ("psycopg2", "connect"),
    ("aiosqlite", "connect"),
    ("asyncpg", "connect"),
    ("asyncpg", "create_pool"),
    ("pymysql", "connect"),
    ("MySQLdb", "connect"),
    ("aiomysql", "connect"),
    ("aiomysql", "create_pool"),
    ("asyncmy", "connect"),
    ("asyncmy", "create_pool"),
    ("oracledb", "connect"),
    ("oracledb", "connect_async"),
    ("pyodbc", "connect"),
]


@pytest.mark.parametrize(
    ("path", "name"),
    [("json", "connect"), ("json.JSONDecoder", "connect"), ("json.NoClass", "connect"), ("no_such_module", "connect")],
)
def test_what_a_driver_does_not_have_is_not_added(path: str, name: str) -> None:
    with _wrapped(path, name):
        assert not hasattr(json, name)
        assert not hasattr(json.JSONDecoder, name)


def test_what_it_has_is_wrapped_and_put_back() -> None:
    original = json.loads
    with _wrapped("json", "loads"):
        assert json.loads is not original
        assert json.loads("[1]") == [1]
    assert json.loads is original


def line_here() -> int:
    return sys._getframe(1).f_lineno


@pytest.mark.parametrize(("driver", "name"), FUNCTIONS)
def test_each_way_to_connect_is_noted_with_its_line_and_works_as_before(
    driver: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = ModuleType(driver)
    original = lambda *args, **options: (args, options)  # noqa: E731 - what the driver has is any function
    setattr(module, name, original)
    monkeypatch.setitem(sys.modules, driver, module)
    with PastSqlalchemy() as past:
        returned = []
        for number in range(2):
            returned.append(getattr(module, name)("dsn", timeout=number))  # noqa: PERF401 - a frame of its own on 3.11
        line = line_here() - 1
    assert returned == [(("dsn",), {"timeout": 0}), (("dsn",), {"timeout": 1})]
    assert past.connections == {(driver, f"tests/pytest_plugin/test_past_sqlalchemy.py:{line}"): 2}
    assert getattr(module, name) is original


@pytest.mark.parametrize("kind", ["Connection", "AsyncConnection"])
def test_the_class_of_a_connection_may_connect_too(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Connection:
        @classmethod
        def connect(cls, dsn: str) -> tuple[type, str]:
            return cls, dsn

    original = vars(Connection)["connect"]
    module: Any = ModuleType("psycopg")
    setattr(module, kind, Connection)
    monkeypatch.setitem(sys.modules, "psycopg", module)
    with PastSqlalchemy() as past:
        assert Connection.connect("dsn") == (Connection, "dsn")
    assert [(driver, times) for (driver, _), times in past.connections.items()] == [("psycopg", 1)]
    assert vars(Connection)["connect"] is original


def test_sqlite_is_noted_unless_sqlalchemy_connects_and_only_in_the_block() -> None:
    with PastSqlalchemy() as past, PastSqlalchemy() as within:
        for _ in range(2):
            sqlite3.connect(":memory:").close()
        line = line_here() - 1
        with create_engine("sqlite://").connect():
            pass
    sqlite3.connect(":memory:").close()
    place = f"tests/pytest_plugin/test_past_sqlalchemy.py:{line}"
    assert past.connections == within.connections == {("sqlite3", place): 2}
    assert past.message() == (
        "expected all statements to go through SQLAlchemy (--query-guard-require), but a database was used that "
        f"query_guard cannot see:\n  2 x sqlite3, connected at {place}\n"
        "  use an engine of SQLAlchemy, or let this test run without --query-guard-require: "
        '@pytest.mark.query_guard(mode="off")'
    )


def test_where_no_line_of_the_application_connects_a_library_did() -> None:
    past = PastSqlalchemy()
    past.note("psycopg2", None)
    assert past.connections == {("psycopg2", "a library"): 1}

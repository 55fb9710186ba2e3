"""Which values an option of QueryGuard takes: each type that it may have, and none of those next to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from query_guard import QueryGuard
from query_guard.history.memory import MemoryHistory


async def app(*_: Any) -> None: ...


def history_without(name: str) -> SimpleNamespace:
    methods = {each: print for each in ("add", "get", "latest") if each != name}
    return SimpleNamespace(**methods)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("engines", [5, "sqlite://", b"sqlite://", [None]]),
        ("headers", [None, 0, 1, "on"]),
        ("debug", [None, 0, 1, "on"]),
        ("debug_path", [None, 5, b"/reports", "", "reports", "//"]),
        ("debug_token", [5, True, b"sixteen-characters", "x"]),
        ("sample_rate", [None, "0.5", True, -0.1, 1.1, float("nan"), float]),
        ("exclude", [None, 5, "/health", b"/health", {"/health"}, [5], ["/health", None], iter(["/health"])]),
        ("capture_parameters", [None, 0, 1]),
        ("release", ["", 5, b"1", ("1",)]),
        ("detectors", [5, "n_plus_one", b"n_plus_one", [int], [5], print]),
        ("reporters", [5, "log", b"log", [str], ["log"], print]),
        ("history", [5, *map(history_without, ("add", "get", "latest"))]),
        ("budgets", [5, [("GET /", 5)], {5: 5}, {b"GET /": 5}, {"/": 5}, {"GET": 5}, {"get /": 5}, {"GET / ": 5}]),
        ("budgets", [{"GET /": value} for value in (-1, True, False, 2.5, 2.0, "3", None)]),
    ],
)
def test_other_values_are_refused_with_the_name_of_the_option(option: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ValueError, match=f"^QueryGuard: (the budget of|{option}) "):
            QueryGuard(app, **{option: value})


@pytest.mark.parametrize(
    ("option", "values"),
    [
        (
            "engines",
            [
                None,
                [create_engine("sqlite://", poolclass=StaticPool)],
                iter([create_async_engine("sqlite+aiosqlite://")]),
            ],
        ),
        ("debug_path", ["/reports", "/reports/", "/of/all"]),
        ("debug_token", [None, "", "x" * 16, " " + "x" * 16]),
        ("sample_rate", [0, 0.0, 0.5, 1, 1.0, lambda _scope: 0.5]),
        ("exclude", [(), ["/health"], ("/health", "/static/*")]),
        ("release", [None, "1"]),
        ("detectors", [None, (), [print], iter([print])]),
        ("reporters", [None, (), [print], iter([print])]),
        ("history", [None, MemoryHistory(), history_without("nothing")]),
        ("budgets", [None, {}, {"GET /": 0}, {"POST /orders/{id}": 7, "WEBSOCKET /live": 1}]),
    ],
)
def test_each_value_that_it_may_have_is_taken(option: str, values: list[Any]) -> None:
    for value in values:
        QueryGuard(app, **{option: value})

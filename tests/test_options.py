"""A wrong option is refused when the middleware is built, in words that name it."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import QueryGuard, query_budget

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"engines": "postgresql://"}, "engines must be None or a sequence of Engine or AsyncEngine, not 'postgresql://'"),
    ({"engines": [1]}, "engines must hold Engine or AsyncEngine objects, not 1"),
    ({"headers": "yes"}, "headers must be True or False, not 'yes'"),
    ({"debug": 1}, "debug must be True or False, not 1"),
    ({"debug_path": "debug"}, "debug_path must be a path below the root, such as '/__query_guard__', not 'debug'"),
    ({"debug_path": "/"}, "debug_path must be a path below the root, such as '/__query_guard__', not '/'"),
    ({"debug_token": 5}, "debug_token must be None or text of at least 16 characters"),
    ({"sample_rate": 1.5}, "sample_rate must be a number from 0 to 1, not 1.5"),
    ({"sample_rate": -0.5}, "sample_rate must be a number from 0 to 1, not -0.5"),
    ({"sample_rate": True}, "sample_rate must be a number from 0 to 1, not True"),
    ({"budgets": [5]}, "budgets must map routes to numbers, such as {'GET /orders/{id}': 5}, not [5]"),
    ({"budgets": {"/orders": 5}}, "budgets must name a method and a route, such as 'GET /orders/{id}', not '/orders'"),
    ({"budgets": {"GET /": -1}}, "the budget of 'GET /' must be an integer of at least 0, not -1"),
    ({"detectors": print}, "detectors must be a sequence of callables"),
    ({"detectors": [int]}, "detectors must hold callables (instances, not classes), not <class 'int'>"),
    ({"reporters": ["log"]}, "reporters must hold callables (instances, not classes), not 'log'"),
    ({"history": "sqlite"}, "history must have add, get and latest, as MemoryHistory() has, not 'sqlite'"),
    ({"exclude": "/health"}, "exclude must be a sequence of texts, such as ('/health',), not '/health'"),
    ({"capture_parameters": None}, "capture_parameters must be True or False, not None"),
    ({"release": ""}, "release must be None or text of at least 1 characters, not ''"),
]


async def app(*_: Any) -> None: ...


@pytest.mark.parametrize(("options", "message"), WRONG, ids=[str(options) for options, _ in WRONG])
def test_wrong_options_are_refused_by_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="QueryGuard: ") as raised:
        QueryGuard(app, **options)
    assert message in str(raised.value)


RIGHT: list[dict[str, Any]] = [
    {"sample_rate": 0},
    {"sample_rate": 1},
    {"debug_token": "x" * 16},
    {"budgets": {"GET /": 0}},
    {"release": "1"},
    {"exclude": ()},
]


@pytest.mark.parametrize("options", RIGHT, ids=str)
def test_options_just_within_their_bounds_are_taken(options: dict[str, Any]) -> None:
    QueryGuard(app, **options)


def test_a_token_of_fifteen_characters_is_refused() -> None:
    with pytest.raises(ValueError, match="debug_token must be None or text of at least 16 characters"):
        QueryGuard(app, debug_token="x" * 15)


def test_a_token_is_never_shown() -> None:
    with pytest.raises(ValueError, match="debug_token") as raised:
        QueryGuard(app, debug_token="short secret")
    assert "short secret" not in str(raised.value)


def test_a_wrong_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG", "maybe")
    with pytest.raises(ValueError, match="QUERY_GUARD_DEBUG must be one of 1, 0, true"):
        QueryGuard(app)


@pytest.mark.parametrize("number", [-1, True, 2.5, "3"])
def test_a_wrong_budget_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match="query_budget: max_queries must be an integer of at least 0, not"):
        query_budget(max_queries=number)

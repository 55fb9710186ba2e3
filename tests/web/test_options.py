"""A wrong option is refused when the middleware is built, in words that name it."""

from __future__ import annotations

import inspect
import logging
import re
from types import SimpleNamespace
from typing import Any

import pytest

from query_guard import QueryGuard, query_budget
from query_guard.history.memory import MemoryHistory


async def asynchronous(_scope: Any) -> float:
    return 1.0


class Asynchronous:
    async def __call__(self, _scope: Any) -> float:
        return 1.0


class AsynchronousHistory(MemoryHistory):
    async def add(self, report: Any) -> None: ...  # type: ignore[override]


def named(options: dict[str, Any]) -> str:
    """Name options without addresses, which differ between the processes of a run."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(options))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"engines": "postgresql://"}, "engines must be None or a sequence of Engine or AsyncEngine, not 'postgresql://'"),
    ({"engines": [1]}, "engines must hold Engine or AsyncEngine objects, not 1"),
    ({"headers": "yes"}, "headers must be True or False, not 'yes'"),
    ({"debug": 1}, "debug must be True or False, not 1"),
    ({"debug_path": "debug"}, "debug_path must be a path below the root, such as '/__query_guard__', not 'debug'"),
    ({"debug_path": "/"}, "debug_path must be a path below the root, such as '/__query_guard__', not '/'"),
    ({"debug_token": 5}, "debug_token must be None or text of at least 16 characters, not int"),
    (
        {"debug_token": "x" * 16 + "\ny"},
        "debug_token must fit into a header, and holds a line break or another control",
    ),
    ({"debug_token": "x" * 15 + "\n"}, "debug_token must be None or text of at least 16 characters, not 15 of them"),
    ({"sample_rate": 1.5}, "sample_rate must be a number from 0 to 1, not 1.5"),
    ({"sample_rate": -0.5}, "sample_rate must be a number from 0 to 1, not -0.5"),
    ({"sample_rate": True}, "sample_rate must be a number from 0 to 1, not True"),
    ({"sample_rate": float}, "a function (not async) of the scope that returns one, not <class 'float'>"),
    ({"sample_rate": asynchronous}, "of the scope that returns one, not <function asynchronous"),
    ({"sample_rate": Asynchronous()}, "of the scope that returns one, not <tests.web.test_options.Asynchronous"),
    ({"budgets": [5]}, "budgets must map routes to numbers, such as {'GET /orders/{id}': 5}, not [5]"),
    ({"budgets": {"/orders": 5}}, "budgets must name a method and a route, such as 'GET /orders/{id}', not '/orders'"),
    ({"budgets": {"GET /": -1}}, "the budget of 'GET /' must be an integer of at least 0, not -1"),
    ({"detectors": print}, "detectors must be a sequence of callables"),
    ({"detectors": [int]}, "detectors must hold callables (instances, not classes), not <class 'int'>"),
    ({"detectors": [Asynchronous()]}, "detectors must hold callables that nobody has to await, not <tests.web."),
    ({"reporters": [asynchronous]}, "reporters must hold callables that nobody has to await, not <function asyn"),
    ({"reporters": ["log"]}, "reporters must hold callables (instances, not classes), not 'log'"),
    ({"history": "sqlite"}, "history must have add, get and latest, as MemoryHistory() has, not 'sqlite'"),
    ({"history": MemoryHistory}, "history must be an instance, as MemoryHistory() is, with methods that nobody has to"),
    ({"history": AsynchronousHistory()}, "with methods that nobody has to await, not <tests.web.test_options.Asynch"),
    ({"exclude": "/health"}, "exclude must be a sequence of texts, such as ('/health',), not '/health'"),
    ({"capture_parameters": None}, "capture_parameters must be True or False, not None"),
    ({"release": ""}, "release must be None or text of at least 1 characters, not ''"),
]


async def app(*_: Any) -> None: ...


@pytest.mark.parametrize(("options", "message"), WRONG, ids=[named(options) for options, _ in WRONG])
def test_wrong_options_are_refused_by_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="QueryGuard: ") as raised:
        QueryGuard(app, **options)
    assert message in str(raised.value)


RIGHT: list[dict[str, Any]] = [
    {"sample_rate": 0},
    {"sample_rate": 1},
    {"sample_rate": lambda scope: 0.5},
    {"debug_token": "x" * 16},
    {"budgets": {"GET /": 0}},
    {"release": "1"},
    {"exclude": ()},
]


@pytest.mark.parametrize("options", RIGHT, ids=named)
def test_options_just_within_their_bounds_are_taken(options: dict[str, Any]) -> None:
    QueryGuard(app, **options)


def test_a_token_of_fifteen_characters_is_refused() -> None:
    with pytest.raises(ValueError, match="debug_token must be None or text of at least 16 characters"):
        QueryGuard(app, debug_token="x" * 15)


def test_a_token_is_never_shown() -> None:
    with pytest.raises(ValueError, match="debug_token") as raised:
        QueryGuard(app, debug_token="short secret")
    assert "short secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, None),
        ("", None),
        (" \n", None),
        ("a-token-of-good-length\n", "a-token-of-good-length"),
        ("x" * 16, "x" * 16),
        ("pässwörter-von-uns", "pässwörter-von-uns"),
    ],
)
def test_a_token_is_what_stands_between_blanks(given: str | None, kept: str | None) -> None:
    assert QueryGuard(app, debug=True, debug_token=given)._options.debug_token == kept


def test_an_option_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(TypeError, match="there is no option 'slow_threshold', but engines, headers, debug") as raised:
        QueryGuard(app, slow_threshold=0.2)  # type: ignore[call-arg]  # no such option: that is tested
    assert "detectors=defaults(SlowStatement(seconds=0.2))" in str(raised.value)


def test_the_defaults_are_those_of_the_contract() -> None:
    parameters = [one for one in inspect.signature(QueryGuard).parameters.values() if one.kind is one.KEYWORD_ONLY]
    assert {parameter.name: parameter.default for parameter in parameters} == {
        "engines": None,
        "headers": True,
        "debug": False,
        "debug_path": "/__query_guard__",
        "debug_token": None,
        "sample_rate": 1.0,
        "budgets": None,
        "allow": (),
        "detectors": None,
        "reporters": None,
        "history": None,
        "exclude": (),
        "capture_parameters": False,
        "release": None,
    }


SWITCHES = "1, true, yes, on, 0, false, no, off"


def errors_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("value", ["disabled", "2", "f" * 1000])
def test_a_mistyped_switch_leaves_profiling_on_and_says_so(
    value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("QUERY_GUARD_ENABLED", value)
    assert QueryGuard(app)._enabled
    shown = value if len(value) <= 20 else "f" * 20 + "…"
    assert errors_of(caplog) == [
        f"query_guard: QUERY_GUARD_ENABLED must be one of {SWITCHES}, not {shown!r}; "
        "it counts as on until this is fixed"
    ]


def test_a_mistyped_switch_leaves_the_debug_endpoint_off_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG", "maybe")
    assert not QueryGuard(app, debug=True)._options.debug
    assert errors_of(caplog) == [
        f"query_guard: QUERY_GUARD_DEBUG must be one of {SWITCHES}, not 'maybe'; it counts as off until this is fixed"
    ]


@pytest.mark.parametrize("value", ["", " ", "\n"])
@pytest.mark.parametrize("debug", [True, False])
def test_an_empty_variable_is_unset(
    value: str, debug: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("QUERY_GUARD_ENABLED", value)
    monkeypatch.setenv("QUERY_GUARD_DEBUG", value)
    guard = QueryGuard(app, debug=debug)
    assert (guard._enabled, guard._options.debug) == (True, debug)
    assert caplog.records == []


@pytest.mark.parametrize("switch", [True, False])
@pytest.mark.parametrize("words", [("1", "0"), ("true", "false"), ("YES", "No"), ("on\n", " off ")])
def test_the_environment_wins(switch: bool, words: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    word = words[0] if switch else words[1]
    monkeypatch.setenv("QUERY_GUARD_ENABLED", word)
    monkeypatch.setenv("QUERY_GUARD_DEBUG", word)
    guard = QueryGuard(app, debug=not switch)
    assert (guard._enabled, guard._options.debug) == (switch, switch)


@pytest.mark.parametrize("number", [-1, True, 2.5, "3"])
def test_a_wrong_budget_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match="query_budget: max_queries must be an integer of at least 0, not"):
        query_budget(max_queries=number)


@pytest.mark.parametrize("positional", [(app,), (2,)], ids=["without parentheses", "without a name"])
def test_a_budget_is_declared_by_name(positional: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="query_budget: write @query_budget") as raised:
        query_budget(*positional)
    assert "write @query_budget(max_queries=5), with the number by name, not" in str(raised.value)


@pytest.mark.parametrize("lacking", ["dialect", "pool"])
def test_what_has_only_some_attributes_of_an_engine_is_none(lacking: str) -> None:
    """As a connection, which has a dialect and no pool."""
    engine = SimpleNamespace(dialect=None, pool=None)
    delattr(engine, lacking)
    with pytest.raises(ValueError, match=r"engines must hold Engine or AsyncEngine objects, not namespace\("):
        QueryGuard(app, engines=[engine])

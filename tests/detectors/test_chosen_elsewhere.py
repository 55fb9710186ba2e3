"""Which lines serve one model, and which any: read from their source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from query_guard.detectors.remedies.written import chosen_elsewhere, the_select
from query_guard.records import CallSite, Frame
from tests.models import User
from tests.reports import statement

FILE = "tests/detectors/test_chosen_elsewhere.py"


def of_its_own(session: Any, team: Any) -> Any:
    return session.scalars(team.players.select())


def found_in_a_dictionary(session: Any, names: Any, key: Any) -> Any:
    return session.scalars(session.query(User).where(User.name == names.get(key)))


def got(session: Any, key: Any) -> Any:
    return session.get(User, key)


def of_another_name(session: Any, statement: Any) -> Any:
    limited = statement.limit(5)
    return session.scalars(limited)


def over_several_lines(
    session: Any,
    statement: Any,
) -> Any:
    def send() -> Any:
        # run in a thread
        return session.scalars(
            statement
        )  # fmt: skip

    return send


def got_of_any(session: Any, model: Any, key: Any) -> Any:
    return session.get(model, key)


def of_the_object(self: Any, session: Any) -> Any:
    return session.scalars(self.statement)


def words(function: Callable[..., Any], offset: int, call: str) -> str:
    first = function.__code__.co_firstlineno
    frame = Frame(FILE, first + offset, function.__name__, first)
    return chosen_elsewhere(statement(site=CallSite(1, (frame,), "", False, call)))[0]


@pytest.mark.parametrize(
    ("function", "call"),
    [(of_its_own, "scalars"), (found_in_a_dictionary, "scalars"), (got, "get"), (of_the_object, "scalars")],
)
def test_a_line_for_one_model(function: Callable[..., Any], call: str) -> None:
    assert words(function, 1, call) == ""


@pytest.mark.parametrize(
    ("function", "offset", "call"),
    [(of_another_name, 2, "scalars"), (over_several_lines, 6, "scalars"), (got_of_any, 1, "get")],
)
def test_a_line_for_any_model(function: Callable[..., Any], offset: int, call: str) -> None:
    line = function.__code__.co_firstlineno + offset
    assert words(function, offset, call) == (
        f"where its model is chosen: {FILE}:{line} in {function.__name__} executes it for more than one"
    )


def test_the_select_is_named_where_it_comes_from() -> None:
    def site(function: Callable[..., Any], *callers: Frame) -> CallSite:
        first = function.__code__.co_firstlineno
        return CallSite(1, (Frame(FILE, first + 2, function.__name__, first), *callers), "", False, "scalars")

    line = of_another_name.__code__.co_firstlineno + 2
    caller = Frame("nowhere.py", 7, "list_users", 1)
    assert the_select(statement(site=site(of_another_name, caller))) == (
        "the select of the call at nowhere.py:7 in list_users"
    )
    assert the_select(statement(site=site(of_another_name))) == (
        f"the select that is executed at {FILE}:{line}, where it is made"
    )
    own = CallSite(1, (caller,), "", False, "scalars")
    assert the_select(statement(site=own)) == "the select at nowhere.py:7"


def test_a_line_whose_source_is_not_there() -> None:
    site = CallSite(1, (Frame("nowhere.py", 3, "run", 1),), "", False, "scalars")
    assert chosen_elsewhere(statement(site=site)) == ("", None)

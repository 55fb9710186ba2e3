"""Which lines serve one model, and which any: read from their source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

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


def got_by_a_number(session: Any, model: Any, key: Any) -> Any:
    user = session.get(User, int(key))
    return user, session.get(model, key)


def made_by_a_function(session: Any, statement: Any) -> Any:
    users = session.scalars(of_its_own(session, "users"))
    return users, session.scalars(statement)


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


def of_one_model_around(session: Any) -> Any:
    users = session.scalars(select(User))

    def send(statement: Any) -> Any:
        return session.scalars(statement)

    return users, send


class Pages:
    def page(self, session: Any, model: Any) -> Any:
        def send() -> Any:
            most = 50

            return session.scalars(
                select(model).where(model.is_published.is_(True)).order_by(model.id.desc()).limit(most)
            )

        return send


def of_any_model(session: Any, model: Any) -> Any:
    return session.scalars(select(model))


def of_either(session: Any, model: Any, is_first: bool) -> Any:
    if is_first:
        return session.scalars(select(User))
    return session.scalars(select(model))


def words(function: Callable[..., Any], offset: int, call: str) -> str:
    first = function.__code__.co_firstlineno
    frame = Frame(FILE, first + offset, function.__name__, first)
    return chosen_elsewhere(statement(site=CallSite(1, (frame,), "", False, call)))[0]


@pytest.mark.parametrize(
    ("function", "call"),
    [
        (of_its_own, "scalars"),
        (found_in_a_dictionary, "scalars"),
        (got, "get"),
        (got_by_a_number, "get"),
        (made_by_a_function, "scalars"),
        (of_the_object, "scalars"),
        (of_one_model_around, "scalars"),
        (of_either, "scalars"),
    ],
)
def test_a_line_for_one_model(function: Callable[..., Any], call: str) -> None:
    assert words(function, 1, call) == ""


@pytest.mark.parametrize(
    ("function", "offset", "call"),
    [
        (of_another_name, 2, "scalars"),
        (over_several_lines, 6, "scalars"),
        (got_of_any, 1, "get"),
        (of_one_model_around, 4, "scalars"),
        (of_any_model, 1, "scalars"),
    ],
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


def frame_of(function: Callable[..., Any], offset: int, name: str = "") -> Frame:
    first = function.__code__.co_firstlineno
    return Frame(FILE, first + offset, name or function.__name__, first)


def test_a_function_in_a_method_is_given_what_the_method_is_given() -> None:
    line = Pages.page.__code__.co_firstlineno
    inner = Frame(FILE, line + 4, "send", line + 1)
    site = CallSite(1, (inner,), "", False, "scalars")
    assert chosen_elsewhere(statement(site=site))[0] == (
        f"where its model is chosen: {FILE}:{line + 4} in send executes it for more than one"
    )


def test_the_caller_is_the_first_that_selects_a_model_of_its_own() -> None:
    generic, nested, own = frame_of(of_any_model, 1), frame_of(of_any_model, 1, "again"), frame_of(of_its_own, 1)
    for callers, caller in [
        ((own,), own),
        ((nested, own), own),
        ((nested, nested._replace(function="third")), nested),
        ((Frame("nowhere.py", 7, "list_users", 1), own), Frame("nowhere.py", 7, "list_users", 1)),
    ]:
        site = CallSite(1, (generic, *callers), "", False, "scalars")
        said = f"that the call at {caller.file}:{caller.line} in {caller.function} runs: the line that executes it"
        found = chosen_elsewhere(statement(site=site))
        assert (found[0].startswith(said), found[1]) == (True, caller)


def test_nothing_is_said_without_a_line() -> None:
    assert chosen_elsewhere(statement(site=CallSite(1, (), "", False, "scalars"))) == ("", None)

"""In which request a session was made: noted while a test is recorded, and only then."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from query_guard.capture.hooks.session_births import noting_sessions
from query_guard.capture.live.open_window import open_window
from query_guard.capture.live.session_owners import made_in
from query_guard.capture.window.recorder import Recorder
from tests.own_failures import apart

pytestmark = pytest.mark.query_guard(mode="off")  # in a test that is recorded it is noted already


def made(session: Session) -> int | None:
    return made_in.get(session)


def test_a_session_is_of_the_request_that_made_it_or_of_none() -> None:
    request = open_window(Recorder(), True)
    with noting_sessions():
        outside = Session()
        with request:
            inside = Session(autoflush=False)
            with open_window(Recorder()):
                within = Session()
    assert (made(outside), made(inside), made(within)) == (0, request.serial, request.serial)
    assert not inside.autoflush


def test_sessions_are_noted_until_the_last_block_ends_and_then_made_as_before() -> None:
    original = vars(Session)["__init__"]
    first, second = noting_sessions(), noting_sessions()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert made(Session()) == 0
    second.__exit__(None, None, None)
    later = Session()
    assert made(later) is None
    assert vars(Session)["__init__"] is original


def test_a_method_that_another_tool_has_put_there_meanwhile_stays() -> None:
    original = vars(Session)["__init__"]

    def replaced(session: Session) -> None:
        original(session)

    try:
        with noting_sessions():
            Session.__init__ = replaced  # type: ignore[method-assign,assignment]  # as such a tool does
        assert vars(Session)["__init__"] is replaced
    finally:
        Session.__init__ = original  # type: ignore[method-assign]  # as it was


@apart()
def test_a_session_that_cannot_be_noted_is_made_all_the_same() -> None:
    class Unhashable(Session):
        __hash__ = None  # type: ignore[assignment]  # how a class says that it has none

    with noting_sessions():
        session = Unhashable(autoflush=False)
    assert not session.autoflush

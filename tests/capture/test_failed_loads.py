"""Loads that failed: what was to be loaded, of which object, at which line, and in which request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import InvalidRequestError, MissingGreenlet
from sqlalchemy.orm import Session, raiseload
from sqlalchemy.orm.exc import DetachedInstanceError

from query_guard.capture.freeze.facts import freeze
from query_guard.capture.hooks.install import install
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.records import FailedLoad, Request
from tests.capture.sampled import sampled_engine
from tests.models import User

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded has a watcher already
GET = Request("http", "GET", "/users", "/users", 200)


@pytest.fixture
def engine() -> Iterator[Engine]:
    install()
    with sampled_engine(users=1) as engine:
        yield engine


def read_detached(engine: Engine) -> None:
    with Session(engine) as session:
        user = session.scalars(select(User)).one()
    with pytest.raises(DetachedInstanceError):
        user.posts  # noqa: B018


def read_deferred(engine: Engine) -> None:
    with Session(engine) as session:
        user = session.scalars(select(User)).one()
    with pytest.raises(DetachedInstanceError):
        user.biography  # noqa: B018


def read_expired(engine: Engine) -> None:
    with Session(engine) as session:
        user = session.scalars(select(User)).one()
        session.expire(user)
    with pytest.raises(DetachedInstanceError):
        user.name  # noqa: B018


def read_forbidden(engine: Engine) -> None:
    with Session(engine) as session:
        user = session.scalars(select(User).options(raiseload(User.posts))).one()
        with pytest.raises(InvalidRequestError):
            user.posts  # noqa: B018


def failed(recorder: Recorder) -> FailedLoad:
    [load] = freeze(recorder, GET).failed_loads
    return load


READS: dict[Callable[[Engine], None], tuple[str, str, str]] = {
    read_detached: ("detached", "lazy", "posts"),
    read_deferred: ("detached", "column", "biography"),
    read_expired: ("detached", "expired", ""),
    read_forbidden: ("forbidden", "lazy", "posts"),
}


@pytest.mark.parametrize(("read", "told"), READS.items(), ids=[read.__name__ for read in READS])
def test_a_load_that_failed_is_known_with_its_object_and_its_line(
    engine: Engine, read: Callable[[Engine], None], told: tuple[str, str, str]
) -> None:
    recorder = Recorder()
    with open_window(recorder):
        read(engine)
    load = failed(recorder)
    assert load.loader is not None
    assert (load.failure, load.loader.kind, load.loader.attribute) == told
    assert (load.loader.owner, load.loader.parents, load.serial, load.loaded_by) == ("User", ("User",), 2, 1)
    assert load.site.innermost is not None
    assert load.site.innermost.function == read.__name__


def test_it_is_of_the_request_that_was_open_or_of_none(engine: Engine, watcher: Recorder) -> None:
    read_detached(engine)
    assert failed(watcher).request == 0
    with open_window(Recorder(), True) as request:
        read_forbidden(engine)
    assert [load.request for load in watcher.failed_loads] == [0, request.serial]


def test_only_a_missing_greenlet_is_told_where_nothing_is_known_of_the_load() -> None:
    install()
    recorder = Recorder()
    with open_window(recorder):
        DetachedInstanceError("made by the application")
        MissingGreenlet("made by the application")
    load = failed(recorder)
    assert (load.failure, load.loader, load.serial, load.loaded_by) == ("greenlet", None, 1, None)

"""A trial gives a listener to executions of sessions, and takes none away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select, update
from sqlalchemy.orm import Session

from query_guard.capture.hooks import loader_trial
from query_guard.capture.window.trial import Trial, in_process, trying
from query_guard.records import Entity, Frame, LoaderOption, OptionCall, PlacedOption
from tests.capture.sampled import sampled_engine
from tests.models import Base, Post, Tag, User
from tests.own_failures import apart

EXECUTE = "_execute_internal"
USER = Entity("User", ("User",), False)
POSTS = LoaderOption(USER, (OptionCall("selectinload", "User", "posts"),))


class Anywhere(PlacedOption):
    """An option for whichever line."""

    __slots__ = ()

    def belongs(self, frames: Sequence[Frame]) -> bool:
        return True


@pytest.fixture
def engine() -> Iterator[Engine]:
    with sampled_engine(users=1) as engine:
        yield engine


@pytest.fixture
def possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, EXECUTE, getattr(Session, EXECUTE))
    assert loader_trial.install()


@contextmanager
def trial_of(*options: LoaderOption, only_reads: bool = False) -> Iterator[Trial]:
    placed = [Anywhere(option, ()) for option in options]
    trial = Trial(lambda: placed, only_reads=only_reads)
    token = trying.set(trial)
    yield trial
    trying.reset(token)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Try an option that belongs nowhere, and note for which executions it is asked."""
    monkeypatch.setattr(Session, EXECUTE, getattr(Session, EXECUTE))
    assert loader_trial.install()
    asked: list[object] = []
    option: Any = SimpleNamespace(belongs=asked.append)
    trial = Trial(lambda: [option], only_reads=False)
    in_process.append(trial)
    yield asked
    in_process.remove(trial)


def test_a_listener_that_an_execution_has_already_stays(asked: list[object]) -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    own: list[Any] = []
    with Session(engine) as session:
        session.execute(select(Tag), _add_event=own.append)
        assert (len(own), len(asked)) == (1, 0)
        session.execute(select(Tag))
        assert (len(own), len(asked)) == (1, 1)


def change_new(session: Session) -> None:
    session.add(Tag(id=77, name="new"))


def change_dirty(session: Session) -> None:
    session.get_one(Tag, 1).name = "other"


def change_deleted(session: Session) -> None:
    session.delete(session.get_one(Tag, 1))


def change_nothing(_: Session) -> None:
    pass


@pytest.mark.parametrize("only_reads", [True, False])
@pytest.mark.parametrize("change", [change_nothing, change_new, change_dirty, change_deleted])
def test_in_a_session_with_changes_only_what_may_write_is_tried(
    engine: Engine, possible: None, change: Callable[[Session], None], only_reads: bool
) -> None:
    with Session(engine, autoflush=False) as session:
        change(session)
        with trial_of(POSTS, only_reads=only_reads) as trial:
            user = session.scalars(select(User)).one()
        is_loaded = "posts" in vars(user)
    is_refused = only_reads and change is not change_nothing
    assert (is_loaded, bool(trial.applied), "changes that are not written" in trial.failure) == (
        not is_refused,
        not is_refused,
        is_refused,
    )


def test_an_option_is_tried_on_selects_of_the_application_alone(engine: Engine, possible: None) -> None:
    of_posts = LoaderOption(Entity("Post", ("Post",), False), (OptionCall("selectinload", "Post", "comments"),))
    with Session(engine) as session:
        user = session.scalars(select(User)).one()
        with trial_of(of_posts) as trial:
            session.execute(update(Post).values(title="a"))
            lazily = user.posts
            assert user.biography
            assert not trial.applied
            session.expunge_all()
            posts = session.scalars(select(Post)).all()
        assert ["comments" in vars(post) for post in (*lazily, *posts)] == [False] * 3 + [True] * 3
    assert len(trial.applied) == 1


def test_an_option_that_cannot_be_made_is_named_by_its_error_and_the_select_is_sent(
    engine: Engine, possible: None
) -> None:
    unknown = LoaderOption(USER, (OptionCall("selectinload", "User", "friends"),))
    with Session(engine) as session, trial_of(unknown, POSTS) as trial:
        user = session.scalars(select(User)).one()
        assert "posts" in vars(user)
    assert trial.failure == "the option could not be made (AttributeError)"
    assert len(trial.applied) == 1


@apart()
def test_a_choice_that_fails_leaves_the_select_as_it_is(engine: Engine, possible: None) -> None:
    def fail() -> Sequence[PlacedOption]:
        raise RuntimeError("failed on purpose")

    token = trying.set(Trial(fail, only_reads=False))
    with Session(engine) as session:
        assert "posts" not in vars(session.scalars(select(User)).one())
    trying.reset(token)


def test_a_trial_that_has_ended_tries_nothing(engine: Engine, possible: None) -> None:
    with Session(engine) as session, trial_of(POSTS) as trial:
        trial.end()
        assert "posts" not in vars(session.scalars(select(User)).one())
    assert not trial.applied


@pytest.mark.parametrize("kind", ["without the method", "without its listener"])
def test_trials_are_not_possible_where_sqlalchemy_has_no_place_for_them(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    class Other:
        if kind == "without its listener":

            def _execute_internal(self) -> None: ...

    monkeypatch.setattr(loader_trial, "Session", Other)
    assert not loader_trial.install()

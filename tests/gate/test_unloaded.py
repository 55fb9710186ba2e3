"""Attributes that can no longer be loaded when they are read: row D25 of the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import inspect, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session, defer, raiseload, selectinload
from sqlalchemy.orm.exc import DetachedInstanceError

from query_guard import Finding, Report
from tests.databases import SYNC_DRIVERS, Database, Profiler
from tests.models import Post, User

pytestmark = pytest.mark.asyncio

Body = Callable[[Session], object]


def unloaded(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind == "unloaded_attribute"]


def told(report: Report) -> list[tuple[str, str]]:
    return [(finding.summary, finding.fix) for finding in unloaded(report)]


def line_of(function: Callable[..., object], offset: int) -> str:
    code = function.__code__
    return f"tests/gate/test_unloaded.py:{code.co_firstlineno + offset}"


def first_user(session: Session) -> User:
    return session.scalars(select(User).order_by(User.id)).first() or User()


def detached(session: Session) -> None:
    user = first_user(session)
    session.close()
    with pytest.raises(DetachedInstanceError):
        len(user.posts)


async def test_d25_a_relationship_of_an_object_whose_session_is_closed(profile: Profiler) -> None:
    report = await profile(detached)
    (finding,) = unloaded(report)
    assert (finding.summary, finding.fix) == (
        "User.posts was not loaded when it was read, and its session was closed, and nothing can load it",
        f"Add .options(selectinload(User.posts)) to the select at {line_of(first_user, 1)}, "
        "or read it before the session is closed",
    )
    assert (finding.severity, finding.relationship, finding.count) == ("warning", "User.posts", 1)
    assert finding.remedy == "selectinload(User.posts)"
    assert finding.site.innermost is not None
    assert finding.site.innermost.function == "detached"


def forbidden_by_option(session: Session) -> None:
    for user in session.scalars(select(User).options(raiseload("*"))).all():
        with pytest.raises(InvalidRequestError):
            len(user.posts)


async def test_d25_a_relationship_that_an_option_forbids_to_load(profile: Profiler) -> None:
    report = await profile(forbidden_by_option)
    assert told(report) == [
        (
            "User.posts was not loaded when it was read, and lazy='raise' or raiseload() forbids to load it then",
            f"Add .options(selectinload(User.posts)) to the select at {line_of(forbidden_by_option, 1)}",
        )
    ]
    assert [finding.count for finding in unloaded(report)] == [5]


def forbidden_by_its_own_option(session: Session) -> None:
    for user in session.scalars(select(User).options(raiseload(User.posts))).all():
        with pytest.raises(InvalidRequestError):
            len(user.posts)


async def test_d25_the_option_that_forbids_it_is_taken_away(profile: Profiler) -> None:
    (finding,) = unloaded(await profile(forbidden_by_its_own_option))
    assert finding.fix == (
        f"Remove raiseload(User.posts) from the select at {line_of(forbidden_by_its_own_option, 1)}, "
        "and load it there with selectinload()"
    )


def expired_by_commit(session: Session) -> None:
    user = first_user(session)
    session.commit()
    session.close()
    with pytest.raises(DetachedInstanceError):
        _ = user.name


async def test_d25_an_attribute_that_a_commit_expired_before_the_session_was_closed(profile: Profiler) -> None:
    (finding,) = unloaded(await profile(expired_by_commit))
    assert finding.remedy == "expire_on_commit=False"
    assert finding.fix.startswith("A commit expired the User: create the session with expire_on_commit=False, or ")
    assert finding.fix.endswith("session.refresh(user) before the session is closed")
    assert ("await" in finding.fix) is profile.database.is_async


def deferred_column(session: Session) -> None:
    user = first_user(session)
    session.close()
    with pytest.raises(DetachedInstanceError):
        _ = user.biography


def forbidden_column(session: Session) -> None:
    user = session.scalars(select(User).options(defer(User.name, raiseload=True)).limit(1)).one()
    with pytest.raises(InvalidRequestError):
        _ = user.name


async def test_d25_a_deferred_column(profile: Profiler) -> None:
    of_detached, of_forbidden = [unloaded(await profile(body)) for body in (deferred_column, forbidden_column)]
    assert [finding.remedy for finding in of_detached] == ["undefer(User.biography)"]
    assert [finding.fix.partition(" from ")[0] for finding in of_forbidden] == ["Remove defer(User.name)"]


def read_or_loaded(session: Session, user: User) -> None:
    """Read the posts; where their object is detached, load them in a session of their own, as admin interfaces do."""
    try:
        len(user.posts)
    except DetachedInstanceError:
        with Session(session.get_bind()) as another:
            another.add(user)
            len(user.posts)


def caught_and_loaded(session: Session, users: int = 1) -> None:
    found = session.scalars(select(User).limit(users)).all()
    session.close()
    for user in found:
        read_or_loaded(session, user)


async def test_d25_what_is_caught_and_loaded_then_is_information(profile: Profiler) -> None:
    report = await profile(caught_and_loaded)
    (finding,) = unloaded(report)
    assert (finding.severity, finding.relationship, finding.remedy) == (
        "info",
        "User.posts",
        "selectinload(User.posts)",
    )
    assert finding.summary == (
        "User.posts was not loaded when it was read, and its session was closed, and nothing can load it; "
        f"it was caught, and loaded then at {line_of(read_or_loaded, 7)}"
    )
    assert finding.statements == (2,)
    assert report.query_count == 2


async def test_d25_what_is_caught_and_loaded_in_a_loop_is_that_loop_alone(profile: Profiler) -> None:
    report = await profile(lambda session: caught_and_loaded(session, 4))
    assert [(finding.kind, finding.count) for finding in report.loud_findings] == [("n_plus_one", 4)]
    assert unloaded(report) == []
    assert "not unloaded_attribute: it was caught, and 4 statements loaded User.posts then" in [
        silence.reason for silence in report.silences
    ]


def caught_then_not(session: Session) -> None:
    found = session.scalars(select(User).limit(2)).all()
    session.close()
    for number, user in enumerate(found):
        try:
            len(user.posts)
        except DetachedInstanceError:
            if not number:
                with Session(session.get_bind()) as another:
                    another.add(user)
                    len(user.posts)


def others_are_loaded_then(session: Session) -> None:
    detached(session)
    with Session(session.get_bind()) as another:
        len(another.scalars(select(User).limit(1)).one().posts)


def loaded_and_failed(session: Session) -> None:
    caught_and_loaded(session)
    raise ValueError("for another reason")


@pytest.mark.parametrize("body", [caught_then_not, others_are_loaded_then, loaded_and_failed])
async def test_d25_it_stays_a_warning_where_its_last_failure_was_not_mended(profile: Profiler, body: Body) -> None:
    assert [finding.severity for finding in unloaded(await profile(body))] == ["warning"]


def just_added(session: Session) -> None:
    post = Post(title="new")
    session.add(post)
    session.flush()
    session.expunge(post)
    with pytest.raises(DetachedInstanceError):
        len(post.comments)


async def test_d25_an_object_that_was_just_added(profile: Profiler) -> None:
    (finding,) = unloaded(await profile(just_added))
    code = f'{"await " if profile.database.is_async else ""}session.refresh(post, ["comments"])'
    assert finding.remedy == code
    assert finding.fix == (
        f"The object was just added, and no select loaded it: {code}, or read it before the session is closed"
    )


def loaded(session: Session) -> None:
    user = session.scalars(select(User).options(selectinload(User.posts), raiseload("*")).limit(1)).one()
    session.close()
    len(user.posts)


def looked_at_only(session: Session) -> None:
    user = session.scalars(select(User).options(raiseload("*")).limit(1)).one()
    session.close()
    assert "posts" in inspect(user).unloaded
    with suppress(KeyError):
        user.__dict__["posts"]


@pytest.mark.parametrize("body", [loaded, looked_at_only])
async def test_d25_what_was_loaded_or_is_not_read_is_silent(profile: Profiler, body: Body) -> None:
    assert unloaded(await profile(body)) == []


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    posts: list[Any]


@pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)
async def test_d25_while_fastapi_serialises_the_answer(database: Database, profile: Profiler) -> None:
    def list_users() -> Sequence[User]:
        with database.session() as session:
            return session.scalars(select(User)).all()

    report = await profile.endpoint(list_users, route={"response_model": list[UserOut]})
    assert report.request.status == 500
    (finding,) = unloaded(report)
    assert (finding.relationship, finding.phase, finding.endpoint) == ("User.posts", "serialization", "list_users")


async def test_d25_it_may_be_allowed_by_its_relationship(profile: Profiler) -> None:
    assert unloaded(await profile(detached, allow=("User.posts",))) == []


async def test_d25_nothing_is_noted_where_nobody_watches(database: Database) -> None:
    await database.run(detached)

"""One loop is one finding, however CPython runs its calls: rows P of the gate."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select
from sqlalchemy.orm import Session

from tests.databases import Profiler
from tests.models import Post, Tag, User

pytestmark = pytest.mark.asyncio


def through_getattr(session: Session, user: User) -> None:
    for name in ("id", "posts"):
        getattr(user, name)


def through_list(session: Session, user: User) -> None:
    list(session.query(Post).filter(Post.author_id == user.id))


def through_sorted(session: Session, user: User) -> None:
    sorted(session.query(Post.id).filter(Post.author_id == user.id))


class Shown:
    """It is written as text by a statement."""

    def __init__(self, session: Session, user: User) -> None:
        self.session, self.number = session, user.id

    def __str__(self) -> str:
        return str(self.session.scalar(select(Post.title).where(Post.author_id == self.number).limit(1)))


def through_str(session: Session, user: User) -> None:
    str(Shown(session, user))


def unspecialised(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with new code: CPython specialises the instructions of code that has run a few times."""
    assert isinstance(function, FunctionType)
    return FunctionType(function.__code__.replace(), function.__globals__)


@pytest.mark.parametrize("read", [through_getattr, through_list, through_sorted, through_str])
async def test_p10_a_loop_through_a_builtin_is_one_loop_from_the_first_request_on(
    profile: Profiler, read: Callable[..., Any]
) -> None:
    read = unspecialised(read)

    def loop(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            read(session, user)

    for _ in range(4):
        report = await profile(loop)
        loops = [finding for finding in report.findings if finding.kind == "n_plus_one"]
        assert [finding.count for finding in loops] == [5]


def one_row_a_page(session: Session) -> None:
    for number in range(12):
        session.scalars(select(Post).order_by(Post.id).limit(1).offset(number)).all()


def window_for_each_row(session: Session) -> None:
    for number in range(12):
        session.scalars(select(Post.title).order_by(Post.id).limit(3).offset(number)).all()


def previous_of_each_row(session: Session) -> None:
    for post in session.scalars(select(Post)).all():
        session.scalars(select(Post.id).where(Post.id < post.id).order_by(Post.id.desc()).limit(1)).first()


def next_three_of_each_row(session: Session) -> None:
    for post in session.scalars(select(Post).order_by(Post.id)).all():
        session.scalars(select(Post.id).where(Post.id > post.id).order_by(Post.id).limit(3)).all()


def latest_before_each_in_any_order(session: Session) -> None:
    for number in (7, 3, 9, 1, 8, 5):
        session.scalars(select(Post.id).where(Post.id <= number).order_by(Post.id.desc()).limit(4)).all()


def same_walk_for_each_row(session: Session) -> None:
    for _ in range(4):
        last: int | None = 0
        while last is not None:
            found = session.scalars(select(Post.id).where(Post.id > last).order_by(Post.id).limit(3)).all()
            last = found[-1] if found else None


WALKS: list[Callable[[Session], None]] = [
    one_row_a_page, window_for_each_row, previous_of_each_row, next_three_of_each_row, latest_before_each_in_any_order,
    same_walk_for_each_row,
]  # fmt: skip


@pytest.mark.parametrize("walk", WALKS)
async def test_p1_what_pages_nothing_is_a_loop(profile: Profiler, walk: Callable[[Session], None]) -> None:
    report = await profile(walk)
    assert [finding.kind for finding in report.findings if finding.kind == "n_plus_one"] == ["n_plus_one"]


def same_list_for_each(session: Session) -> None:
    for author in range(8):
        session.scalars(select(Post.id).where(Post.author_id == author, Post.id.in_(range(25)))).all()


def same_long_list_for_each(session: Session) -> None:
    for author in range(8):
        session.scalars(select(Post.id).where(Post.id.in_(range(100)), Post.author_id == author)).all()


def list_of_each(session: Session) -> None:
    for author in range(8):
        numbers = range(author * 50, author * 50 + 50)
        session.scalars(select(Post.id).where(Post.author_id == author, Post.id.in_(numbers))).all()


def overlapping_lists(session: Session) -> None:
    for start in range(0, 80, 10):
        session.scalars(select(Post.id).where(Post.id.in_(range(start, start + 25)))).all()


LISTS: list[Callable[[Session], None]] = [same_list_for_each, same_long_list_for_each, list_of_each, overlapping_lists]


@pytest.mark.parametrize("loop", LISTS)
async def test_p2_a_long_list_makes_no_chunks_of_a_loop(profile: Profiler, loop: Callable[[Session], None]) -> None:
    report = await profile(loop)
    assert [(finding.kind, finding.count) for finding in report.findings] == [("n_plus_one", 8)]


@pytest.mark.parametrize("size", [25, 100])
async def test_p2_chunks_beside_a_value_that_stays_are_no_loop(profile: Profiler, size: int) -> None:
    def chunked(session: Session) -> None:
        for start in range(0, 6 * size, size):
            numbers = range(start, start + size)
            session.scalars(select(Post.id).where(Post.id.in_(numbers), Post.author_id == 1, Post.title != "x")).all()

    report = await profile(chunked)
    assert [finding.kind for finding in report.findings] == []
    (silence,) = report.silences
    assert silence.reason.startswith("not N+1: chunks of an IN list, ")


async def test_p7_audit_rows_that_a_listener_writes_one_by_one_are_a_loop(profile: Profiler) -> None:
    def audit(_mapper: object, connection: Connection, user: User) -> None:
        connection.execute(insert(Tag).values(id=100 + user.id, name=f"renamed {user.id}"))

    def rename(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            user.name = f"new {user.id}"
        session.commit()

    event.listen(User, "after_update", audit)
    try:
        report = await profile(rename)
    finally:
        event.remove(User, "after_update", audit)
    (finding,) = [finding for finding in report.findings if finding.kind == "n_plus_one"]
    assert (finding.site.frames[0].function, finding.count) == ("audit", 5)
    assert finding.fix == (
        "audit() sends the INSERT of tags for each object that is flushed: collect the rows there, and send one "
        "statement for all from an after_flush listener of the session"
    )


async def test_p7_what_a_flush_writes_itself_is_no_loop(profile: Profiler) -> None:
    def with_autoflush(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            session.add(Post(id=100 + user.id, title="new", author_id=user.id))
            user.name = f"new {user.id}"
        session.scalars(select(Tag)).all()
        session.commit()

    report = await profile(with_autoflush)
    assert [finding.kind for finding in report.findings if finding.kind == "n_plus_one"] == []

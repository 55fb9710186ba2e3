"""One loop is one finding, however CPython runs its calls: rows P of the gate."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.databases import Profiler
from tests.models import Post, User

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

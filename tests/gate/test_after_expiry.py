"""What is said of relationships of objects that had expired: how they had, and what keeps them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.databases import Profiler
from tests.models import User

pytestmark = pytest.mark.asyncio
SELECT = "select(User).where(User.id.in_(values)).options(selectinload(User.posts))"


@pytest.mark.parametrize(
    ("expire", "words"),
    [
        (Session.commit, "create the session with expire_on_commit=False"),
        (Session.rollback, f"read what is needed before it, or load them with one select after it: {SELECT}"),
        (Session.expire_all, f"load them with one select after it: {SELECT}"),
    ],
)
async def test_relationships_of_expired_objects(
    profile: Profiler, expire: Callable[[Session], None], words: str
) -> None:
    def work(session: Session) -> None:
        users = session.scalars(select(User)).all()
        expire(session)
        for user in users:
            len(user.posts)

    report = await profile(work)
    (finding,) = [one for one in report.findings if one.relationship == "User.posts"]
    assert words in finding.fix
    assert finding.avoided == ()

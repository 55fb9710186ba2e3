"""Transactions: how they ended, and what they wrote."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tests.databases import Profiler
from tests.models import Comment, Tag, User

pytestmark = pytest.mark.asyncio


async def test_outcome_statements_and_rows_written(profile: Profiler) -> None:
    def work(session: Session) -> None:
        session.execute(update(Tag).values(name="new"))
        session.execute(delete(Comment).where(Comment.id <= 2))
        session.commit()
        session.execute(select(User)).all()
        session.rollback()

    first, second = (await profile.block(work)).facts.transactions
    assert (first.outcome, first.statements, first.rows_written) == ("committed", 2, 5)
    assert (second.outcome, second.statements, second.rows_written) == ("rolled back", 1, 0)

"""Sessions that do not see what is softly deleted."""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from example_app.models.mixins import SoftDelete

Sessions: TypeAlias = async_sessionmaker[AsyncSession]

WITH_DELETED = {"with_deleted": True}
"""Execution options of a statement that must see deleted rows, too: to restore them, or to list them."""

_not_deleted = with_loader_criteria(SoftDelete, lambda cls: cls.is_deleted.is_(False), include_aliases=True)


class ApplicationSession(Session):
    """The session below each AsyncSession: a class of our own, so that the listener hears no other session."""


@event.listens_for(ApplicationSession, "do_orm_execute")
def _leave_out_the_deleted(state: ORMExecuteState) -> None:
    """Filter each SELECT, joins included; loaders of relationships inherit it from the SELECT of their parents.

    An object that the session already holds is not asked for again: `session.get` still returns it.
    """
    if (
        state.is_select
        and not state.is_column_load
        and not state.is_relationship_load
        and not state.execution_options.get("with_deleted", False)
    ):
        state.statement = state.statement.options(_not_deleted)


def make_sessions(bind: AsyncEngine | AsyncConnection, **options: Any) -> Sessions:
    """Make the factory of sessions; tests bind it to one connection, whose transaction they roll back.

    `expire_on_commit=False`: after the commit the answer is made of objects that are still loaded. Otherwise each of
    them would be read again, one by one, and an AsyncSession could not even do that.
    """
    return async_sessionmaker(bind, sync_session_class=ApplicationSession, expire_on_commit=False, **options)

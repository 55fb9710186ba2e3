"""Relationships, and what the database itself does about them."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Inspector, delete, func, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from example_app.models import Account, Role, User, UserProfile, user_roles
from tests.example_app.factory import Factory

pytestmark = pytest.mark.asyncio


async def test_a_role_that_is_deleted_leaves_no_row_in_the_association(session: AsyncSession, factory: Factory) -> None:
    user = await factory.user("user", "moderator")
    await session.execute(delete(Role).where(Role.name == "moderator"))
    roles = await session.scalars(select(user_roles.c.role_id).where(user_roles.c.user_id == user.id))
    names = await session.scalars(select(Role.name).where(Role.id.in_(roles.all())))
    assert names.all() == ["user"]


async def test_a_user_deleted_behind_the_orm_takes_roles_and_profile_along(
    session: AsyncSession, factory: Factory
) -> None:
    user = await factory.user()
    await session.execute(text("DELETE FROM users WHERE id = :id"), {"id": user.id})
    for column in (user_roles.c.user_id, UserProfile.user_id):
        assert await session.scalar(select(func.count()).where(column == user.id)) == 0


async def test_a_profile_without_its_user_is_deleted(session: AsyncSession, factory: Factory) -> None:
    user = await factory.user()
    user.profile = None
    await session.commit()
    assert await session.scalar(select(func.count()).where(UserProfile.user_id == user.id)) == 0


async def test_joined_and_selected_relationships_give_each_user_once(session: AsyncSession, factory: Factory) -> None:
    user = await factory.user("user", "moderator")
    await factory.posts(user, 3)
    session.expunge_all()
    query = select(User).where(User.id == user.id).options(joinedload(User.roles), selectinload(User.posts))
    (found,) = (await session.scalars(query)).unique()
    assert [len(found.roles), len(found.posts)] == [2, 3]


async def test_a_balance_below_nothing_is_refused_by_the_database(session: AsyncSession, factory: Factory) -> None:
    with pytest.raises(IntegrityError, match="ck_accounts_balance_not_negative"):
        session.add(Account(label="Debts", owner_id=(await factory.user()).id, balance_cents=-1))
        await session.flush()


NAMES = {
    "pk": r"pk_(?P<table>\w+)",
    "fk": r"fk_(?P<table>[a-z_]+?)_\w+_id_\w+",
    "uq": r"uq_(?P<table>[a-z_]+?)_\w+",
    "ck": r"ck_(?P<table>[a-z_]+?)_\w+",
    "ix": r"ix_(?P<table>[a-z_]+?)_\w+",
}


def names_of(inspector: Inspector, table: str) -> dict[str, list[str | None]]:
    return {
        "pk": [inspector.get_pk_constraint(table)["name"]],
        "fk": [one["name"] for one in inspector.get_foreign_keys(table)],
        "uq": [one["name"] for one in inspector.get_unique_constraints(table)],
        "ck": [one["name"] for one in inspector.get_check_constraints(table)],
        "ix": [one["name"] for one in inspector.get_indexes(table) if "duplicates_constraint" not in one],
    }


async def test_every_constraint_of_the_database_is_named_by_the_convention(session: AsyncSession) -> None:
    seen = set()

    def check(sync_session: object) -> None:
        inspector = inspect(session.sync_session.connection())
        for table in {*inspector.get_table_names()} - {"alembic_version"}:
            for kind, names in names_of(inspector, table).items():
                for name in names:
                    assert name is not None
                    assert re.fullmatch(NAMES[kind], name), name
                    assert name.startswith(f"{kind}_{table}"), name
                    seen.add(kind)

    await session.run_sync(check)
    assert seen == {*NAMES}


async def test_lists_newest_first_have_an_index_to_read(session: AsyncSession) -> None:
    def indexed(sync_session: object) -> set[str]:
        inspector = inspect(session.sync_session.connection())
        tables = ("users", "posts", "comments", "products", "accounts", "transfers")
        return {
            table for table in tables for one in inspector.get_indexes(table) if one["column_names"] == ["created_at"]
        }

    assert len(await session.run_sync(indexed)) == 6

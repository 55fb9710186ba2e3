"""Roles, found by their names."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from example_app.models import Role


class CRUDRole:
    """Nothing is created or removed here: migrations do that."""

    async def get_by_names(self, session: AsyncSession, names: Collection[str]) -> Sequence[Role]:
        return (await session.scalars(select(Role).where(Role.name.in_(names)).order_by(Role.id))).all()


role = CRUDRole()

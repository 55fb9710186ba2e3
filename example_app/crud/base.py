"""What can be done with rows of any model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.interfaces import ORMOption

from example_app.models.mixins import Timestamped

Model = TypeVar("Model", bound=Timestamped)
Create = TypeVar("Create", bound=BaseModel)
Update = TypeVar("Update", bound=BaseModel)


class Page(NamedTuple):
    limit: int
    offset: int


class CRUDBase(Generic[Model, Create, Update]):
    """`options` say what is loaded with the rows: what the answer shows must be named here, or it is an N+1."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model

    async def get(self, session: AsyncSession, row_id: int, *options: ORMOption) -> Model | None:
        return await session.get(self.model, row_id, options=options)

    async def get_many(self, session: AsyncSession, ids: Sequence[int], *options: ORMOption) -> Sequence[Model]:
        """Return the rows of these ids with one statement, in the order of the ids; unknown ones are left out."""
        rows = await session.scalars(select(self.model).where(self.model.id.in_(ids)).options(*options))
        found = {row.id: row for row in rows.unique()}
        return [found[row_id] for row_id in dict.fromkeys(ids) if row_id in found]

    async def list(self, session: AsyncSession, page: Page, *options: ORMOption) -> Sequence[Model]:
        """Return a page of rows, newest first."""
        return await self.list_of(session, select(self.model), page, *options)

    async def list_of(
        self, session: AsyncSession, query: Select[Model], page: Page, *options: ORMOption
    ) -> Sequence[Model]:
        """Return a page of what a query selects. The id decides between rows of one moment, or pages would overlap.

        `unique()` is what SQLAlchemy asks for when a collection is joined, and changes nothing otherwise.
        """
        newest_first = query.order_by(self.model.created_at.desc(), self.model.id.desc())
        rows = await session.scalars(newest_first.limit(page.limit).offset(page.offset).options(*options))
        return rows.unique().all()

    async def create(self, session: AsyncSession, new: Create, **columns: Any) -> Model:
        """Insert a row; `columns` are those that the client does not choose."""
        row = self.model(**new.model_dump(), **columns)
        session.add(row)
        await session.flush()
        return row

    async def update(self, session: AsyncSession, row: Model, changes: Update) -> Model:
        """Change what the client has sent, and nothing else: a field left out is not the same as a null."""
        for name, value in changes.model_dump(exclude_unset=True).items():
            setattr(row, name, value)
        await session.flush()
        return row

    async def remove(self, session: AsyncSession, row: Model) -> None:
        await session.delete(row)
        await session.flush()

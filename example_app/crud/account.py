"""Accounts, and the money that moves between them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager

from example_app.crud.base import CRUDBase, Page
from example_app.models import Account, Transfer
from example_app.schemas.shop import TransferCreate


class CRUDAccount(CRUDBase[Account, TransferCreate, TransferCreate]):
    async def list_of_owner(self, session: AsyncSession, owner_id: int, page: Page) -> Sequence[Account]:
        return await self.list_of(session, select(Account).where(Account.owner_id == owner_id), page)

    async def lock(self, session: AsyncSession, ids: Sequence[int]) -> dict[int, Account]:
        """Lock the rows until the transaction ends, always in the order of their ids: otherwise two transfers in
        opposite directions could end in a deadlock. (SQLite has one writer at a time, and ignores the lock.)
        """
        locked = select(Account).where(Account.id.in_(ids)).order_by(Account.id).with_for_update()
        return {row.id: row for row in await session.scalars(locked)}


class CRUDTransfer(CRUDBase[Transfer, TransferCreate, TransferCreate]):
    async def list_of_owner(self, session: AsyncSession, owner_id: int, page: Page) -> Sequence[Transfer]:
        """Return the transfers from or to the owner's accounts, with both accounts of each."""
        source, target = aliased(Account), aliased(Account)
        query = (
            select(Transfer)
            .join(Transfer.source.of_type(source))
            .join(Transfer.target.of_type(target))
            .where(or_(source.owner_id == owner_id, target.owner_id == owner_id))
            .options(contains_eager(Transfer.source.of_type(source)), contains_eager(Transfer.target.of_type(target)))
        )
        return await self.list_of(session, query, page)

    async def move(self, session: AsyncSession, new: TransferCreate, accounts: dict[int, Account]) -> Transfer:
        """Move the money and write the record, in the caller's transaction: all of it is committed, or nothing.

        Raises IntegrityError when the source has too little (CHECK balance_cents >= 0).
        """
        accounts[new.source_id].balance_cents -= new.amount_cents
        accounts[new.target_id].balance_cents += new.amount_cents
        return await self.create(session, new)


account = CRUDAccount(Account)
transfer = CRUDTransfer(Transfer)

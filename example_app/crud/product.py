"""Products, changed by several people at once."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from example_app.crud.base import CRUDBase
from example_app.models import Product
from example_app.schemas.shop import ProductCreate, ProductUpdate


class CRUDProduct(CRUDBase[Product, ProductCreate, ProductUpdate]):
    async def update(self, session: AsyncSession, row: Product, changes: ProductUpdate) -> Product:
        """Raise StaleDataError when the client has not seen the newest version.

        Two checks for two gaps: this comparison for the minutes between the client's reading and its change, the
        `WHERE version = ...` of the UPDATE for the moment between our own reading and writing.
        """
        if changes.version != row.version:
            raise StaleDataError(f"version {changes.version} was changed, version {row.version} is the newest")
        for name, value in changes.model_dump(exclude_unset=True, exclude={"version"}).items():
            setattr(row, name, value)
        await session.flush()
        return row


product = CRUDProduct(Product)

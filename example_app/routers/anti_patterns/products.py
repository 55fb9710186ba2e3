"""An engine left as it comes, and a check that no longer holds when it is acted upon."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, HTTPException
from sqlalchemy import update

from example_app import crud
from example_app.core.errors import not_found
from example_app.crud.base import Page
from example_app.dependencies.auth import CurrentUser
from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Product
from example_app.routers.anti_patterns.engines import Bad
from example_app.routers.products import ask_carrier
from example_app.schemas.shop import ProductOut, Purchase

router = APIRouter(prefix="/products")


@router.get("", response_model=list[ProductOut])
async def list_products_with_defaults(bad: Bad) -> Sequence[Product]:
    """Use an engine made by `create_async_engine(url)` alone: 5 connections and 10 for rushes, none of them checked."""
    async with bad.unset() as session:
        return await crud.product.list(session, Page(10, 0))


@router.post("/{product_id}/purchases", status_code=201)
async def buy_blindly(product_id: int, wanted: Purchase, session: SessionOfRequest, _: CurrentUser) -> ProductOut:
    """Check, then write what was true at the check. Two at once read the same stock, and one sale is lost."""
    product = await crud.product.get(session, product_id)
    await session.commit()
    if product is None:
        raise not_found("product")
    await ask_carrier(product)
    if product.stock < wanted.quantity:
        raise HTTPException(409, "there are not so many left")
    left = product.stock - wanted.quantity
    await session.execute(update(Product).where(Product.id == product_id).values(stock=left))
    await session.commit()
    return ProductOut.model_validate(product).model_copy(update={"stock": left})

"""Products, sold to several people at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Response

from example_app import crud
from example_app.core.errors import not_found
from example_app.dependencies.auth import CurrentUser, Moderator
from example_app.dependencies.pages import PageOfRequest
from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Product
from example_app.schemas.shop import ProductCreate, ProductOut, ProductUpdate, Purchase
from query_guard import query_budget

router = APIRouter(prefix="/products", tags=["products"])


@router.get("", response_model=list[ProductOut])
@query_budget(max_queries=1)
async def list_products(session: SessionOfRequest, page: PageOfRequest) -> Sequence[Product]:
    return await crud.product.list(session, page)


@router.post("", response_model=ProductOut, status_code=201)
@query_budget(max_queries=2)
async def add_product(new: ProductCreate, session: SessionOfRequest, _: Moderator) -> Product:
    product = await crud.product.create(session, new)
    await session.commit()
    return product


@router.get("/{product_id}", response_model=ProductOut)
@query_budget(max_queries=1)
async def show_product(product_id: int, session: SessionOfRequest) -> Product:
    product = await crud.product.get(session, product_id)
    if product is None:
        raise not_found("product")
    return product


@router.patch("/{product_id}", response_model=ProductOut)
@query_budget(max_queries=3)
async def change_product(product_id: int, changes: ProductUpdate, session: SessionOfRequest, _: Moderator) -> Product:
    """Answer 409 when the product was changed after the client read it."""
    product = await crud.product.get(session, product_id)
    if product is None:
        raise not_found("product")
    await crud.product.update(session, product, changes)
    await session.commit()
    return product


@router.delete("/{product_id}", status_code=204)
@query_budget(max_queries=3)
async def remove_product(product_id: int, session: SessionOfRequest, _: Moderator) -> Response:
    product = await crud.product.get(session, product_id)
    if product is None:
        raise not_found("product")
    await crud.product.remove(session, product)
    await session.commit()
    return Response(status_code=204)


async def ask_carrier(product: Product) -> None:
    """Stand for a service of someone else's that answers after 150 ms."""
    await asyncio.sleep(0.15)


@router.post("/{product_id}/purchases", response_model=ProductOut, status_code=201)
@query_budget(max_queries=3)
async def buy(product_id: int, wanted: Purchase, session: SessionOfRequest, _: CurrentUser) -> Product:
    """Hold no transaction while the carrier is asked; the version tells whether the stock that was read is still true.

    If it is not, the flush raises StaleDataError and the client gets 409: of two who want the last one, one does.
    """
    product = await crud.product.get(session, product_id)
    await session.commit()
    if product is None:
        raise not_found("product")
    await ask_carrier(product)
    if product.stock < wanted.quantity:
        raise HTTPException(409, "there are not so many left")
    product.stock -= wanted.quantity
    await session.commit()
    return product

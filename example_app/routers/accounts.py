"""Accounts, and transfers between them."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, HTTPException
from sqlalchemy.exc import IntegrityError

from example_app import crud
from example_app.core.errors import not_found
from example_app.dependencies.auth import CurrentUser
from example_app.dependencies.pages import PageOfRequest
from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Account, Transfer
from example_app.schemas.shop import AccountOut, TransferBetween, TransferCreate, TransferOut
from query_guard import query_budget

router = APIRouter(tags=["accounts"])


@router.get("/accounts", response_model=list[AccountOut])
@query_budget(max_queries=2)
async def list_accounts(user: CurrentUser, session: SessionOfRequest, page: PageOfRequest) -> Sequence[Account]:
    return await crud.account.list_of_owner(session, user.id, page)


@router.get("/transfers", response_model=list[TransferBetween])
@query_budget(max_queries=2)
async def list_transfers(user: CurrentUser, session: SessionOfRequest, page: PageOfRequest) -> Sequence[Transfer]:
    return await crud.transfer.list_of_owner(session, user.id, page)


@router.post("/transfers", response_model=TransferOut, status_code=201)
@query_budget(max_queries=4)
async def add_transfer(new: TransferCreate, user: CurrentUser, session: SessionOfRequest) -> Transfer:
    """Write off, write up and record in the one transaction that the session began with its first statement.

    `async with session.begin()` would raise here, as the dependency that found the user has begun it already.
    """
    accounts = await crud.account.lock(session, [new.source_id, new.target_id])
    if len(accounts) < 2:
        raise not_found("account")
    if accounts[new.source_id].owner_id != user.id:
        raise HTTPException(403, "this account is someone else's")
    try:
        transfer = await crud.transfer.move(session, new, accounts)
        await session.commit()
    except IntegrityError:
        raise HTTPException(409, "there is not enough money in this account") from None
    return transfer

"""Money that is written off and may never arrive."""

from __future__ import annotations

from fastapi import APIRouter

from example_app import crud
from example_app.core.errors import not_found
from example_app.dependencies.auth import CurrentUser
from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Transfer
from example_app.schemas.shop import TransferCreate, TransferOut

router = APIRouter(prefix="/transfers")


@router.post("", response_model=TransferOut, status_code=201)
async def add_split_transfer(new: TransferCreate, user: CurrentUser, session: SessionOfRequest) -> Transfer:
    """Commit the first half, then begin the second: when that fails, the money is gone."""
    source = await crud.account.get(session, new.source_id)
    if source is None or source.owner_id != user.id:
        raise not_found("account")
    source.balance_cents -= new.amount_cents
    await session.commit()
    target = await crud.account.get(session, new.target_id)
    if target is None:
        raise not_found("account")
    target.balance_cents += new.amount_cents
    transfer = await crud.transfer.create(session, new)
    await session.commit()
    return transfer


@router.post("/forgotten", response_model=TransferOut, status_code=201)
async def forget_transfer(new: TransferCreate, user: CurrentUser, session: SessionOfRequest) -> Transfer:
    """Flush and never commit: the answer says 201, and the database rolls everything back."""
    accounts = await crud.account.lock(session, [new.source_id, new.target_id])
    if len(accounts) < 2 or accounts[new.source_id].owner_id != user.id:
        raise not_found("account")
    return await crud.transfer.move(session, new, accounts)

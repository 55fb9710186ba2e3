"""Money is moved in one transaction, or not at all."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import func, or_, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession

from example_app.models import Account, Transfer, User
from tests.example_app.factory import Factory

pytestmark = pytest.mark.asyncio


async def user_with_accounts(factory: Factory) -> tuple[User, Account, Account]:
    user = await factory.user()
    return user, await factory.account(user), await factory.account(await factory.user())


async def balances(session: AsyncSession, *accounts: Account) -> list[int]:
    return [await session.scalar(select(Account.balance_cents).where(Account.id == one.id)) or 0 for one in accounts]


async def records(session: AsyncSession, account: Account) -> int:
    involved = or_(Transfer.source_id == account.id, Transfer.target_id == account.id)
    return await session.scalar(select(func.count(Transfer.id)).where(involved)) or 0


async def test_a_transfer_moves_the_money_and_leaves_a_record(
    client: httpx.AsyncClient, session: AsyncSession, factory: Factory
) -> None:
    user, source, target = await user_with_accounts(factory)
    body = {"source_id": source.id, "target_id": target.id, "amount_cents": 300}
    answer = await client.post("/transfers", json=body, headers=factory.logged_in(user))
    assert answer.status_code == 201
    assert await balances(session, source, target) == [700, 1300]
    listed = (await client.get("/transfers", headers=factory.logged_in(user))).json()
    assert [(one["source"]["id"], one["target"]["id"], one["amount_cents"]) for one in listed] == [
        (source.id, target.id, 300)
    ]


async def test_more_than_there_is_moves_nothing(
    client: httpx.AsyncClient, session: AsyncSession, factory: Factory
) -> None:
    user, source, target = await user_with_accounts(factory)
    body = {"source_id": source.id, "target_id": target.id, "amount_cents": 1001}
    answer = await client.post("/transfers", json=body, headers=factory.logged_in(user))
    assert (answer.status_code, answer.json()) == (409, {"detail": "there is not enough money in this account"})
    assert await balances(session, source, target) == [1000, 1000]
    assert await records(session, source) == 0


async def test_to_nowhere_nothing_is_moved(client: httpx.AsyncClient, session: AsyncSession, factory: Factory) -> None:
    user, source, _ = await user_with_accounts(factory)
    body = {"source_id": source.id, "target_id": 0, "amount_cents": 300}
    assert (await client.post("/transfers", json=body, headers=factory.logged_in(user))).status_code == 404
    assert await balances(session, source) == [1000]


async def test_the_anti_pattern_loses_the_money_when_its_second_half_fails(
    client: httpx.AsyncClient, session: AsyncSession, factory: Factory
) -> None:
    user, source, _ = await user_with_accounts(factory)
    body = {"source_id": source.id, "target_id": 0, "amount_cents": 300}
    assert (
        await client.post("/anti-patterns/transfers", json=body, headers=factory.logged_in(user))
    ).status_code == 404
    assert await balances(session, source) == [700]
    assert await records(session, source) == 0


async def test_the_anti_pattern_without_a_commit_says_201_and_moves_nothing(
    client: httpx.AsyncClient, session: AsyncSession, factory: Factory
) -> None:
    user, source, target = await user_with_accounts(factory)
    body = {"source_id": source.id, "target_id": target.id, "amount_cents": 300}
    path = "/anti-patterns/transfers/forgotten"
    assert (await client.post(path, json=body, headers=factory.logged_in(user))).status_code == 201
    assert await balances(session, source, target) == [1000, 1000]


async def test_begin_raises_once_a_dependency_has_queried(session: AsyncSession, factory: Factory) -> None:
    await factory.session.execute(select(Account.id))
    with pytest.raises(InvalidRequestError, match="already begun"):
        async with factory.session.begin():
            pass


async def test_the_money_of_others_stays_theirs(client: httpx.AsyncClient, factory: Factory) -> None:
    _, source, target = await user_with_accounts(factory)
    body = {"source_id": source.id, "target_id": target.id, "amount_cents": 1}
    thief = factory.logged_in(await factory.user())
    assert (await client.post("/transfers", json=body, headers=thief)).status_code == 403
    same = {**body, "target_id": source.id}
    assert (await client.post("/transfers", json=same, headers=thief)).status_code == 422


async def test_accounts_are_shown_to_their_owner(client: httpx.AsyncClient, factory: Factory) -> None:
    user, source, _ = await user_with_accounts(factory)
    listed = (await client.get("/accounts", headers=factory.logged_in(user))).json()
    assert [(one["id"], one["balance_cents"]) for one in listed] == [(source.id, 1000)]

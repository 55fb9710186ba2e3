"""Each list takes as many statements for five rows as for two, and each route says how many it may take."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from example_app.models import Comment, Post, User
from query_guard.judge.budgets import declared_budget
from query_guard.testing import assert_constant_queries
from query_guard.web.routes import all_routes
from tests.example_app.factory import Factory

pytestmark = pytest.mark.asyncio

Populate = Callable[["Shelf", int], Awaitable[None]]


@dataclass(slots=True)
class Shelf:
    """Where `populate` puts its rows: two users with an account each, and a post of the first."""

    factory: Factory
    user: User
    other: User
    post: Post


@pytest_asyncio.fixture
async def shelf(factory: Factory) -> AsyncIterator[Shelf]:
    user, other = await factory.user("user", "admin"), await factory.user()
    yield Shelf(factory, user, other, await factory.post(user))


async def users_with_posts(shelf: Shelf, number: int) -> None:
    for _ in range(number):
        await shelf.factory.posts(await shelf.factory.user(), 2)


async def posts_of_the_user(shelf: Shelf, number: int) -> None:
    await shelf.factory.posts(shelf.user, number)


async def posts_of_new_users(shelf: Shelf, number: int) -> None:
    for _ in range(number):
        await shelf.factory.post(await shelf.factory.user())


async def comments_of_new_users(shelf: Shelf, number: int) -> None:
    for _ in range(number):
        await shelf.factory.comment(shelf.post, await shelf.factory.user())


async def posts_and_comments_of_the_user(shelf: Shelf, number: int) -> None:
    await posts_of_the_user(shelf, number)
    await shelf.factory.save(
        *(Comment(text="!", post_id=shelf.post.id, author_id=shelf.user.id) for _ in range(number))
    )


async def products(shelf: Shelf, number: int) -> None:
    for _ in range(number):
        await shelf.factory.product()


async def accounts_of_the_user(shelf: Shelf, number: int) -> None:
    for _ in range(number):
        await shelf.factory.account(shelf.user)


async def transfers_between_new_accounts(shelf: Shelf, number: int) -> None:
    for _ in range(number):
        source, target = await shelf.factory.account(shelf.user), await shelf.factory.account(shelf.other)
        await shelf.factory.transfer(source, target)


LISTS: dict[str, Populate] = {
    "/users": users_with_posts,
    "/users/{user}/posts": posts_of_the_user,
    "/users/{user}/history": posts_and_comments_of_the_user,
    "/posts": posts_of_new_users,
    "/posts/{post}": comments_of_new_users,
    "/posts/chosen?{ids}": posts_of_new_users,
    "/comments": comments_of_new_users,
    "/products": products,
    "/accounts": accounts_of_the_user,
    "/transfers": transfers_between_new_accounts,
    "/reports/commenters": comments_of_new_users,
}


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_takes_no_more_statements_for_more_rows(
    client: httpx.AsyncClient, shelf: Shelf, path: str
) -> None:
    sizes = []
    ids = "&".join(f"id={shelf.post.id + n}" for n in range(6))
    address = path.format(user=shelf.user.id, post=shelf.post.id, ids=ids)

    async def call() -> None:
        response = await client.get(address, headers=shelf.factory.logged_in(shelf.user))
        sizes.append(len(response.raise_for_status().content))

    async def populate(number: int) -> None:
        await LISTS[path](shelf, number)

    await assert_constant_queries(call, populate)
    assert sizes[-1] > sizes[0]


async def test_the_same_assertion_fails_for_an_anti_pattern(client: httpx.AsyncClient, shelf: Shelf) -> None:
    async def call() -> None:
        await client.get("/anti-patterns/posts")

    async def populate(number: int) -> None:
        await posts_of_new_users(shelf, number)

    with pytest.raises(AssertionError, match="Post.author"):
        await assert_constant_queries(call, populate)


async def test_every_list_of_the_application_is_tested_here(app: FastAPI) -> None:
    tested = {path.partition("?")[0].replace("{user}", "{user_id}").replace("{post}", "{post_id}") for path in LISTS}
    answered = {
        path: operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        for path, operations in app.openapi()["paths"].items()
        if "get" in operations and not path.startswith("/anti-patterns")
    }
    lists = {path for path, schema in answered.items() if schema.get("type") == "array"}
    assert lists <= tested
    assert len(lists) == 9


async def test_every_good_route_has_a_budget(app: FastAPI) -> None:
    good = {
        name: endpoint
        for name, endpoint in all_routes(app)
        if endpoint.__module__.startswith("example_app.") and "/anti-patterns" not in name
    }
    assert [name for name, endpoint in good.items() if declared_budget(endpoint) is None] == []
    assert len(good) > 30


async def test_pages_are_newest_first_and_do_not_overlap(client: httpx.AsyncClient, shelf: Shelf) -> None:
    await posts_of_the_user(shelf, 6)
    pages = [(await client.get("/posts", params={"limit": 3, "offset": offset})).json() for offset in (0, 3)]
    ids = [post["id"] for page in pages for post in page]
    assert ids == sorted(ids, reverse=True)
    assert len({*ids}) == 6


async def test_a_list_without_end_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/posts", params={"limit": 1000})).status_code == 422


async def test_chosen_posts_come_in_the_given_order(
    client: httpx.AsyncClient, session: AsyncSession, shelf: Shelf
) -> None:
    first, second = await shelf.factory.posts(shelf.user, 2)
    chosen = await client.get("/posts/chosen", params={"id": [second.id, 0, first.id, second.id]})
    assert [post["id"] for post in chosen.json()] == [second.id, first.id]

"""PATCH writes what it was sent; a version decides between two who change the same row."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.example_app.factory import Factory

pytestmark = pytest.mark.asyncio


async def test_a_field_that_is_left_out_stays(client: httpx.AsyncClient, factory: Factory) -> None:
    author = await factory.user()
    post = await factory.post(author, summary="About this")
    headers = factory.logged_in(author)
    changed = await client.patch(f"/posts/{post.id}", json={"title": "New"}, headers=headers)
    assert (changed.json()["title"], changed.json()["summary"]) == ("New", "About this")
    emptied = await client.patch(f"/posts/{post.id}", json={"summary": None}, headers=headers)
    assert (emptied.json()["title"], emptied.json()["summary"]) == ("New", None)


async def test_the_anti_pattern_empties_it(client: httpx.AsyncClient, factory: Factory) -> None:
    author = await factory.user()
    post = await factory.post(author, summary="About this")
    path = f"/anti-patterns/posts/{post.id}"
    changed = await client.patch(path, json={"title": "New"}, headers=factory.logged_in(author))
    assert (changed.json()["title"], changed.json()["summary"]) == ("New", None)


@pytest.mark.parametrize("body", [{"title": None}, {"title": ""}, {"titel": "New"}])
async def test_what_the_column_could_not_hold_is_refused(
    client: httpx.AsyncClient, factory: Factory, body: dict[str, Any]
) -> None:
    author = await factory.user()
    post = await factory.post(author)
    answer = await client.patch(f"/posts/{post.id}", json=body, headers=factory.logged_in(author))
    assert answer.status_code == 422


async def test_a_profile_is_made_when_it_is_first_changed(client: httpx.AsyncClient, factory: Factory) -> None:
    user = await factory.user()
    user.profile = None
    await factory.session.commit()
    headers = factory.logged_in(user)
    await client.patch("/users/me/profile", json={"bio": "Counts queries"}, headers=headers)
    changed = await client.patch("/users/me/profile", json={"website": "https://example.org"}, headers=headers)
    assert changed.json() == {"bio": "Counts queries", "website": "https://example.org"}
    assert (await client.get(f"/users/{user.id}")).json()["profile"] == changed.json()


async def test_a_change_of_an_old_version_is_409(client: httpx.AsyncClient, factory: Factory) -> None:
    headers = factory.logged_in(await factory.user("moderator"))
    product = await factory.product()
    path = f"/products/{product.id}"
    seen = (await client.get(path)).json()["version"]
    first = await client.patch(path, json={"version": seen, "price_cents": 900}, headers=headers)
    assert (first.status_code, first.json()["version"]) == (200, seen + 1)
    second = await client.patch(path, json={"version": seen, "name": "Kettle"}, headers=headers)
    assert second.status_code == 409
    assert "read it again" in second.json()["detail"]
    assert (await client.get(path)).json() == first.json()


async def test_a_product_that_is_not_there_is_404(client: httpx.AsyncClient, factory: Factory) -> None:
    headers = factory.logged_in(await factory.user("moderator"))
    product = await factory.product()
    assert (await client.delete(f"/products/{product.id}", headers=headers)).status_code == 204
    for method, body in (("GET", None), ("PATCH", {"version": 1}), ("DELETE", None)):
        assert (await client.request(method, f"/products/{product.id}", json=body, headers=headers)).status_code == 404


async def test_products_are_added_by_moderators(client: httpx.AsyncClient, factory: Factory) -> None:
    new = {"name": "Kettle", "price_cents": 2500, "stock": 3}
    added = await client.post("/products", json=new, headers=factory.logged_in(await factory.user("moderator")))
    assert (added.status_code, added.json()["version"]) == (201, 1)
    assert (
        await client.post("/products", json=new, headers=factory.logged_in(await factory.user()))
    ).status_code == 403

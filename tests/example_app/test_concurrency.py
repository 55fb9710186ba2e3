"""What only shows when two requests are under way at once, against the application as it is served."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from example_app.demo.visits import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def client(visitor: Visitor) -> httpx.AsyncClient:
    return visitor.client


async def product(client: httpx.AsyncClient, stock: int = 10) -> int:
    added = await client.post("/products", json={"name": "Teapot", "price_cents": 1200, "stock": stock})
    return int(added.raise_for_status().json()["id"])


async def two_buy(client: httpx.AsyncClient, path: str) -> list[int]:
    both = await asyncio.gather(*(client.post(path, json={"quantity": 1}) for _ in range(2)))
    return sorted(answer.status_code for answer in both)


async def stock(client: httpx.AsyncClient, product_id: int) -> Any:
    return (await client.get(f"/products/{product_id}")).json()["stock"]


async def test_a_check_without_a_version_loses_one_of_two_sales(client: httpx.AsyncClient) -> None:
    product_id = await product(client)
    assert await two_buy(client, f"/anti-patterns/products/{product_id}/purchases") == [201, 201]
    assert await stock(client, product_id) == 9


async def test_with_a_version_the_second_buyer_gets_a_409(client: httpx.AsyncClient) -> None:
    product_id = await product(client)
    assert await two_buy(client, f"/products/{product_id}/purchases") == [201, 409]
    assert await stock(client, product_id) == 9


async def test_the_last_one_is_sold_once(client: httpx.AsyncClient) -> None:
    product_id = await product(client, stock=1)
    assert await two_buy(client, f"/products/{product_id}/purchases") == [201, 409]
    assert await two_buy(client, f"/products/{product_id}/purchases") == [409, 409]
    assert await stock(client, product_id) == 0


async def test_transfers_in_opposite_directions_do_not_wait_for_each_other(client: httpx.AsyncClient) -> None:
    bodies = [{"source_id": a, "target_id": b, "amount_cents": 1} for a, b in ((1, 2), (2, 1)) * 4]
    answers = await asyncio.gather(*(client.post("/transfers", json=body) for body in bodies))
    assert [answer.status_code for answer in answers] == [201] * 8


async def test_a_post_is_there_for_others_when_its_author_reads_201(client: httpx.AsyncClient) -> None:
    for _ in range(5):
        post = (await client.post("/posts", json={"title": "News"})).json()
        assert (await client.get(f"/posts/{post['id']}")).status_code == 200


async def test_an_exhausted_pool_is_503_for_others_and_soon(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await client.get("/anti-patterns/users/0/summary")).status_code == 404
    refused = await client.get("/anti-patterns/users/1/summary")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert (await client.delete("/anti-patterns/sessions")).json() == {"closed": 3}
    assert (await client.get("/anti-patterns/users/1/summary")).status_code == 200

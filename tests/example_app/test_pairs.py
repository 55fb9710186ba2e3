"""Each anti-pattern has its finding and its fixed twin none: through the endpoints, the headers and the reports."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

import example_app
from example_app.pairs import PAIRS, Pair

pytestmark = pytest.mark.asyncio

each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.title)
under_pressure = pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.at_once > 1], ids=lambda p: p.title)
found = pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.finds], ids=lambda pair: pair.title)


async def send(client: httpx.AsyncClient, pair: Pair, path: str, times: int = 1) -> list[httpx.Response]:
    requests = (client.request(pair.method, path, json=pair.body) for _ in range(times))
    return [response.raise_for_status() for response in await asyncio.gather(*requests)]


async def loud_findings(client: httpx.AsyncClient, response: httpx.Response) -> list[dict[str, Any]]:
    report = await client.get(f"/__query_guard__/api/requests/{response.headers['X-Query-Guard-Id']}")
    return [finding for finding in report.raise_for_status().json()["findings"] if finding["severity"] != "info"]


@found
async def test_an_anti_pattern_has_its_finding_at_its_line(client: httpx.AsyncClient, pair: Pair) -> None:
    (response,) = await send(client, pair, pair.bad)
    (finding,) = [one for one in await loud_findings(client, response) if one["kind"] == pair.finds]
    assert finding["relationship"] == pair.relationship
    assert finding["file"] == f"example_app/routers/{pair.file}"
    source = (Path(example_app.__file__).parent / "routers" / pair.file).read_text().splitlines()
    assert "await" in source[finding["line"] - 1]
    assert f"{pair.finds}=1" in response.headers["X-Query-Findings"]


@each_pair
async def test_a_fixed_twin_has_no_finding(client: httpx.AsyncClient, pair: Pair) -> None:
    responses = [response for _ in range(3) for response in await send(client, pair, pair.fixed)]
    calmest = min([await loud_findings(client, response) for response in responses], key=len)
    assert calmest == []
    assert any("X-Query-Findings" not in response.headers for response in responses)


@each_pair
async def test_a_fixed_twin_gives_the_same_answer_with_fewer_queries(client: httpx.AsyncClient, pair: Pair) -> None:
    (bad,) = await send(client, pair, pair.bad)
    (fixed,) = await send(client, pair, pair.fixed)
    assert int(fixed.headers["X-Query-Count"]) <= int(bad.headers["X-Query-Count"])
    assert without_ids(fixed.json()) == without_ids(bad.json())


@under_pressure
async def test_requests_wait_for_a_connection_that_is_held_and_hardly_for_one_that_is_given_back(
    client: httpx.AsyncClient, pair: Pair
) -> None:
    held = max(map(pool_wait, await send(client, pair, pair.bad, pair.at_once)))
    given_back = max(map(pool_wait, await send(client, pair, pair.fixed, pair.at_once)))
    assert held >= 50
    assert given_back < held / 2


async def test_a_user_that_is_not_there_is_404(client: httpx.AsyncClient) -> None:
    assert (await client.get("/users/999")).status_code == 404


def without_ids(answer: Any) -> Any:
    """Leave out the keys that the database chose anew for each insert."""
    if isinstance(answer, list):
        return [without_ids(item) for item in answer]
    if isinstance(answer, dict):
        return {key: without_ids(value) for key, value in answer.items() if key != "id"}
    return answer


def pool_wait(response: httpx.Response) -> float:
    pool = dict(part.split("=") for part in response.headers["X-Query-Pool"].split(", "))
    return float(pool["wait-ms"])

"""A request in which a fix is tried, and the requests that it sends to another application of the process."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from query_guard import QueryGuard
from tests.databases import UNTIMED, Database
from tests.serving import KEY, WITH_KEY, client_of, guarded
from tests.web.test_trials import API, titles

pytestmark = [pytest.mark.asyncio, pytest.mark.query_guard(mode="off")]


async def test_requests_to_another_application_run_without_its_fixes(database: Database) -> None:
    other, of_other = guarded()

    @other.get("/titles")
    async def their_titles() -> None:
        await database.run(titles)

    app = FastAPI()
    app.add_middleware(QueryGuard, debug=True, debug_token=KEY, reporters=[], detectors=UNTIMED)

    @app.get("/users")
    async def users() -> None:
        async with client_of(other) as client:
            await client.get("/titles")
        await database.run(titles)

    async with client_of(app) as client:
        counts = []
        for _ in range(2):
            answer = await client.get("/users")
            report_id = answer.headers["X-Query-Guard-Id"]
            await client.post(f"{API}/requests/{report_id}/try", headers=WITH_KEY)
            report = (await client.get(f"{API}/requests/{report_id}", headers=WITH_KEY)).json()
            counts.append((report["query_count"], bool(report["trial"])))
    assert counts == [(12, False), (8, True)]
    assert [report.query_count for report in of_other] == [6, 6]

"""Routes, statements, pools, and the guard itself."""

from __future__ import annotations

import os
import re
import threading

from fastapi import FastAPI
from playwright.sync_api import Page, Route, expect
from sqlalchemy import create_engine, text
from sqlalchemy.pool import QueuePool

from query_guard import record
from tests.browser.conftest import visit
from tests.serving import WITH_KEY

LOOP = "/anti-patterns/users"


def view(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name).click()
    expect(page.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")


def test_routes_lead_to_their_requests_and_to_their_worst_one(page: Page, url: str) -> None:
    view(page, "Routes")
    expect(page.get_by_text("No requests yet: each route appears here")).to_be_visible()
    [_, second] = visit(url, "/users", LOOP)
    row = page.get_by_role("row").filter(has_text=LOOP)
    cells = row.get_by_role("cell")
    expect(row).to_be_visible()
    assert [cells.nth(index).inner_text() for index in (1, 2, 3)] == ["1", "11", "11"]
    times = [cells.nth(index).inner_text() for index in (4, 5, 6, 7)]
    assert all(re.fullmatch(r"\d\S* m?s", time) for time in times), times
    assert re.fullmatch(r"n_plus_one\s*\d\d:\d\d:\d\d", cells.nth(8).inner_text())
    expect(row.locator(".chip")).to_have_text("n_plus_one")
    row.get_by_role("link", name="11 statements").click()
    page.wait_for_url(f"**/#/requests/{second}")
    page.go_back()
    page.get_by_role("link", name=f"GET {LOOP}").click()
    expect(page.locator(".rows > [role=row]")).to_have_count(1)
    expect(page.get_by_label("Route")).to_have_value(f"GET {LOOP}")


def test_statements_of_all_requests_stay_open_when_others_come(page: Page, url: str) -> None:
    view(page, "Statements")
    expect(page.get_by_text("No statements yet")).to_be_visible()
    visit(url, LOOP)
    toggle = page.get_by_role("button", name="SELECT posts.id")
    toggle.click()
    expect(page.locator("pre.sql")).to_contain_text("FROM posts")
    page.get_by_role("heading", level=1).click()
    visit(url, LOOP)
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name="SELECT posts.id"))
    expect(row.get_by_role("cell").nth(1)).to_have_text("20")
    expect(page.locator("pre.sql")).to_be_visible()


def test_pools_are_live_with_who_holds_and_how_many_wait(page: Page, example: FastAPI) -> None:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=600)
    view(page, "Pools")
    with record("nightly job"), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        waiting = threading.Thread(target=lambda: engine.connect().close())
        waiting.start()
        pool = page.get_by_role("region").filter(has_text="nightly job")
        expect(pool).to_contain_text("held by nightly job")
        expect(pool.locator("dd").nth(1)).to_have_text("1")
        figures = dict(zip(pool.locator("dt").all_inner_texts(), pool.locator("dd").all_inner_texts(), strict=True))
        figures = {label: figures[label] for label in ("In use", "Waiting", "Size", "Overflow", "At most", "Peak")}
        assert figures == {"In use": "1", "Waiting": "1", "Size": "1", "Overflow": "0", "At most": "1", "Peak": "1"}
        holder = pool.locator(".holders li").inner_text()
        assert re.fullmatch(r"held by nightly job, \d\S* m?s, \w.* tests/browser/test_views\.py:\d+ \S+", holder), (
            holder
        )
        connection.close()
        waiting.join()
    expect(page.get_by_text("held by nightly job")).to_have_count(0)
    engine.dispose()


def test_before_a_pool_is_used_it_says_what_to_wait_for(page: Page) -> None:
    page.route("**/api/pools", lambda route: route.fulfill(json={"pools": []}))
    view(page, "Pools")
    expect(page.get_by_text("No pool was used yet: a pool appears here with its first checkout.")).to_be_visible()


def test_the_guard_shows_its_own_cost_and_its_own_errors(page: Page, url: str) -> None:
    def failed(route: Route) -> None:
        own = route.fetch(headers={**route.request.headers, **WITH_KEY}).json()
        route.fulfill(json={**own, "own_errors": {"a detector failed": 2}})

    visit(url, LOOP)
    view(page, "Guard")
    values = shown(page)
    assert (values["pid"], values["own errors"]) == (str(os.getpid()), "none")
    assert float(values["judging per request in ms"]) > 0
    assert values["history: most reports"] == "200"
    page.route("**/api/self", failed)
    expect(page.get_by_text("own errors: a detector failed")).to_be_visible()
    assert shown(page)["own errors: a detector failed"] == "2"


def shown(page: Page) -> dict[str, str]:
    return dict(zip(page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts(), strict=True))


def test_a_version_without_it_says_so(page: Page) -> None:
    page.route("**/api/self", lambda route: route.fulfill(status=404, json={"error": "no such path"}))
    view(page, "Guard")
    expect(page.get_by_role("main").get_by_text("no such path")).to_be_visible()

"""An application whose every name is an attack: nothing of it runs, and the page shows it as text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import BrowserContext, Page, expect

from query_guard import Finding, QueryGuard, Report
from query_guard.history.memory import MemoryHistory
from query_guard.records import CallSite, Frame, Holder, Request
from tests.browser.serving import opened, served
from tests.reports import ENGINE, POSTS, checkout, facts_of, statement, transaction
from tests.serving import KEY

SCRIPT = "<script>window.ran = 1; alert(1)</script>"
QUOTES = "\"'`><img src=x onerror='window.ran=1'>${window.ran=1}{{7*7}}"
LINES = "a\r\nSet-Cookie: ran=1\r\n\r\n<svg onload=window.ran=1>"
TURNED = "\u202egnp.exe\u2066 \u0000\ufeff\U0001f4a9\ud800"
LONG = "x" * 10_000
ADDRESS = "javascript:window.ran=1//"
ALL = (SCRIPT, QUOTES, LINES, TURNED, LONG, ADDRESS)


def report(number: int, text: str) -> Report:
    site = CallSite(1, (Frame(text, 7, text, 1), Frame(f"/{text}", 8, text, 1)), "router", False)
    loader = POSTS._replace(owner=text, path=(text,))
    holder = Holder(1, text, site, 1.0, 1.0, "idle", True)
    engine = ENGINE._replace(name=text)
    rows = [
        statement(1, sql=f"SELECT {text}", site=site, loader=loader, parameters=(text,), engine=engine),
        statement(2, sql=f"SELECT '{text}' -- {text}", site=site, loaded_by=1, fingerprint=text, operation=text),
    ]
    finding = Finding(
        text, "error", f"{text}: {text}", text, site, relationship=text, remedy=text, edit=(text, 1), statements=(1, 2),
        details=(text,), effects=(Finding(text, "warning", text, text, site),),
    )  # fmt: skip
    facts = facts_of(
        *rows, request=Request("http", text, text, text, 500, exception=text), query_count=2, duration=0.1,
        checkouts=(checkout(site=site, holders=(holder,), wait=0.01),), transactions=(transaction(site=site),),
    )  # fmt: skip
    return Report(f"hostile-{number}", float(number), facts, (finding,))


@pytest.fixture(scope="module")
def hostile() -> MemoryHistory:
    history = MemoryHistory()
    for number, text in enumerate(ALL):
        history.add(report(number, text))
    return history


@pytest.fixture(scope="module")
def hostile_url(hostile: MemoryHistory, example_url: str) -> Iterator[str]:
    app = FastAPI()
    app.add_middleware(QueryGuard, debug=True, debug_token=KEY, history=hostile, capture_parameters=True)
    with served(app) as url:
        yield url


@pytest.fixture
def watched(context: BrowserContext, hostile_url: str) -> Page:
    return opened(context, hostile_url)


def nothing_ran(page: Page) -> None:
    assert page.evaluate("'ran' in window || document.cookie.includes('ran')") is False
    assert page.locator("main :is(script, img, svg, iframe, object, embed)").count() == 0
    schemes = page.evaluate("[...new Set([...document.querySelectorAll('a')].map((link) => link.protocol))]")
    assert set(schemes) <= {"http:", "vscode:"}


def test_the_lists_show_it_as_text(watched: Page, hostile_url: str) -> None:
    expect(watched.locator(".rows > [role=row]")).to_have_count(len(ALL))
    expect(watched.locator(".rows")).to_contain_text("<script>window.ran = 1; alert(1)</script>")
    nothing_ran(watched)
    watched.get_by_label("Route").select_option(index=1)
    expect(watched.locator(".rows > [role=row]")).to_have_count(1)
    for name in ("routes", "statements", "pools"):
        watched.goto(f"{hostile_url}/__query_guard__/#/{name}")
        watched.get_by_role("heading", level=1).wait_for()
        for button in watched.locator(".expand").all():
            button.click()
        nothing_ran(watched)


@pytest.mark.parametrize("number", range(len(ALL)), ids=["script", "quotes", "lines", "turned", "long", "address"])
def test_a_report_shows_it_as_text(watched: Page, hostile: MemoryHistory, number: int) -> None:
    watched.locator(".rows > [role=row]").nth(len(ALL) - 1 - number).get_by_role("link").click()
    watched.get_by_role("heading", name="Findings").wait_for()
    for button in watched.locator(".expand").all():
        button.click()
    expect(watched.locator("pre.remedy")).to_have_count(1)
    nothing_ran(watched)
    for button in watched.get_by_role("button", name="Copy").all():
        button.click()
    nothing_ran(watched)
    overflow = watched.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0


def test_no_address_runs_anything(watched: Page, hostile_url: str) -> None:
    for text in (SCRIPT, QUOTES, ADDRESS, "%E0%A4%A", "__proto__"):
        for before in ("#/requests/", "#/?text=", "#/", "requests/latest?route="):
            watched.goto(f"{hostile_url}/__query_guard__/{before}{text}")
            watched.wait_for_load_state()
            assert watched.evaluate("'ran' in window") is False

"""The list of requests."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import create_engine, text

from query_guard import Finding, QueryGuard, Report
from query_guard.history.memory import MemoryHistory
from query_guard.records import Change
from tests.browser.conftest import visit
from tests.browser.serving import opened, served
from tests.reports import SITE, facts_of, statement
from tests.serving import KEY

LOOP, GOOD, MISSING = "/anti-patterns/users", "/users", "/nowhere"


def rows(page: Page) -> Locator:
    return page.locator(".rows > [role=row]")


def names(page: Page) -> list[str]:
    """Return the routes in the order in which they are seen."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('.rows > [role=row]')]"
        ".sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex'))"
        ".map((row) => row.querySelector('a').textContent)"
    )
    return found


def choose(field: Locator, value: str) -> None:
    if field.evaluate("(field) => field.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def test_without_requests_it_says_what_to_do(page: Page) -> None:
    expect(page.get_by_text("No requests yet. Use the application")).to_be_visible()


def test_requests_made_elsewhere_appear_by_themselves_newest_first(page: Page, url: str) -> None:
    visit(url, GOOD, LOOP, MISSING)
    expect(rows(page)).to_have_count(3)
    assert names(page) == ["GET (no route)", f"GET {LOOP}", f"GET {GOOD}"]
    loop = rows(page).filter(has_text=LOOP)
    cells = loop.locator("[role=cell]")
    assert [cells.nth(index).inner_text() for index in (3, 6, 7, 8)] == ["200", "11", "2", "1"]
    expect(loop.locator(".chip", has_text="n_plus_one")).to_be_visible()
    words = loop.get_by_role("img").get_attribute("aria-label") or ""
    assert re.fullmatch(r"application \S+ m?s, pool wait \S+ m?s, database \S+ m?s, blocked loop \S+ m?s", words)


def test_each_filter_leaves_what_matches_and_the_address_and_the_back_button_keep_them(page: Page, url: str) -> None:
    visit(url, GOOD, LOOP, MISSING)
    expect(rows(page)).to_have_count(3)
    for label, value, left in (
        ("Text", "n_plus", [f"GET {LOOP}"]),
        ("Route", f"GET {GOOD}", [f"GET {GOOD}"]),
        ("Finding", "n_plus_one", [f"GET {LOOP}"]),
        ("Status", "404", ["GET (no route)"]),
        ("Slower than, in ms", "10000000", []),
    ):
        choose(page.get_by_label(label, exact=True), value)
        expect(rows(page)).to_have_count(len(left))
        assert names(page) == left
        if left:
            rows(page).first.get_by_role("link").click()
            page.get_by_role("heading", level=1).wait_for()
            page.go_back()
            expect(rows(page)).to_have_count(len(left))
            choose(page.get_by_label(label, exact=True), "")
        else:
            page.get_by_role("button", name="Show all").click()
        expect(rows(page)).to_have_count(3)


def test_clearing_forgets_all_but_what_is_pinned(page: Page, url: str, example: FastAPI) -> None:
    visit(url, LOOP, GOOD)
    expect(rows(page)).to_have_count(2)
    pin = page.get_by_role("button", name=f"Pin GET {LOOP}")
    pin.click()
    expect(page.get_by_role("button", name=f"Pin GET {LOOP}")).to_have_attribute("aria-pressed", "true")
    assert names(page) == [f"GET {LOOP}", f"GET {GOOD}"]
    page.get_by_role("button", name="Clear").click()
    expect(rows(page)).to_have_count(1)
    assert (names(page), example.state.history.latest()) == ([f"GET {LOOP}"], [])
    rows(page).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"GET {LOOP}: 11 queries")


KINDS = ("n_plus_one", "duplicate_statement", "idle_in_transaction", "event_loop_blocked", "a_kind_of_ones_own_" * 4)


def cut(row: Locator) -> bool:
    """Whether a chip of a row, or a part of its text, cannot be seen."""
    is_cut: bool = row.evaluate(
        """row => [...row.querySelectorAll(".chip")].some((chip) => {
            const [inner, outer] = [chip, row].map((each) => each.getBoundingClientRect());
            const leaves = inner.right > outer.right + 1 || inner.bottom > outer.bottom + 1;
            return leaves || chip.scrollWidth > chip.clientWidth;
        }) || row.lastChild.scrollWidth > row.lastChild.clientWidth"""
    )
    return is_cut


@pytest.mark.parametrize("width", [1280, 390])
def test_findings_that_do_not_fit_are_all_seen_with_the_keyboard_and_with_the_mouse(
    page: Page, example: FastAPI, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    found = tuple(Finding(kind, "warning", "seen", "mend it", SITE) for kind in KINDS)
    for number in (1, 2):
        example.state.history.add(Report(str(number), float(number), facts_of(), found))
    row = rows(page).first
    expect(row.locator(".chip")).to_have_count(len(KINDS))
    before = row.bounding_box()
    assert cut(row)
    page.get_by_label("Text").press("ArrowDown")
    expect(row.get_by_role("link")).to_be_focused()
    assert not cut(row)
    page.get_by_role("button", name="Clear").focus()
    assert (cut(row), row.bounding_box()) == (True, before)
    row.get_by_role("cell").last.hover()
    assert not cut(row)


def test_a_click_opens_a_request_whose_findings_do_not_fit(page: Page, example: FastAPI) -> None:
    found = tuple(Finding(kind, "warning", "seen", "mend it", SITE) for kind in KINDS)
    facts = facts_of()
    facts.request = facts.request._replace(route="/a-long-route" * 20)
    example.state.history.add(Report("of-long-names", 1.0, facts, found))
    rows(page).get_by_role("link").click()
    page.wait_for_url("**/#/requests/of-long-names")


def test_a_narrow_window_has_the_statements_too(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    visit(url, LOOP)
    cell = rows(page).get_by_role("cell").nth(6)
    expect(cell).to_be_visible()
    assert cell.evaluate("each => each.textContent + getComputedStyle(each, '::after').content") == '11" sent"'


def test_work_after_the_answer_is_in_its_request(context: BrowserContext, url: str) -> None:
    app, engine = FastAPI(), create_engine("sqlite://")
    app.add_middleware(QueryGuard, debug=True, debug_token=KEY)

    def work() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1 AS later"))

    @app.get("/later")
    def later(tasks: BackgroundTasks) -> None:
        tasks.add_task(work)

    with served(app) as address:
        visit(address, "/later")
        page = opened(context, address)
        expect(rows(page).get_by_role("cell").nth(6)).to_have_text("1")
        rows(page).get_by_role("link").click()
        group = page.get_by_role("table", name="Statements by shape and place").get_by_role("row").nth(1)
        expect(group.get_by_role("cell").nth(8)).to_have_text("background")
    engine.dispose()


def test_what_an_edit_has_changed_is_in_the_list(page: Page, example: FastAPI) -> None:
    facts = facts_of(statement(1), query_count=2)
    facts.request = facts.request._replace(route="/mine")
    example.state.history.add(Report("1", 1.0, facts, change=Change(0.0, 101, 2)))
    cell = rows(page).filter(has_text="/mine").locator("[role=cell]").nth(6)
    expect(cell).to_have_text("101 → 2")
    expect(cell.locator("b")).to_have_attribute("title", re.compile("GET /mine: 101 -> 2 statements since "))


def test_two_thousand_rows_are_a_few_in_the_document(page: Page, example: FastAPI) -> None:
    history: MemoryHistory = example.state.history
    history.most_reports, limit = 2_000, history.most_reports
    try:
        for number in range(2_000):
            facts = facts_of(statement(1), query_count=1)
            facts.request = facts.request._replace(route=f"/route/{number:04}")
            history.add(Report(f"{number:016x}", float(number), facts))
        expect(page.get_by_text("2000 requests")).to_be_visible()
        assert rows(page).count() < 100
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(page.get_by_role("link", name="/route/0000")).to_be_visible()
        assert rows(page).count() < 100
        page.evaluate("scrollTo(0, 20000)")
        shown = page.get_by_role("link", name="/route/1420")
        expect(shown).to_be_visible()
        before = shown.bounding_box()
        history.add(Report("of-now", 2_000.0, facts_of()))
        expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "2001")
        assert shown.bounding_box() == before
    finally:
        history.most_reports = limit
        history.clear()


def test_while_nobody_looks_nothing_is_asked(page: Page, url: str) -> None:
    asked: list[str] = []
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.wait_for_timeout(200)  # for a question under way
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2_500)
    assert asked == []
    with page.expect_request("**/api/requests*"):
        page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")


def test_without_the_application_it_says_so_and_goes_on(page: Page, url: str) -> None:
    page.route("**/api/**", lambda route: route.abort())
    expect(page.get_by_role("status").first).to_have_text("The application does not answer; it may be restarting.")
    page.unroute("**/api/**")
    expect(page.get_by_role("status").first).to_have_text("Live")


def test_with_a_cookie_that_has_ended_it_says_how_to_come_back(page: Page) -> None:
    page.context.clear_cookies()
    expect(page.get_by_role("status").first).to_contain_text("Type “query-guard open” again.")


def test_the_keyboard_reaches_all_of_it(page: Page, url: str) -> None:
    visit(url, GOOD, LOOP)
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("/")
    expect(page.get_by_label("Text")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name=LOOP)).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=f"GET {GOOD}", exact=True)).to_be_focused()
    page.keyboard.press("p")
    expect(page.get_by_role("button", name=f"Pin GET {GOOD}", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name=LOOP).focus()
    page.keyboard.press("k")
    expect(page.get_by_role("link", name=f"GET {GOOD}", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"GET {GOOD}")
    expect(page.locator("main")).to_be_focused()


def test_a_report_has_its_address_also_in_another_tab(page: Page, url: str) -> None:
    [first, second] = visit(url, LOOP, GOOD)
    for address in (f"requests/{first}", f"#/requests/{first}", f"requests/latest?route=GET {LOOP}"):
        page.goto(f"{url}/__query_guard__/{address}")
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"GET {LOOP}: 11 queries")
        assert page.url == f"{url}/__query_guard__/#/requests/{first}"
    page.goto(f"{url}/__query_guard__")
    page.get_by_role("link", name=f"GET {GOOD}", exact=True).click()
    page.wait_for_url(f"**/#/requests/{second}")
    link = httpx.get(f"{url}{GOOD}").headers["X-Query-Guard-Link"]
    expect(page.get_by_role("status").first).to_have_text("Live")
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"GET {GOOD}")
    assert page.url.rpartition("/")[2] == link.rpartition("/")[2]
    other = opened(page.context, url)
    assert other.url == f"{url}/__query_guard__/"

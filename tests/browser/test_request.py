"""One request on the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from playwright.sync_api import Page, Route, expect

from query_guard import Finding, Report
from query_guard.records import CallSite, Frame, LoopBlock
from tests.browser.conftest import copied, visit
from tests.reports import SITE, checkout, facts_of, statement, transaction
from tests.serving import WITH_KEY

LOOP = "/anti-patterns/users"
SLOWLY = "example_app/routers/anti_patterns/users.py"


def at_report(page: Page, url: str, report_id: str) -> None:
    page.goto(f"{url}/__query_guard__/#/requests/{report_id}")
    page.get_by_role("heading", name="Findings").wait_for()


def at_loop(page: Page, url: str) -> str:
    [report_id] = visit(url, LOOP)
    at_report(page, url, report_id)
    return report_id


def changed(page: Page, report_id: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the report that the page gets."""

    def answer(route: Route) -> None:
        report = route.fetch(headers={**route.request.headers, **WITH_KEY}).json()
        change(report)
        route.fulfill(json=report)

    page.route(f"**/api/requests/{report_id}*", answer)


def test_a_finding_has_its_sentence_its_evidence_and_a_fix_to_copy(page: Page, url: str) -> None:
    at_loop(page, url)
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"GET {LOOP}: 11 queries, 10 of them from {SLOWLY}:")
    finding = page.get_by_role("article").filter(has_text="n_plus_one")  # a busy machine may add others
    expect(finding.get_by_role("heading")).to_have_text(
        "n_plus_one User.posts was loaded 10 times, once for each object of a loop"
    )
    evidence = finding.locator(".evidence")
    labels = evidence.locator("dt").all_inner_texts()
    assert labels == ["Loaded by", "Sent 10 times"]
    expect(evidence.locator("dd").first).to_contain_text("FROM users")
    expect(evidence.locator("dd").last).to_contain_text("posts.author_id")
    finding.get_by_role("button", name="Copy").click()
    expect(finding.get_by_role("button", name="Copied")).to_be_visible()
    assert copied(page) == "selectinload(User.posts)"
    finding.get_by_role("heading").get_by_role("link", name="n_plus_one").click()
    expect(page.get_by_text("A loop sends one statement for each object.")).to_be_visible()


def test_lines_open_in_the_editor_that_was_chosen_and_paths_are_replaced(page: Page, url: str) -> None:
    at_loop(page, url)
    place = page.get_by_role("article").filter(has_text="n_plus_one").locator("a.place").first
    line = (place.inner_text()).split(" ")[0].rpartition(":")[2]
    assert place.get_attribute("href") == f"vscode://file{Path.cwd()}/{SLOWLY}:{line}"
    page.get_by_role("button", name="Settings").click()
    dialog = page.get_by_role("dialog", name="Settings")
    dialog.get_by_label("Open lines in").select_option("pycharm")
    dialog.get_by_label("Path there").fill(str(Path.cwd()))
    dialog.get_by_label("Path here").fill("/home/me/my shop")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(place).to_have_attribute("href", f"pycharm://open?file=/home/me/my%20shop/{SLOWLY}&line={line}")
    page.reload()
    expect(place).to_have_attribute("href", f"pycharm://open?file=/home/me/my%20shop/{SLOWLY}&line={line}")
    page.get_by_role("button", name="Settings").click()
    dialog.get_by_label("Open lines in").select_option("cursor")
    dialog.get_by_role("button", name="Save").click()
    expect(place).to_have_attribute("href", f"cursor://file/home/me/my%20shop/{SLOWLY}:{line}")
    page.get_by_role("button", name="Settings").click()
    dialog.get_by_label("Open lines in").select_option("none")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("article").filter(has_text="n_plus_one").locator("span.place").first).to_contain_text(
        SLOWLY
    )


def test_it_is_copied_as_an_assertion_that_holds_once_it_is_mended(page: Page, url: str) -> None:
    at_loop(page, url)
    page.get_by_role("button", name="Copy as a pytest assertion").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert copied(page) == (
        "from query_guard.testing import assert_max_queries\n\nwith assert_max_queries(2):\n"
        f'    client.request("GET", "{LOOP}")\n'
    )
    compile(copied(page), "copied", "exec")


def test_statements_are_grouped_by_shape_and_place_and_open_to_each_execution(page: Page, url: str) -> None:
    at_loop(page, url)
    table = page.get_by_role("table", name="Statements by shape and place")
    posts = table.get_by_role("row").filter(has_text="User.posts")
    cells = posts.first.get_by_role("cell")
    assert [cells.nth(index).inner_text() for index in (1, 2, 8)] == ["10", "\N{EN DASH}", "endpoint"]
    expect(cells.last).to_have_text("n_plus_one")
    toggle = posts.first.get_by_role("button")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    toggle.click()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("table", name="Executions").get_by_role("row")).to_have_count(11)
    coloured = page.locator("tr:not([hidden]) pre.sql")
    assert coloured.locator(".sql-keyword").all_inner_texts() == ["SELECT", "FROM", "WHERE", "AND", "IS", "ORDER", "BY"]
    assert [line.split()[0] for line in coloured.inner_text().splitlines()][-4:] == ["FROM", "WHERE", "AND", "ORDER"]
    page.get_by_role("button", name="Copy for psql").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    script = copied(page)
    assert script.startswith("\\set p1 ''\n\\set p2 ''\nSELECT posts.id")
    assert "\nFROM posts\nWHERE :'p1' = posts.author_id\n" in script
    assert script.endswith(";\n")
    page.get_by_role("button", name="Copy SQL").click()
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()


def test_values_that_were_captured_go_to_psql_as_it_takes_them(page: Page, url: str, example: FastAPI) -> None:
    values = ("'O\\'Brien'", "None", "7", "datetime.datetime(2026, 11, 7, 8, 5)", "UUID('a-b')", "'back\\\\slash'")
    sql = 'SELECT "?" FROM posts WHERE ' + " AND ".join(f"{name} = ?" for name in "abcdef") + " AND note = '?'"
    facts = facts_of(statement(1, parameters=values, sql=sql), query_count=1)
    example.state.history.add(Report("of-values", 0.0, facts))
    at_report(page, url, "of-values")
    page.get_by_role("button", name="SELECT").click()
    expect(page.get_by_role("cell", name="'O\\'Brien', None, 7", exact=False).last).to_be_visible()
    page.get_by_role("button", name="Copy for psql").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert copied(page) == (
        "\\set p1 'O''Brien'\n\\set p3 '7'\n\\set p4 '2026-11-07 08:05:00'\n\\set p5 'a-b'\n\\set p6 'back\\\\slash'\n"
        "SELECT \"?\"\nFROM posts\nWHERE a = :'p1'\n  AND b = NULL\n  AND c = :'p3'\n  AND d = :'p4'\n"
        "  AND e = :'p5'\n  AND f = :'p6'\n  AND note = '?';\n"
    )


def test_the_timeline_has_a_lane_for_each_connection(page: Page, url: str, example: FastAPI) -> None:
    rows = [
        statement(1, start=0.02, duration=0.02, connection=1),
        statement(2, start=0.03, duration=0.05, connection=2, error="Boom", fingerprint="e" * 16, phase="streaming"),
    ]
    facts = facts_of(
        *rows,
        duration=0.1,
        query_count=2,
        checkouts=(
            checkout(wait=0.015, hold=0.08, connection=1),
            checkout(serial=2, connection=2, start=0.02, hold=None),
        ),
        transactions=(
            transaction(start=0.02, end=0.09),
            transaction(serial=2, connection=2, start=0.03, end=None, outcome="open"),
        ),
    )
    example.state.history.add(Report("of-lanes", 0.0, facts))
    at_report(page, url, "of-lanes")
    lanes = page.locator(".lane.connection")
    assert lanes.locator(".label").all_inner_texts() == ["connection 1", "connection 2"]
    expect(lanes.nth(0).locator(".t-wait")).to_have_text("wait 15.0 ms")
    expect(lanes.nth(0).locator(".t-transaction")).to_have_text("committed")
    expect(lanes.nth(1).locator(".t-transaction.open")).to_have_text("open")
    assert lanes.nth(0).locator(".t-gap").all_inner_texts() == ["", "idle in transaction 55.0 ms"]
    expect(lanes.nth(1).locator(".t-statement.failed")).to_have_count(1)
    assert page.locator(".t-phase").all_inner_texts() == ["endpoint", "streaming"]
    first, second = (lane.locator(".t-statement").bounding_box() for lane in (lanes.nth(0), lanes.nth(1)))
    assert first is not None
    assert second is not None
    assert first["x"] < second["x"] < first["x"] + first["width"]  # they ran at once
    transactions = page.get_by_role("table", name="Transactions").get_by_role("row")
    assert [row.split("\t")[4] for row in transactions.all_inner_texts()] == ["Outcome", "committed", "open"]
    expect(page.get_by_role("table", name="Checkouts").get_by_role("row")).to_have_count(3)


def test_gaps_say_what_they_are_and_a_blocked_loop_is_seen(page: Page, url: str, example: FastAPI) -> None:
    rows = [statement(number, start=start, duration=0.01) for number, start in ((1, 0.01), (2, 0.05), (3, 0.08))]
    facts = facts_of(
        *rows,
        duration=0.1,
        checkouts=(checkout(hold=0.1),),
        transactions=(transaction(start=0.05, end=0.09),),
        loop_blocks=(LoopBlock(0.02, 0.05),),
    )
    example.state.history.add(Report("of-gaps", 0.0, facts))
    at_report(page, url, "of-gaps")
    expect(page.locator(".lane", has_text="event loop").locator(".blocked")).to_have_text("blocked 30.0 ms")
    titles = page.locator(".t-gap").evaluate_all("gaps => gaps.map((gap) => gap.title)")
    assert titles == ["held idle 10.0 ms", "loop blocked 30.0 ms", "idle in transaction 20.0 ms", "held idle 10.0 ms"]


def test_other_places_and_effects_of_a_cause_are_its_evidence(page: Page, url: str, example: FastAPI) -> None:
    other = CallSite(7, (Frame("crud.py", 77, "load_more", 70),), "router", False)
    effect = Finding("commit_per_row", "warning", "5 commits", "", other)
    found = Finding(
        "n_plus_one", "warning", "often", "fix", SITE, callers=(SITE, other), statements=(1, 2), details=("a detail",),
        effects=(effect,),
    )  # fmt: skip
    facts = facts_of(statement(1), statement(2))
    example.state.history.add(Report("of-causes", 0.0, facts, (found,)))
    at_report(page, url, "of-causes")
    evidence = page.locator(".evidence")
    assert evidence.locator("dt").all_inner_texts() == ["Sent 2 times", "The same at", "Seen", "Also fixes"]
    assert evidence.locator("dd").all_inner_texts()[1:] == [
        "crud.py:77 load_more", "a detail", "commit_per_row: 5 commits crud.py:77 load_more",
    ]  # fmt: skip
    expect(page.locator("article p").first).to_contain_text("called from routers/users.py:12 list_users")


def test_similar_and_duplicate_are_two_words_and_a_silence_says_why(page: Page, url: str) -> None:
    report_id = at_loop(page, url)

    def silence(report: dict[str, Any]) -> None:
        ids = next(each for each in report["findings"] if each["kind"] == "n_plus_one")["statement_ids"]
        report["findings"] = []
        report["silences"] = [{"kind": "n_plus_one", "reason": "they are pages", "count": 10, "statement_ids": ids}]
        for statement_id in ids[1:4]:
            report["statements"][statement_id - 1]["duplicate_of"] = ids[0]

    changed(page, report_id, silence)
    page.reload()
    expect(page.get_by_text("Nothing to fix here.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="no n_plus_one: they are pages")
    assert [row.get_by_role("cell").nth(index).inner_text() for index in (1, 2)] == ["10", "3"]


def test_a_fix_is_tried_in_the_next_request_and_its_result_appears(page: Page, url: str) -> None:
    at_loop(page, url)
    page.get_by_role("button", name="Try the fixes").click()
    expect(page.get_by_text(f"Send GET {LOOP} again, until")).to_contain_text(
        f"selectinload(User.posts) at {SLOWLY}:27"
    )
    [second] = visit(url, LOOP)
    expect(page.get_by_text("Tried: 11 \N{RIGHTWARDS ARROW} 2 statements, works")).to_be_visible()
    at_report(page, url, second)
    expect(page.get_by_role("heading", level=1)).to_contain_text("tried: 11 -> 2 statements")


def test_the_fixes_are_tried_in_the_next_request_of_the_route(page: Page, url: str) -> None:
    at_loop(page, url)
    page.get_by_role("button", name="Copy the command for a patch").click()
    assert copied(page) == f"query-guard fix {page.url.rpartition('/')[2]}"
    page.get_by_role("button", name="Try the fixes").click()
    expect(page.get_by_text(f"Send GET {LOOP} again, until")).to_be_visible()
    [tried] = visit(url, LOOP)
    expect(page.get_by_text("Tried: 11 → 2 statements, works")).to_be_visible()
    at_report(page, url, tried)
    expect(page.get_by_text("11 → 2 statements, works")).to_be_visible()


def test_what_cannot_be_tried_is_said_in_a_sentence(page: Page, url: str) -> None:
    report_id = at_loop(page, url)
    sentence = "no fix of this report is an option of a select"
    page.route("**/try", lambda route: route.fulfill(status=409, body=json.dumps({"error": sentence})))
    page.get_by_role("button", name="Try the fixes").click()
    expect(page.get_by_text(sentence)).to_be_visible()
    assert page.url.endswith(report_id)


def test_what_an_edit_and_a_trial_have_changed_is_said(page: Page, url: str) -> None:
    [first, report_id] = visit(url, LOOP, LOOP)
    sentence = f"GET {LOOP}: 101 -> 2 statements since 14:02; User.posts gone"

    def change(report: dict[str, Any]) -> None:
        report["change"] = {"since": "", "before": 101, "after": 2, "gone": [], "new": [], "sentence": sentence}
        report["trial"] = {"of": first, "outcome": "fails", "before": 11, "after": 12, "why": "it sent more"}

    changed(page, report_id, change)
    at_report(page, url, report_id)
    expect(page.get_by_text(sentence)).to_be_visible()
    expect(page.get_by_text("11 → 12 statements, fails: it sent more")).to_be_visible()
    expect(page.get_by_role("button", name="Try the fixes")).to_have_count(0)
    page.get_by_role("link", name="an earlier report").click()
    page.wait_for_url(f"**/#/requests/{first}")


def test_a_report_that_is_gone_says_so(page: Page, url: str) -> None:
    page.goto(f"{url}/__query_guard__/#/requests/gone")
    expect(page.get_by_role("heading", level=1)).to_have_text("This report is not kept")
    expect(page.get_by_text("no report 'gone'").last).to_be_visible()


def test_an_address_of_no_view_leads_back(page: Page, url: str) -> None:
    page.goto(f"{url}/__query_guard__/#/constructor")
    expect(page.get_by_role("heading", level=1)).to_have_text("No such view")
    page.get_by_role("link", name="All requests").click()
    expect(page.get_by_text("No requests yet.")).to_be_visible()

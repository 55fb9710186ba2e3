"""The diff of a fix, with its finding."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import copied, visit
from tests.programs import program
from tests.serving import WITH_KEY

LOOP = "/anti-patterns/users"
FILE = "example_app/routers/anti_patterns/users.py"
SELECT = "    users = (await session.scalars(select(User).order_by(User.id).limit(10)"
SCRIPT = "+<script>window.ran = 1</script>\n"


def at_finding(page: Page, url: str) -> Locator:
    """Show the report of a loop, and return its finding."""
    [report_id] = visit(url, LOOP)
    page.goto(f"{url}/__query_guard__/#/requests/{report_id}")
    return page.get_by_role("article").filter(has_text="User.posts was loaded 10 times")


def with_fixes(page: Page, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    page.route("**/fix", lambda route: route.fulfill(json=answer(fetched(route))))


def fetched(route: Route) -> dict[str, Any]:
    answer: dict[str, Any] = route.fetch(headers={**route.request.headers, **WITH_KEY}).json()
    return answer


def place(fixes: dict[str, Any]) -> int:
    """Return where the finding is among those of its report: a busy machine may add others."""
    number: int = fixes["changes"][0]["findings"][0]
    return number


def test_a_fix_that_is_an_option_has_a_diff_which_git_applies(page: Page, url: str) -> None:
    finding = at_finding(page, url)
    diff = finding.locator("pre.diff")
    expect(diff).to_contain_text(f"--- a/{FILE}")
    assert diff.locator(".removed").all_inner_texts()[-1].rstrip() == f"-{SELECT})).all()"
    assert (
        diff.locator(".added").all_inner_texts()[-1].rstrip() == f"+{SELECT}.options(selectinload(User.posts)))).all()"
    )
    assert [line[:3] for line in diff.locator(".quiet").all_inner_texts()] == ["---", "+++", "@@ ", "@@ "]
    colours = [
        diff.locator(f".{kind}").last.evaluate("each => getComputedStyle(each).color") for kind in ("added", "removed")
    ]
    assert len({*colours, diff.evaluate("each => getComputedStyle(each).color")}) == 3
    finding.get_by_role("button", name="Copy the diff").click()
    expect(finding.get_by_role("button", name="Copied")).to_be_visible()
    checked = subprocess.run(
        [program("git"), "apply", "--check", "-"], input=copied(page), text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_while_it_is_made_the_page_says_so(page: Page, url: str) -> None:
    held: list[Route] = []
    page.route("**/fix", lambda route: held.append(route))
    finding = at_finding(page, url)
    expect(finding.get_by_text("Making the diff…")).to_be_visible()
    while not held:
        page.wait_for_timeout(10)
    held[0].continue_()
    expect(finding.locator("pre.diff")).to_be_visible()
    expect(finding.get_by_text("Making the diff…")).to_have_count(0)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, lambda number, why: {"changes": [], "left": [{"finding": number, "why": why}]}),
        (409, lambda number, why: {"error": why}),
    ],
    ids=["left", "not installed"],
)
def test_without_a_diff_the_reason_and_the_command_are_there(page: Page, url: str, status: int, answer: Any) -> None:
    why = "crud.py was changed while the application ran: start it anew"
    page.route("**/fix", lambda route: route.fulfill(status=status, json=answer(place(fetched(route)), why)))
    finding = at_finding(page, url)
    expect(finding.get_by_text(f"No diff: {why}")).to_be_visible()
    expect(finding.locator("pre.diff")).to_have_count(0)
    page.get_by_role("button", name="Copy the command for a patch").click()
    assert copied(page) == f"query-guard fix {page.url.rpartition('/')[2]}"


def test_findings_of_one_file_share_its_diff(page: Page, url: str) -> None:
    def twice(route: Route) -> None:
        report = fetched(route)
        finding = next(each for each in report["findings"] if each["kind"] == "n_plus_one")
        route.fulfill(json={**report, "findings": [finding, {**finding, "summary": "another one"}]})

    [report_id] = visit(url, LOOP)
    page.route(f"**/api/requests/{report_id}*", twice)
    with_fixes(page, lambda fixes: {"changes": [{**fixes["changes"][0], "findings": [0, 1]}], "left": []})
    page.goto(f"{url}/__query_guard__/#/requests/{report_id}")
    expect(page.get_by_role("article").first.locator("pre.diff")).to_be_visible()
    expect(page.get_by_role("article").last).to_contain_text(f"The diff of {FILE} above has it, too.")
    expect(page.locator("pre.diff")).to_have_count(1)


def test_a_source_that_attacks_is_shown_as_text(page: Page, url: str) -> None:
    with_fixes(page, lambda fixes: {"changes": [{**fixes["changes"][0], "diff": f"---\n+++\n{SCRIPT}"}], "left": []})
    diff = at_finding(page, url).locator("pre.diff")
    expect(diff.locator(".added")).to_have_text(SCRIPT)
    assert page.evaluate("'ran' in window") is False
    assert page.locator("main script").count() == 0

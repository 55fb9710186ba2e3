"""Each view, in light and dark, wide and narrow, as axe-core judges it."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import visit
from tests.browser.serving import opened
from tests.programs import program

VERSION = "4.10.3"
CACHE = Path(__file__).parents[2] / ".cache"
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def axe() -> str:
    """Give the source of axe-core, which npm brings once."""
    archive = CACHE / f"axe-core-{VERSION}.tgz"
    if not archive.exists():
        CACHE.mkdir(exist_ok=True)
        subprocess.run([program("npm"), "pack", f"axe-core@{VERSION}", "--silent"], cwd=CACHE, check=True)
    with tarfile.open(archive) as files:
        source = files.extractfile("package/axe.min.js")
        assert source is not None
        return source.read().decode()


def problems(page: Page, axe: str) -> list[str]:
    page.evaluate(f"() => {{ {axe} }}")
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run(document)).violations")
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_no_view_has_a_serious_fault(
    browser: Browser, url: str, axe: str, scheme: Literal["light", "dark"], width: int
) -> None:
    [report_id, *_] = visit(url, "/anti-patterns/users", "/anti-patterns/posts/sync", "/users", "/nowhere")
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = opened(context, url)
    expect(page.locator(".rows > [role=row]")).to_have_count(4)
    assert problems(page, axe) == []
    page.get_by_role("button", name="Settings").click()
    assert problems(page, axe) == []
    page.get_by_role("button", name="Cancel").click()
    for address in (f"requests/{report_id}", "routes", "statements", "pools", "guard", "nothing"):
        page.goto(f"{url}/__query_guard__/#/{address}")
        page.get_by_role("heading", level=1).wait_for()
        if address.startswith("requests/"):
            page.locator("pre.diff").wait_for()
        for button in page.locator(".expand").all()[:2]:
            button.click()
        assert problems(page, axe) == [], address
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow == 0, address
    context.close()


def test_who_wants_no_motion_gets_none(browser: Browser, url: str) -> None:
    visit(url, "/users")
    context = browser.new_context(reduced_motion="reduce")
    page = opened(context, url)
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter((each) => getComputedStyle(each).animationName !== 'none' "
        "|| !['0s', ''].includes(getComputedStyle(each).transitionDuration)).length"
    )
    assert moving == 0
    context.close()


def test_the_first_stop_of_the_tab_key_skips_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    assert page.url.endswith("/__query_guard__/")

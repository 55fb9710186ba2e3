"""The example application on SQLite, served, and a browser whose complaints fail the test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pydantic import SecretStr

from example_app.core.settings import Settings, async_url
from example_app.db.migrating import migrate
from example_app.main import create_app
from tests.browser.serving import PATIENCE, chromium, opened, served
from tests.example_app.conftest import fill
from tests.serving import KEY, WITH_KEY

expect.set_options(timeout=PATIENCE * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker("browser")


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    url = async_url(f"sqlite:///{tmp_path_factory.mktemp('browser') / 'example.db'}")
    asyncio.run(migrate(url))
    settings = Settings(database_url=url, debug=True, debug_token=SecretStr(KEY))
    asyncio.run(fill(settings))
    return create_app(settings)


@pytest.fixture(scope="session")
def example_url(example: FastAPI) -> Iterator[str]:
    with served(example) as url:
        yield url


@pytest.fixture
def url(example: FastAPI, example_url: str) -> str:
    """Give the address of the example application, without any report."""
    example.state.history.clear()
    return example_url


@pytest.fixture(scope="session")
def browser(example_url: str) -> Iterator[Browser]:
    """Start the browser last: from then on a loop runs in this thread, and no other can."""
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Give a fresh profile. What its pages complain of fails the test, such as a violation of the page's policy."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    complaints: list[str] = []
    context.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
    yield context
    context.close()
    assert [words for words in complaints if not words.startswith("Failed to load resource")] == []


@pytest.fixture
def page(context: BrowserContext, url: str) -> Page:
    return opened(context, url)


def visit(url: str, *paths: str, **given: Any) -> list[str]:
    """Send requests to the application, as somebody else does, and return the ids of their reports, which are kept."""
    with httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) as client:
        return [_kept(client, client.get(path, **given).headers["X-Query-Guard-Id"]) for path in paths]


def _kept(client: httpx.Client, report_id: str) -> str:
    """Wait for a report, which comes after the answer."""
    while client.get(f"/__query_guard__/api/requests/{report_id}", headers=WITH_KEY).status_code != 200:
        time.sleep(0.01)
    return report_id


def copied(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text

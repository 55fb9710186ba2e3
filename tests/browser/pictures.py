"""Make the pictures of the page for the documentation: `python -m tests.browser.pictures docs/pictures`."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Page, expect, sync_playwright
from pydantic import SecretStr

from example_app.core.settings import Settings, async_url
from example_app.db.migrating import migrate
from example_app.main import create_app
from tests.browser.conftest import visit
from tests.browser.serving import chromium, opened, served
from tests.example_app.conftest import fill
from tests.serving import KEY

LOOP = "/anti-patterns/users"
PATHS = (
    "/users", "/posts", "/reports/totals", "/anti-patterns/posts",
    "/products", "/anti-patterns/posts/sync", "/comments", LOOP,
)  # fmt: skip


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as data:
        url = async_url(f"sqlite:///{data}/example.db")
        settings = Settings(database_url=url, debug=True, debug_token=SecretStr(KEY))
        asyncio.run(migrate(url))
        asyncio.run(fill(settings))
        with served(create_app(settings)) as address:
            visit(address, *PATHS)
            together = [threading.Thread(target=visit, args=(address, path)) for path in PATHS]
            for thread in together:
                thread.start()
            for thread in together:
                thread.join()
            [report_id] = visit(address, LOOP)
            take(address, report_id, folder)


def take(url: str, report_id: str, folder: Path) -> None:
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for scheme in schemes:
            context = browser.new_context(viewport={"width": 1180, "height": 720}, color_scheme=scheme)
            page = opened(context, url)
            expect(page.locator(".rows > [role=row]").first).to_be_visible()
            save(page, folder, f"requests-{scheme}")
            page.goto(f"{url}/__query_guard__/#/requests/{report_id}")
            page.locator("pre.diff").wait_for()
            page.set_viewport_size({"width": 1180, "height": 1500})
            save(page, folder, f"request-{scheme}")
            context.close()
        browser.close()


def save(page: Page, folder: Path, name: str) -> None:
    page.screenshot(path=folder / f"{name}.png")
    print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

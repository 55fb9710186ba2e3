"""An application under uvicorn in a thread of this process, and its page in a browser."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from query_guard.debug.key import Key
from query_guard.debug.signing import signed
from tests.example_app.test_serve import free_port
from tests.programs import program
from tests.serving import KEY

PATIENCE = 40.0
"""Seconds after which what does nothing counts as hanging."""
ROOT_PATH = "/__query_guard__"


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an application, and give its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    try:
        while not server.started:
            assert thread.is_alive(), "the server has ended"
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


def chromium(playwright: Playwright) -> Browser:
    """Start Debian's browser. Its sandbox cannot be had by root, as whom CI may run."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=program("chromium"), args=sandbox)


def opened(context: BrowserContext, url: str) -> Page:
    """Open the page as `query-guard open` does, and wait for its list."""
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(f"{url}{ROOT_PATH}/?ticket={signed(Key(KEY.encode(), 'tests'), 'ticket', time.time())}")
    page.wait_for_url(f"{url}{ROOT_PATH}/")
    page.locator("#state", has_text="Live").wait_for()
    return page

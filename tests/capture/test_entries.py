"""Where a test waits in the application, asked from another thread."""

from __future__ import annotations

import asyncio
from threading import Thread, get_ident
from types import FrameType
from typing import Any

import pytest

from query_guard.capture.live.entries import entry_of_test

SERVING: dict[str, Any] = {}
exec(
    compile(
        "def serve(wait):\n    wait()\n\n\nasync def serve_later(wait):\n    await wait()\n", "/srv/shop/app.py", "exec"
    ),
    SERVING,
)


def is_test_code(file: str) -> bool:
    return file == __file__


def asked_elsewhere(thread: int) -> FrameType | None:
    """Ask in a new thread where the test in another one waits."""
    found: list[FrameType | None] = []
    asking = Thread(target=lambda: found.append(entry_of_test(thread, is_test_code)))
    asking.start()
    asking.join()
    return found[0]


def entered(found: list[str | None]) -> None:
    """Call the application, and ask from below it; idents are addresses, of which either thread's may be greater."""

    def wait() -> None:
        frame = asked_elsewhere(get_ident())
        found.append(frame.f_code.co_name if frame is not None else None)

    SERVING["serve"](wait)


def test_the_call_that_a_thread_waits_for_is_found_from_any_other() -> None:
    found: list[str | None] = []
    entered(found)
    below = Thread(target=entered, args=(found,))
    below.start()
    below.join()
    assert found == ["serve", "serve"]


async def asked_beside(*stacks: str) -> str | None:
    """Ask where a test waits whose tasks are begun by test code ("test") or by the application ("app")."""
    end = asyncio.Event()
    serve: Any = SERVING["serve_later"]

    async def call() -> None:
        await serve(end.wait)

    begun = {"test": call, "app": lambda: serve(end.wait), "app with test": lambda: serve(call), "only test": end.wait}
    tasks = [asyncio.create_task(begun[stack]()) for stack in stacks]
    await asyncio.sleep(0)
    frame = await asyncio.to_thread(asked_elsewhere, get_ident())
    end.set()
    await asyncio.gather(*tasks)
    return frame.f_code.co_name if frame is not None else None


@pytest.mark.parametrize(
    ("stacks", "found"),
    [
        (("test",), "serve_later"),
        (("test", "app"), "serve_later"),
        (("test", "only test"), "serve_later"),
        (("test", "app with test"), "serve_later"),
        (("test", "test"), None),
        (("app",), None),
        (("app with test",), None),
        ((), None),
    ],
)
def test_under_asyncio_the_call_is_in_the_only_task_that_test_code_began_and_that_waits_in_the_application(
    stacks: tuple[str, ...], found: str | None
) -> None:
    assert asyncio.run(asked_beside(*stacks)) == found

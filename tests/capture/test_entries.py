"""Where a test waits in the application, asked from another thread."""

from __future__ import annotations

from threading import Thread, get_ident
from types import FrameType
from typing import Any

from query_guard.capture.live.entries import entry_of_test

SERVING: dict[str, Any] = {}
exec(compile("def serve(wait):\n    wait()\n", "/srv/shop/app.py", "exec"), SERVING)


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

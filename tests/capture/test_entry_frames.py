"""Where a stack has entered the application, by the files of its frames."""

from __future__ import annotations

from collections.abc import Iterable
from types import FrameType
from typing import Any

import pytest

from query_guard.capture.live.entries import entry_of

PLACES = {
    "app": "/srv/shop/app.py",
    "helper": "/srv/shop/helper.py",
    "test": "/srv/shop/tests/test_app.py",
    "library": "/venv/site-packages/sqlalchemy/engine.py",
    "router": "/venv/site-packages/fastapi/routing.py",
    "task": "/usr/lib/python3/asyncio/events.py",
    "pytest": "/venv/site-packages/_pytest/python.py",
}


class Code:
    def __init__(self, file: str) -> None:
        self.co_filename = file


class Standin:
    """What stands in for a frame: its file is all that is read."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.f_code = Code(PLACES[place])


def is_test_code(file: str) -> bool:
    return "/tests/" in file


def entered(stack: str) -> tuple[str | None, int | None, bool, bool]:
    """Return the place and position of the entry in a stack, innermost first, and what is said of it."""
    frames: Any = [Standin(place) for place in stack.split()]
    given: Iterable[FrameType] = frames
    entry = entry_of(given, is_test_code)
    found: Any = entry.frame
    return (
        None if found is None else found.place,
        None if found is None else frames.index(found),
        entry.is_of_test,
        entry.is_started,
    )


@pytest.mark.parametrize(
    ("stack", "entry", "is_of_test", "is_started"),
    [
        ("library app test pytest", ("app", 1), True, False),
        ("library helper app test pytest", ("app", 2), True, False),
        ("library helper library app library test pytest", ("app", 3), True, False),
        ("library test pytest", (None, None), True, False),
        ("library test app pytest", (None, None), True, False),
        ("library helper test app test pytest", ("app", 3), True, False),
        ("library helper test app pytest", ("helper", 1), True, False),
        ("library app", ("app", 1), False, True),
        ("library helper app task test", ("app", 2), False, True),
        ("library app router test pytest", ("app", 1), False, False),
        ("library task test pytest", (None, None), False, True),
        ("library router test", (None, None), False, False),
        ("library", (None, None), False, True),
        ("app test task app", ("app", 0), True, False),
    ],
)
def test_the_outermost_frame_of_the_application_inside_the_test(
    stack: str, entry: tuple[str | None, int | None], is_of_test: bool, is_started: bool
) -> None:
    assert entered(stack) == (*entry, is_of_test, is_started)

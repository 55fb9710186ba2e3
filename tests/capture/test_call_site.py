"""Sites: the line people are shown, and the key that tells loops from coincidences."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from types import FrameType
from typing import Any

import pytest
from sqlalchemy.orm import Session

from query_guard.capture.origin import call_site as call_site_module
from query_guard.capture.origin.call_site import call_site, site_of_frames
from query_guard.capture.origin.frames import instruction_of
from query_guard.capture.origin.source_files import name_of_call, shown_path
from query_guard.records import NOWHERE, CallSite
from tests.own_failures import apart

FILE = "tests/capture/test_call_site.py"


def here() -> CallSite:
    frame: FrameType | None = sys._getframe(1)
    return call_site(frame)


def innermost(site: CallSite) -> tuple[str, str]:
    frame = site.innermost
    assert frame is not None
    return frame.file, frame.function


def test_a_loop_repeats_its_key() -> None:
    assert len({here().key for _ in range(3)}) == 1


class Here:
    @property
    def called_at(self) -> int:
        return instruction_of(sys._getframe(1))


def test_a_call_of_a_builtin_is_one_place_however_often_it_was_made() -> None:
    """CPython 3.11 stops elsewhere in it once it has become quick."""
    here = Here()
    assert len({getattr(here, "called_at") for _ in range(200)}) == 1  # noqa: B009


def test_two_lines_have_two_keys() -> None:
    first = here()
    second = here()
    assert first.key != second.key


def test_two_calls_on_one_line_have_two_keys() -> None:
    first, second = here(), here()
    assert first.key != second.key


def helper() -> CallSite:
    return here()


def test_two_callers_of_one_helper_have_two_keys() -> None:
    first = helper()
    second = helper()
    assert first.key != second.key
    assert innermost(first) == innermost(second) == (FILE, "helper")


def test_recursion_does_not_change_the_key() -> None:
    def down(depth: int) -> list[CallSite]:
        return [here()] + (down(depth - 1) if depth else [])

    sites = down(4)
    assert len({site.key for site in sites[1:]}) == 1


def test_comprehensions_and_lambdas_are_named_by_the_function_that_holds_them() -> None:
    (site,) = [here() for _ in range(1)]
    assert innermost(site) == (FILE, "test_comprehensions_and_lambdas_are_named_by_the_function_that_holds_them")
    named = (lambda: here())()
    assert named.innermost is not None
    assert named.innermost.function == "test_comprehensions_and_lambdas_are_named_by_the_function_that_holds_them"


def test_frames_of_decorators_are_known_by_what_they_take() -> None:
    def decorated(function: Callable[..., CallSite]) -> Callable[..., CallSite]:
        @wraps(function)
        def wrapper(first: int, *args: Any, **kwargs: Any) -> CallSite:
            return function(first, *args, **kwargs)

        return wrapper

    class Decorated:
        def __call__(self, *args: Any, **kwargs: Any) -> CallSite:
            return endpoint(*args, **kwargs)

    @decorated
    def endpoint(first: int) -> CallSite:
        return here()

    names = {frame.function: frame.passes_on for frame in any_of(Decorated(), 1).frames}
    assert names == {
        "endpoint": False,
        "wrapper": True,
        "__call__": True,
        "any_of": False,
        "test_frames_of_decorators_are_known_by_what_they_take": False,
    }


def any_of(function: Callable[..., CallSite], *args: Any, **kwargs: Any) -> CallSite:
    return function(*args, **kwargs)


def test_library_frames_are_not_shown() -> None:
    files = {frame.file for frame in here().frames}
    assert files == {FILE}


def test_paths_are_written_from_the_working_directory() -> None:
    assert shown_path(__file__) == FILE


def test_a_thread_of_the_applications_own_has_a_site_without_a_boundary() -> None:
    found: list[CallSite] = []
    thread = threading.Thread(target=lambda: found.append(here()))
    thread.start()
    thread.join()
    (site,) = found
    assert (site.boundary, [frame.file for frame in site.frames]) == ("", [FILE])


def test_no_frames_are_nowhere() -> None:
    assert call_site(None) is NOWHERE
    assert site_of_frames([]) is NOWHERE


def test_the_innermost_frames_are_kept_of_a_deep_stack() -> None:
    call: Callable[[], CallSite] = here
    for depth in range(40):
        space: dict[str, Any] = {"inner": call}
        exec(compile(f"def level_{depth}():\n    return inner()\n", f"/srv/shop/level_{depth}.py", "exec"), space)
        call = space[f"level_{depth}"]
    assert [frame.function for frame in call().frames] == [f"level_{depth}" for depth in range(24)]


def test_the_outermost_frame_may_be_a_generator_that_was_resumed() -> None:
    def generator() -> Iterator[CallSite]:
        yield here()

    resumed, called = generator(), helper
    space: dict[str, Any] = {"resumed": resumed, "called": called, "sites": []}
    code = compile("sites.append(next(resumed))\nsites.append(called())\n", "<string>", "exec")
    thread = threading.Thread(target=exec, args=(code, space))
    thread.start()
    thread.join()
    assert [site.resumed for site in space["sites"]] == [True, False]


@apart()
def test_a_site_that_cannot_be_read_equals_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_site_module, "walked", lambda *_: 1 / 0)
    first, second = (here() for _ in range(2))
    assert (first.boundary, first.frames, second.boundary) == ("unread", (), "unread")
    assert first.key != second.key


@pytest.mark.parametrize(
    ("function", "call"),
    [(Session.execute, "execute"), (Session.scalars, "scalars"), (json.dumps, ""), (helper, "")],
)
def test_only_calls_of_sqlalchemy_have_a_name(function: Any, call: str) -> None:
    assert name_of_call(function.__code__) == call
    assert name_of_call(function.__code__.replace(co_name="<lambda>")) == ""

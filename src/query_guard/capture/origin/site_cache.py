"""Call paths that were walked before, from SQLAlchemy out to the router: to know one again costs a fifth of a walk.

What is remembered of one text is a handful of paths, of a bounded length, whose steps are shared by all: where a client
decides how calls nest, hardly any path comes twice, and to remember them would cost memory and time for nothing.
"""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any, TypeAlias

from query_guard.capture.origin.call_site import Trail, current_greenlet, unread_site, walked
from query_guard.capture.origin.source_files import APPLICATION, LIBRARY, kind_of, name_of_call
from query_guard.own_errors import report_own_error
from query_guard.records import NOWHERE, CallSite

_MAX_TRAIL, _MAX_PATHS, _MAX_STEPS = 64, 8, 10_000
_GIVEN_UP, _NEXT_TRY = 16, 1_000
"""Paths in a row that were none of those remembered, until nothing is remembered any more, and until it is again."""
_NEVER = 1 << 30
"""A depth that no stack has."""

_Path: TypeAlias = tuple[int, Trail, bool, CallSite, bool]
"""Depth and trail of a path, whether the stack ends behind it, its site, and whether it stays in one greenlet.

A depth above 0 is that of the path's first frame, counted from where SQLAlchemy's begin; others count back from where
the greenlet was switched to.
"""
_steps: dict[tuple[int, int], tuple[CodeType | None, int]] = {}
"""The steps of trails, by the identity of their code and their instruction."""


class SiteCache:
    """The paths that executions of one text, or checkouts of one pool, have come by lately.

    A path begins at the first frame that is the application's. `sys._getframe` jumps there without making a frame
    object of each frame between, which is most of the price of a walk; under AsyncSession the path begins beyond the
    greenlet.
    Where the frames from there on are those of a known path, stopped at the same instructions, it is the same site.
    """

    __slots__ = ("_last", "_misses", "_others")

    def __init__(self) -> None:
        self._last: _Path = (_NEVER, (), False, NOWHERE, True)
        """The last path that led through one greenlet."""
        self._others: tuple[_Path, ...] = ()
        """All others, the latest first."""
        self._misses = 0
        """How many paths in a row were none of them."""

    def site(self, below: int) -> CallSite:
        """Return the call site; `below` counts the frames from this function to where SQLAlchemy's frames begin."""
        depth, trail, ends, site, _ = self._last
        try:
            frame: Any = sys._getframe(below + depth) if depth > 0 else _beyond(depth).f_back
            for code, instruction in trail:
                if frame.f_code is not code or (instruction >= 0 and frame.f_lasti != instruction):
                    break
                frame = frame.f_back
            else:
                if not ends or (frame is None and current_greenlet().parent is None):
                    return site
        except (ValueError, AttributeError):  # the stack, or what is left of it in this greenlet, is not as deep
            pass
        return self._other(below + 1)

    def _other(self, below: int) -> CallSite:
        """Look among the others, and else walk; never raises."""
        try:
            others = self._others
            for path in others:
                if _is_taken(path, below + 1):
                    self._others = tuple([one for one in others if one is not path])
                    self._misses = 0
                    self._put_first(path)
                    return path[3]
            return self._walk(sys._getframe(below))
        except Exception:
            report_own_error("a call site could not be read")
            return unread_site()

    def _walk(self, frame: FrameType) -> CallSite:
        """Walk out of SQLAlchemy, then to the boundary, and remember the path unless paths do not repeat here."""
        start = frame.f_back
        self._misses += 1
        if self._misses > _GIVEN_UP:
            self._others = ()
            if self._misses >= _NEXT_TRY:
                self._misses = 0
            return walked(start)
        depth, greenlet = 1, current_greenlet()
        if greenlet.parent is not None and greenlet.parent.gr_frame is not None and _are_all_libraries(start):
            depth, greenlet = 0, greenlet.parent
            start = greenlet.gr_frame.f_back
        first, passed, call = _out_of_libraries(start)
        if first is None or kind_of(first.f_code.co_filename) is not APPLICATION:
            # no frame of the application is there to know it by, so that all that lead there must be known
            first, call = start, ""
        else:
            depth += passed if depth > 0 else -passed
        trail: list[tuple[CodeType | None, int]] = []
        site = walked(first, greenlet, trail, call)
        if first is not None and len(trail) <= _MAX_TRAIL:
            ends = trail[-1][0] is None
            steps = tuple(map(_shared, trail[:-1] if ends else trail))
            self._put_first((depth, steps, ends, site, _has_callers(first, len(steps) - 1)))
        return site

    def _put_first(self, path: _Path) -> None:
        if path[4]:
            self._last, path = path, self._last
        if path[0] is not _NEVER:
            self._others = (path, *self._others[: _MAX_PATHS - 1])


def _has_callers(frame: FrameType | None, number: int) -> bool:
    """Whether a frame has so many callers within its greenlet."""
    for _ in range(number):
        frame = frame.f_back if frame is not None else None
    return frame is not None


def _shared(step: tuple[CodeType | None, int]) -> tuple[CodeType | None, int]:
    """Return the step that others have, which is equal to this one."""
    key = (id(step[0]), step[1])
    known = _steps.get(key)
    if known is None:
        if len(_steps) >= _MAX_STEPS:
            _steps.clear()
        known = _steps[key] = step
    return known


def _is_taken(path: _Path, below: int) -> bool:
    """Whether the frames are those of a path; `below` counts as in `SiteCache.site`."""
    depth, trail, ends, _, _ = path
    greenlet = current_greenlet()
    try:
        frame: Any = sys._getframe(below + depth) if depth > 0 else _beyond(depth).f_back
        greenlet = greenlet if depth > 0 else greenlet.parent
        for code, instruction in trail:
            while frame is None:
                greenlet = greenlet.parent
                frame = greenlet.gr_frame
            if frame.f_code is not code or (instruction >= 0 and frame.f_lasti != instruction):
                return False
            frame = frame.f_back
    except (ValueError, AttributeError):
        return False
    return not ends or (frame is None and greenlet.parent is None)


def _beyond(depth: int) -> Any:
    """Return a frame of the greenlet around; raises AttributeError where there is none."""
    frame = current_greenlet().parent.gr_frame
    for _ in range(-depth):
        frame = frame.f_back
    return frame


def _are_all_libraries(frame: FrameType | None) -> bool:
    return _out_of_libraries(frame)[0] is None


def _out_of_libraries(frame: FrameType | None) -> tuple[FrameType | None, int, str]:
    """Return the first frame that is no library's, how many are before it, and what of SQLAlchemy it has called."""
    passed, call = 0, ""
    while frame is not None and kind_of(frame.f_code.co_filename) is LIBRARY:
        call = name_of_call(frame.f_code) or call
        frame = frame.f_back
        passed += 1
    return frame, passed, call

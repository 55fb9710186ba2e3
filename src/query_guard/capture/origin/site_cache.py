"""Cache the call paths that were walked before, from SQLAlchemy to the router: a hit takes a fifth of a walk.

For each text a few paths of bounded length are kept; all paths share their steps. If a client decides how calls nest,
hardly any path comes twice. Then nothing is kept, since it would take memory and time without any hit.
"""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any, TypeAlias

from query_guard.capture.origin.call_site import Trail, unread_site, walked
from query_guard.capture.origin.frames import current_greenlet
from query_guard.capture.origin.source_files import APPLICATION, LIBRARY, kind_of, name_of_call
from query_guard.own_errors import report_own_error
from query_guard.records import NOWHERE, CallSite

_MAX_TRAIL, _MAX_PATHS, _MAX_STEPS = 64, 8, 10_000
_GIVEN_UP, _NEXT_TRY = 16, 1_000
"""After so many misses in a row no path is kept, and after so many paths are kept again."""
_NEVER = 1 << 30
"""A depth that no stack has."""

_Path: TypeAlias = tuple[int, Trail, bool, CallSite, bool]
"""Depth and trail of a path, whether the stack ends after it, its site, and whether it is within one greenlet.

A depth above 0 counts frames from the first frame of SQLAlchemy to the first frame of the path. Any other counts frames
back from the one that switched to the greenlet.
"""
_steps: dict[tuple[int, int], tuple[CodeType | None, int]] = {}
"""The steps of trails, by the identity of their code and their instruction."""


class SiteCache:
    """The latest call paths of one text, or of the checkouts of one pool.

    A path begins at the first frame of the application. `sys._getframe` jumps there without making an object for each
    frame between, which is the slow part of a walk. Under AsyncSession the path begins outside of the greenlet. If the
    frames from there on are those of a kept path, at the same instructions, the site is the same.
    """

    __slots__ = ("_last", "_misses", "_others")

    def __init__(self) -> None:
        self._last: _Path = (_NEVER, (), False, NOWHERE, True)
        """The last path within one greenlet."""
        self._others: tuple[_Path, ...] = ()
        """All others, the latest first."""
        self._misses = 0
        """How many misses there were in a row."""

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
        except (ValueError, AttributeError):  # the stack, or its part in this greenlet, is not as deep
            pass
        return self._site_of_others(below + 1)

    def _site_of_others(self, below: int) -> CallSite:
        """Compare with the other paths, and walk if none matches; never raises."""
        try:
            others = self._others
            for path in others:
                if _matches(path, below + 1):
                    self._others = tuple([kept for kept in others if kept is not path])
                    self._misses = 0
                    self._put_first(path)
                    return path[3]
            return self._walk(sys._getframe(below))
        except Exception:
            report_own_error("a call site could not be read")
            return unread_site()

    def _walk(self, frame: FrameType) -> CallSite:
        """Walk from SQLAlchemy to the boundary, and keep the path, unless paths hardly repeat here."""
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
        first, libraries, call = _out_of_libraries(start)
        if first is None or kind_of(first.f_code.co_filename) is not APPLICATION:
            # without a frame of the application, the path is all frames that lead there
            first, call = start, ""
        else:
            depth += libraries if depth > 0 else -libraries
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
    """Whether a frame has this number of callers within its greenlet."""
    for _ in range(number):
        frame = frame.f_back if frame is not None else None
    return frame is not None


def _shared(step: tuple[CodeType | None, int]) -> tuple[CodeType | None, int]:
    """Return the kept step that equals this one, so that paths share it."""
    key = (id(step[0]), step[1])
    shared = _steps.get(key)
    if shared is None:
        if len(_steps) >= _MAX_STEPS:
            _steps.clear()
        shared = _steps[key] = step
    return shared


def _matches(path: _Path, below: int) -> bool:
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
    """Return a frame of the parent greenlet; raises AttributeError if there is none."""
    frame = current_greenlet().parent.gr_frame
    for _ in range(-depth):
        frame = frame.f_back
    return frame


def _are_all_libraries(frame: FrameType | None) -> bool:
    return _out_of_libraries(frame)[0] is None


def _out_of_libraries(frame: FrameType | None) -> tuple[FrameType | None, int, str]:
    """Return the first frame outside of libraries, how many frames are before it, and its call of SQLAlchemy."""
    libraries, call = 0, ""
    while frame is not None and kind_of(frame.f_code.co_filename) is LIBRARY:
        call = name_of_call(frame.f_code) or call
        frame = frame.f_back
        libraries += 1
    return frame, libraries, call

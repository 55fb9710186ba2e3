"""Ways that have been walked before, from SQLAlchemy out to the router: to know one again costs a fifth of a walk."""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any, NamedTuple, TypeAlias

from query_guard.capture.call_site import Trail, current_greenlet, walked
from query_guard.capture.source_files import LIBRARY, kind_of, name_of_call
from query_guard.records import NOWHERE, CallSite

_MAX_TRAIL, _MAX_WAYS, _MAX_EXITS = 64, 1_000, 16
_NEVER = 1 << 30
"""A depth that no stack has."""


class _Way(NamedTuple):
    trail: Trail
    site: CallSite


class _Fork(NamedTuple):
    """What is known beyond a frame: by its instruction where that counts, which is the application's, else by -1."""

    code: CodeType | None
    by_instruction: bool
    beyond: dict[int, Any]
    """Either further forks, by the identity of a frame's code (None where the stack ends), or the way that ends."""


_Forks: TypeAlias = dict["int | None", _Fork]


class Shortcut:
    """The ways that executions of one text, or checkouts of one pool, have come.

    A way begins at the first frame that is not SQLAlchemy's. `sys._getframe` jumps there without making a frame object
    of each frame between, which is most of the price of a walk; under AsyncSession the way begins beyond the greenlet.
    Where the frames from there on are those of a known way, stopped at the same instructions, it is the same site. The
    last way is tried first; the others lie in a tree, frame by frame, so that it does not matter how many there are.
    """

    __slots__ = ("_exits", "_forks", "_last", "_ways")

    def __init__(self) -> None:
        self._last: tuple[int, Trail, bool, CallSite] = (_NEVER, (), False, NOWHERE)
        """Depth and trail of the last way, whether the stack ends behind it, and its site."""
        self._exits: list[tuple[int, CodeType]] = []
        """Where ways have begun, and the code of the frame before. A depth above 0 is that of the way's first frame,
        counted from where SQLAlchemy's begin; others count back from where the greenlet was switched to.
        """
        self._forks: _Forks = {}
        self._ways = 0

    def site(self, below: int) -> CallSite:
        """Return the call site; `below` counts the frames from this function to where SQLAlchemy's frames begin."""
        depth, trail, ends, site = self._last
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
        for depth, code in self._exits:
            try:
                frame = sys._getframe(below + depth - 1) if depth > 0 else _beyond(depth)
            except (ValueError, AttributeError):
                continue
            if frame.f_code is code:
                greenlet = current_greenlet()
                way = _followed(self._forks, frame.f_back, greenlet if depth > 0 else greenlet.parent)
                if way is not None:
                    self._try_first(depth, way)
                    return way.site
        return self._walk(sys._getframe(below))

    def _try_first(self, depth: int, way: _Way) -> None:
        """Unless it has no frame of the application to be known by without looking at the one before."""
        trail, site = way
        if trail[0][1] >= 0:
            ends = trail[-1][0] is None
            self._last = (depth, trail[:-1] if ends else trail, ends, site)

    def _walk(self, frame: FrameType) -> CallSite:
        """Walk out of SQLAlchemy, then to the boundary, and remember the way."""
        depth, greenlet = 1, current_greenlet()
        before, first = frame, frame.f_back
        if greenlet.parent is not None and greenlet.parent.gr_frame is not None and _are_all_libraries(first):
            depth, greenlet = 0, greenlet.parent
            before, first = greenlet.gr_frame, greenlet.gr_frame.f_back
        call = ""
        while first is not None and kind_of(first.f_code.co_filename) is LIBRARY:
            before, first = first, first.f_back
            depth += 1 if depth > 0 else -1
            call = name_of_call(before.f_code) or call
        site, trail = walked(first, greenlet, call)
        if first is not None and len(trail) <= _MAX_TRAIL:
            way = _Way(trail, site)
            self._learn((depth, before.f_code), way)
            self._try_first(depth, way)
        return site

    def _learn(self, way_out: tuple[int, CodeType], way: _Way) -> None:
        if self._ways >= _MAX_WAYS or (len(self._exits) >= _MAX_EXITS and way_out not in self._exits):
            self._exits, self._forks, self._ways = [], {}, 0
        if way_out not in self._exits:
            self._exits = sorted([*self._exits, way_out], key=lambda one: (one[0] <= 0, abs(one[0])))
        self._ways += 1
        forks = self._forks
        fork = _Fork(None, False, {})
        for code, instruction in way.trail:
            key = None if code is None else id(code)
            known = forks.get(key)
            if known is None or known.code is not code or known.by_instruction is not (instruction >= 0):
                known = forks[key] = _Fork(code, instruction >= 0, {})
            fork = known
            beyond = fork.beyond.get(instruction)
            forks = fork.beyond[instruction] = {} if beyond is None or beyond.__class__ is _Way else beyond
        fork.beyond[instruction] = way


def _beyond(depth: int) -> Any:
    """Return a frame of the greenlet around; raises AttributeError where there is none."""
    frame = current_greenlet().parent.gr_frame
    for _ in range(-depth):
        frame = frame.f_back
    return frame


def _are_all_libraries(frame: FrameType | None) -> bool:
    while frame is not None:
        if kind_of(frame.f_code.co_filename) is not LIBRARY:
            return False
        frame = frame.f_back
    return True


def _followed(forks: _Forks, frame: FrameType | None, greenlet: Any) -> _Way | None:
    """Follow a frame of a greenlet and its callers as far as they are known; None where they are not to their end."""
    while True:
        if frame is None:
            greenlet = greenlet.parent
            if greenlet is None:
                end = forks.get(None)
                way = end.beyond.get(-1) if end is not None else None
                return way if isinstance(way, _Way) else None
            frame = greenlet.gr_frame
            continue
        fork = forks.get(id(frame.f_code))
        if fork is None or fork.code is not frame.f_code:
            return None
        beyond: Any = fork.beyond.get(frame.f_lasti if fork.by_instruction else -1)
        if beyond is None or beyond.__class__ is _Way:
            return beyond
        forks, frame = beyond, frame.f_back

"""Where in the application a statement came from: the run of its frames, through greenlets and await chains."""

from __future__ import annotations

import inspect
import sys
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from query_guard.capture.source_files import APPLICATION, KINDS, LIBRARY, kind_of, shown_path
from query_guard.records import NOWHERE, CallSite, Frame

MAX_FRAMES = 24
_MAX_SITES = 10_000

_sites: dict[tuple[Any, ...], CallSite] = {}


class Shortcut:
    """Where a text's last execution left SQLAlchemy: the depth of its outermost library frame, and that frame's code.

    `sys._getframe` jumps there without making a frame object of each frame between, which is most of the price of a
    walk. When another code lies at that depth, the way is walked anew.
    """

    __slots__ = ("code", "depth")

    def __init__(self) -> None:
        self.depth = 0
        self.code: CodeType | None = None

    def take(self, below: int) -> FrameType:
        """Return the frame to walk on from; `below` counts the frames from this function to where the way begins."""
        if self.code is not None:
            try:
                frame = sys._getframe(self.depth + below)
            except ValueError:
                pass
            else:
                if frame.f_code is self.code:
                    return frame
        return self._walk(sys._getframe(below))

    def _walk(self, frame: FrameType) -> FrameType:
        depth = 0
        outer = frame.f_back
        while outer is not None and kind_of(outer.f_code.co_filename) is LIBRARY:
            frame, outer = outer, outer.f_back
            depth += 1
        self.depth, self.code = depth, frame.f_code
        return frame


def call_site(frame: FrameType | None) -> CallSite:
    """Return the site that `frame` was called from.

    Under AsyncSession the frames end at the greenlet; the parent greenlet's frame goes on with the await chain.
    """
    run: list[tuple[str, int, int]] = []
    boundary = ""
    outermost: CodeType | None = None
    kinds = KINDS
    start = frame
    greenlet: Any = None
    while True:
        while frame is not None:
            code = frame.f_code
            kind = kinds.get(code.co_filename) or kind_of(code.co_filename)
            if kind is APPLICATION:
                step = (code.co_filename, code.co_firstlineno, frame.f_lasti)
                if step not in run and len(run) < MAX_FRAMES:
                    run.append(step)
                outermost = code
            elif kind is not LIBRARY:
                boundary = kind
                break
            frame = frame.f_back
        else:
            greenlet = _current_greenlet().parent if greenlet is None else greenlet.parent
            if greenlet is not None:
                frame = greenlet.gr_frame
                continue
        break
    key = (boundary, *run)
    return _sites.get(key) or _new_site(key, start, boundary, outermost)


class _NoGreenlet:
    parent = None


def _current_greenlet() -> Any:
    greenlet = sys.modules.get("greenlet")
    return greenlet.getcurrent() if greenlet is not None else _NoGreenlet


def _new_site(key: tuple[Any, ...], start: FrameType | None, boundary: str, outermost: CodeType | None) -> CallSite:
    """Write down a site seen for the first time; line numbers are read here only, since CPython computes them."""
    if len(key) == 1 and not boundary:
        return NOWHERE
    frames: list[Frame] = []
    steps: set[Any] = set()
    inside_holder = False
    for frame in _chain(start):
        code = frame.f_code
        step = (code.co_filename, code.co_firstlineno, frame.f_lasti)
        if step not in key or step in steps:
            continue
        steps.add(step)
        written = Frame(shown_path(step[0]), frame.f_lineno, _holder_name(code), step[1])
        if inside_holder and frames[-1][::2] == written[::2]:
            frames[-1] = frames[-1]._replace(first_line=written.first_line)
        else:
            frames.append(written)
        inside_holder = code.co_name.startswith("<") and code.co_name != "<module>"
    resumed = bool(outermost and outermost.co_flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR))
    site = CallSite(hash(key), tuple(frames), boundary, resumed)
    if len(_sites) >= _MAX_SITES:
        _sites.clear()
    _sites[key] = site
    return site


def _chain(frame: FrameType | None) -> Any:
    greenlet = _current_greenlet()
    while frame is not None:
        yield frame
        frame = frame.f_back
        while frame is None and greenlet.parent is not None:
            greenlet = greenlet.parent
            frame = greenlet.gr_frame


def _holder_name(code: CodeType) -> str:
    """Name comprehensions and lambdas after the function that holds them."""
    parts = [part for part in code.co_qualname.split(".") if not part.startswith("<")]
    return parts[-1] if parts else code.co_name


def code_start(function: Any) -> Frame | None:
    """Return where a function's code begins, as its frames will show it."""
    return _frame_of_code(getattr(inspect.unwrap(function), "__code__", None))


@lru_cache(maxsize=2_000)
def _frame_of_code(code: CodeType | None) -> Frame | None:
    if code is None:
        return None
    return Frame(shown_path(code.co_filename), code.co_firstlineno, _holder_name(code), code.co_firstlineno)

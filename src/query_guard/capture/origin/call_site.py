"""The call site of a statement: the application frames that led to it, through greenlets and await chains."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Sequence
from types import CodeType, FrameType
from typing import Any, TypeAlias

from query_guard.capture.origin.frames import above, frames_from, holder_name, instruction_of, passes_on
from query_guard.capture.origin.source_files import APPLICATION, KINDS, LIBRARY, kind_of, name_of_call, shown_path
from query_guard.capture.origin.templates import in_template
from query_guard.own_errors import report_own_error
from query_guard.records import NOWHERE, CallSite, Frame

MAX_FRAMES = 24
_MAX_SITES, _MAX_KEPT_FRAMES = 2_000, 5_000
"""The most sites and frames that are kept. Sites share their frames, so that each takes little memory."""

Trail: TypeAlias = tuple[tuple[CodeType | None, int], ...]
"""The code of each frame, with its current instruction for frames of the application; None at the end of the stack."""
_Step: TypeAlias = tuple[str, int, int]
"""File and first line of a frame's code, and its current instruction."""

UNREAD = "unread"
"""The boundary of a site that could not be read."""


_unread = itertools.count(1)
_sites: dict[tuple[Any, ...], CallSite] = {}
_frames: dict[_Step, tuple[_Step, Frame]] = {}
"""Frames as they are shown, each with its key, so that sites share them."""


def call_site(frame: FrameType | None) -> CallSite:
    """Return the site that `frame` was called from; never raises.

    Under AsyncSession the frames end at the greenlet; the parent greenlet's frame goes on with the await chain.
    """
    try:
        return walked(frame)
    except Exception:
        report_own_error("a call site could not be read")
        return unread_site()


def unread_site() -> CallSite:
    """Return a new site for frames that could not be read. It equals no other: it may not be a loop."""
    return CallSite(-next(_unread), (), UNREAD, False)


def walked(
    start: FrameType | None,
    greenlet: Any = None,
    trail: list[tuple[CodeType | None, int]] | None = None,
    call: str = "",
) -> CallSite:
    """Walk from a frame, of the current greenlet or another, to the boundary, and return the site.

    Each frame on the path is added to `trail`. `call` is the method of SQLAlchemy that `start` has called, if known.
    """
    run: dict[_Step, None] = {}
    boundary, current = "", greenlet
    frame, outermost = start, None
    while frame is not None:  # as in `frames_from`, without its generator: new paths are walked frame by frame
        code = frame.f_code
        kind = KINDS.get(code.co_filename) or kind_of(code.co_filename)
        if kind is APPLICATION:
            if len(run) < MAX_FRAMES:
                run[code.co_filename, code.co_firstlineno, instruction_of(frame)] = None
            outermost = code
            if trail is not None:
                trail.append((code, frame.f_lasti))
        else:
            if trail is not None:
                trail.append((code, -1))
            if kind is not LIBRARY:
                boundary = kind
                break
            if not run:
                call = name_of_call(code) or call
        frame = frame.f_back
        if frame is None:
            frame, current = above(current)
    else:
        if trail is not None:
            trail.append((None, -1))
    key = (boundary, *run)
    return _sites.get((call, *key)) or _new_site(key, frames_from(start, greenlet), boundary, outermost, call)


def site_of_frames(frames: Sequence[FrameType]) -> CallSite:
    """Return the site of the frames of a suspended task, innermost first, which are not linked by `f_back`."""
    run: list[tuple[str, int, int]] = []
    outermost: CodeType | None = None
    boundary = ""
    for frame in frames:
        code = frame.f_code
        kind = kind_of(code.co_filename)
        if kind is APPLICATION:
            run.append((code.co_filename, code.co_firstlineno, instruction_of(frame)))
            outermost = code
        elif kind is not LIBRARY:  # what lies beyond, such as a test that is the client, is not of this request
            boundary = kind
            break
    key = (boundary, *dict.fromkeys(run[:MAX_FRAMES]))
    return _sites.get(("", *key)) or _new_site(key, frames, boundary, outermost)


def _new_site(
    key: tuple[Any, ...], chain: Iterable[FrameType], boundary: str, outermost: CodeType | None, call: str = ""
) -> CallSite:
    """Make a site that is not kept yet. Line numbers are read only here, since CPython must compute them."""
    if len(key) == 1 and not boundary:
        return NOWHERE
    frames: list[Frame] = []
    steps: dict[_Step, None] = {}
    inside_holder = False
    for frame in chain:
        code = frame.f_code
        step = (code.co_filename, code.co_firstlineno, instruction_of(frame))
        if step in steps or step not in key:
            continue
        step, shown = _frames.get(step) or _new_frame(step, frame)
        steps[step] = None
        if inside_holder and (frames[-1].file, frames[-1].function) == (shown.file, shown.function):
            frames[-1] = frames[-1]._replace(first_line=shown.first_line)
        else:
            frames.append(shown)
        inside_holder = code.co_name.startswith("<") and code.co_name != "<module>"
        if len(steps) == len(key) - 1:
            break
    resumed = bool(outermost and outermost.co_flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR))
    site = CallSite(hash(key), tuple(frames), boundary, resumed, call)
    if len(_sites) >= _MAX_SITES:
        _sites.clear()
    _sites[(call, boundary, *steps) if len(steps) == len(key) - 1 else (call, *key)] = site
    return site


def _new_frame(step: _Step, frame: FrameType) -> tuple[_Step, Frame]:
    code = frame.f_code
    shown = Frame(shown_path(step[0]), frame.f_lineno, holder_name(code), step[1], passes_on(code))
    entry = step, in_template(frame, shown)
    if instruction_of(frame) == step[2]:  # the frame of another thread may have moved on
        if len(_frames) >= _MAX_KEPT_FRAMES:
            _frames.clear()
        _frames[step] = entry
    return entry

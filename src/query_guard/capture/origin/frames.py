"""Frames and their code: outwards through greenlets, the instruction of each, and the name of its function."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from functools import lru_cache
from opcode import opmap
from types import CodeType, FrameType
from typing import Any

from query_guard.capture.origin.source_files import shown_path
from query_guard.records import Frame

_PRECALL = opmap.get("PRECALL")
"""None from CPython 3.12 on."""
_PRECALL_SIZE = 4
"""Bytes of the instruction with its inline cache."""
_ANY_ARGUMENTS = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def frames_from(frame: FrameType | None, greenlet: Any = None) -> Iterator[FrameType]:
    """Yield a frame and those that called it, outwards, through greenlets."""
    while frame is not None:
        yield frame
        frame = frame.f_back
        if frame is None:
            frame, greenlet = above(greenlet)


def above(greenlet: Any) -> tuple[FrameType | None, Any]:
    """Return the frame that switched to a greenlet (None: the current one), and the greenlet of that frame."""
    frame, greenlet = None, greenlet if greenlet is not None else current_greenlet()
    while frame is None and greenlet.parent is not None:
        greenlet = greenlet.parent
        frame = greenlet.gr_frame
    return frame, greenlet


class _NoGreenlet:
    parent = None


def current_greenlet() -> Any:
    greenlet = sys.modules.get("greenlet")
    return greenlet.getcurrent() if greenlet is not None else _NoGreenlet


def instruction_of(frame: FrameType) -> int:
    """Return the offset of the call that a frame waits in, the same in each pass of a loop.

    CPython 3.11 compiles a call to PRECALL and CALL. Once a call of a builtin (`getattr`, `list`) is specialised,
    PRECALL makes it, and the frame stops one instruction earlier than in the first passes.
    """
    offset = frame.f_lasti
    if _PRECALL is not None and offset >= 0 and frame.f_code.co_code[offset] == _PRECALL:
        return offset + _PRECALL_SIZE
    return offset


def holder_name(code: CodeType) -> str:
    """Name comprehensions and lambdas after the function that holds them."""
    names = [name for name in code.co_qualname.split(".") if not name.startswith("<")]
    return names[-1] if names else code.co_name


def passes_on(code: CodeType) -> bool:
    """Whether a function is what a decorator returns: a closure, or `__call__`, that takes any arguments."""
    takes_any = code.co_flags & _ANY_ARGUMENTS == _ANY_ARGUMENTS
    return takes_any and (bool(code.co_freevars) or code.co_name == "__call__")


def code_start(function: Any) -> Frame | None:
    """Return where the code of a function begins, in the form of its frames."""
    return _frame_of_code(getattr(inspect.unwrap(function), "__code__", None))


@lru_cache(maxsize=2_000)
def _frame_of_code(code: CodeType | None) -> Frame | None:
    if code is None:
        return None
    return Frame(shown_path(code.co_filename), code.co_firstlineno, holder_name(code), code.co_firstlineno)

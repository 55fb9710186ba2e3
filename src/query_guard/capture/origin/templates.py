"""The place in a template that a frame of its compiled code runs.

Jinja compiles a template to Python, and keeps beside it which line of the template made which line: "1=8&3=12" is
`debug_info`, with the line of the template first. The code has the file name of the template, unless it was compiled to
a module before.
"""

from __future__ import annotations

import re
from types import FrameType

from query_guard.records import Frame

_COMPILED_BY_JINJA = "__jinja_template__"
_TOP_LEVEL = "root"
"""The name of the function that Jinja makes of all that is in no block."""
_PAIR = re.compile(r"([0-9]{1,9})=([0-9]{1,9})")
_DEBUG_INFO = re.compile(rf"(?:{_PAIR.pattern}(?:&|$))*")
_LONGEST_NAME = 1_000


def in_template(frame: FrameType, shown: Frame) -> Frame:
    """Return a frame as it is shown, with its place in the template where Jinja has compiled its code.

    Other code may have globals of these names: what Jinja cannot have written there leaves the frame as it is.
    """
    module = frame.f_globals
    name, pairs = module.get("name"), module.get("debug_info")
    if _COMPILED_BY_JINJA not in module or type(pairs) is not str or not _DEBUG_INFO.fullmatch(pairs):
        return shown
    if shown.file.endswith(".py"):
        if type(name) is not str or len(name) > _LONGEST_NAME:
            return shown
        shown = shown._replace(file=name)
    lines = [int(line) for line, compiled in _PAIR.findall(pairs) if int(compiled) <= shown.line]
    return shown._replace(
        line=lines[-1] if lines else 1,
        function="template" if shown.function == _TOP_LEVEL else shown.function,
        first_line=1,
    )

"""The place in a template that a frame of its compiled code runs.

Jinja compiles a template to Python, and keeps beside it which line of the template made which line: "1=8&3=12" is
`debug_info`, with the line of the template first. The code has the file name of the template, unless it was compiled to
a module before.
"""

from __future__ import annotations

from types import FrameType

from query_guard.records import Frame

_COMPILED_BY_JINJA = "__jinja_template__"
_TOP_LEVEL = "root"
"""The name of the function that Jinja makes of all that is in no block."""


def in_template(frame: FrameType, shown: Frame) -> Frame:
    """Return a frame as it is shown, with its place in the template where Jinja has compiled its code."""
    module = frame.f_globals
    if _COMPILED_BY_JINJA not in module:
        return shown
    pairs = [pair.partition("=") for pair in str(module.get("debug_info", "")).split("&")]
    lines = [int(line) for line, _, compiled in pairs if compiled and int(compiled) <= shown.line]
    return shown._replace(
        file=str(module.get("name")) if shown.file.endswith(".py") else shown.file,
        line=lines[-1] if lines else 1,
        function="template" if shown.function == _TOP_LEVEL else shown.function,
        first_line=1,
    )

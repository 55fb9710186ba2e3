"""What the standard library's log shows: one line in which place, cause and fix come first, or the readable report."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

_MOST = 300
"""Characters of a line."""
_MOST_OF_FIX = 150
_MOST_OF_PLACE = 80
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_COLOURS = ((r"(?m)^  warning \S+", 33), (r"(?m)^  error \S+", 31), (r"(?m)^    fix:", 32), (r"\A[^\n]*", 1))
"""What of a readable report is coloured, and the ANSI code of the colour."""


class LogLine(dict[str, Any]):
    """A message that formatters write as one line of text. Those for JSON that take a mapping write its fields instead,
    and none of them twice.

    What they write beside the message, the attribute `query_guard` of the record, stands under the same name here.
    """

    __slots__ = ("_text",)

    def __init__(self, name: str, fields: Mapping[str, Any], text: str) -> None:
        super().__init__(message=name, query_guard=fields)
        self._text = text

    def __str__(self) -> str:
        return self._text


def line_of(name: str, values: Mapping[str, Any]) -> str:
    """Write an event as one line of at most 300 characters; all its fields are attributes of the record."""
    if "fix" in values:
        return _finding(name, values)
    if "since" in values:
        return cut(f"{name} {values['sentence']}", _MOST)
    if "sentence" in values:
        return cut(f"{name} {values['sentence']} (status {values['status']}, {values['duration_ms']} ms)", _MOST)
    return cut(f"{name} " + " ".join(f"{key}={value!r}" for key, value in values.items()), _MOST)


def _finding(name: str, values: Mapping[str, Any]) -> str:
    place = f"{values['file']}:{values['line']}" if values["file"] else values["route"] or "outside requests"
    place = place if len(place) <= _MOST_OF_PLACE else _ELLIPSIS + place[1 - _MOST_OF_PLACE :]
    times = f" ({values['times']} times so far)" if values["times"] > 1 else ""
    fix = f"; fix: {cut(values['fix'], _MOST_OF_FIX)}"
    begin = f"{name} {place}: {values['kind']}{times}: "
    return cut(begin + cut(values["summary"], max(_MOST - len(begin) - len(fix), 20)) + fix, _MOST)


def cut(text: str, width: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= width else text[: width - 1] + _ELLIPSIS


def coloured(text: str) -> str:
    """Return a readable report with ANSI colours; its texts have no control characters."""
    for pattern, colour in _COLOURS:
        text = re.sub(pattern, f"\x1b[{colour}m\\g<0>\x1b[0m", text)
    return text


def goes_to_terminal(logger: logging.Logger) -> bool:
    """Whether all that a logger writes is seen in a terminal that shows colours."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    handlers = list(_handlers(logger))
    streams = [getattr(handler, "stream", None) for handler in handlers] if handlers else [sys.stderr]
    return all(stream is not None and stream.isatty() for stream in streams)


def _handlers(logger: logging.Logger | None) -> Iterator[logging.Handler]:
    while logger is not None:
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None

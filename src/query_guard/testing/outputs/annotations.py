"""Findings as GitHub's annotations, which it shows beside the lines of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from query_guard.reporters.text import printable
from query_guard.testing.outputs.gathered import Gathered
from query_guard.testing.shortened import shortened

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def annotation_lines(causes: Iterable[Gathered], directory: str = "") -> list[str]:
    """Return a line for each finding that is not in the baseline.

    `directory` is the path from the repository's root to the directory in which the tests ran.
    """
    return [_annotation(cause, directory) for cause in causes if not cause.finding["known"]]


def _annotation(cause: Gathered, directory: str) -> str:
    finding = cause.finding
    place = (
        {} if finding["file"] is None else {"file": os.path.join(directory, finding["file"]), "line": finding["line"]}
    )
    properties = {**place, "title": f"{finding['kind']} {cause.where}"}
    written = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items())
    level = "error" if finding["severity"] == "error" else "warning"
    message = f"{shortened(finding['summary'])}\nfix: {finding['fix']}"
    return f"::{level} {written}::{_escaped(message, _DATA)}"


def _escaped(value: object, escapes: dict[str, str]) -> str:
    return printable("".join(escapes.get(character, character) for character in str(value)))

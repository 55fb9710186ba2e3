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


def annotation_lines(findings: Iterable[Gathered], directory: str = "") -> list[str]:
    """Return a line for each finding that no baseline knows of; `directory` leads from the repository to its files."""
    return [_annotation(one, directory) for one in findings if not one.finding["known"]]


def _annotation(one: Gathered, directory: str) -> str:
    finding = one.finding
    place = (
        {} if finding["file"] is None else {"file": os.path.join(directory, finding["file"]), "line": finding["line"]}
    )
    properties = {**place, "title": f"{finding['kind']} {one.where}"}
    written = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items())
    level = "error" if finding["severity"] == "error" else "warning"
    message = f"{shortened(finding['summary'])}\nfix: {finding['fix']}"
    return f"::{level} {written}::{_escaped(message, _DATA)}"


def _escaped(value: object, escapes: dict[str, str]) -> str:
    return printable("".join(escapes.get(character, character) for character in str(value)))

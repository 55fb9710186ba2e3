"""The ratchet: the file of what each test sent when it was written, and its comparison with what the test sends now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from query_guard.document.strict_json import json_text
from query_guard.testing.tallies import Change, RouteTally, Tally

VERSION = 1
STATEMENTS = "statements"
"""The name of the figure that counts a route's statements; the other figures are named by findings."""

Baseline: TypeAlias = dict[str, Tally]
"""By the node id of a test."""


def read_baseline(path: Path) -> Baseline | None:
    """Return what the file holds, or None where there is no file; raises ValueError for a file that is no baseline."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} could not be read: {error}") from error
    try:
        return _checked(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} must be a baseline that query_guard wrote, version {VERSION}, but it is none ({error}); restore "
            f"it, or remove it and run again to write a new one"
        ) from None


def _checked(data: Any) -> Baseline:
    if data["version"] != VERSION:
        raise ValueError(f"its version is {data['version']!r}")
    return {
        str(test): {str(route): _route(tally) for route, tally in routes.items()}
        for test, routes in data["tests"].items()
    }


def _route(data: Any) -> RouteTally:
    return {
        "statements": int(data["statements"]),
        "shapes": _numbers(data["shapes"]),
        "findings": _numbers(data["findings"]),
    }


def _numbers(data: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(number) for name, number in data.items()}


def baseline_text(baseline: Baseline) -> str:
    """Return the file: sorted, one number a line, with nothing that changes when only lines move."""
    return json_text({"version": VERSION, "tests": baseline}, indent=2, sort_keys=True) + "\n"


def compared(before: Tally | None, after: Tally) -> list[Change]:
    """Return what grew and what shrank.

    A route that sent other statements, but not more of them, has not grown. A new test, or a route that a test did not
    call before, has no number of statements in the baseline, and so exceeds none; its findings are new.
    """
    before = {} if before is None else before
    routes = sorted({*before, *after})
    return [change for route in routes for change in _route_changes(route, before.get(route), after.get(route))]


def _route_changes(route: str, before: RouteTally | None, after: RouteTally | None) -> Iterator[Change]:
    old_figures, new_figures = _figures(before), _figures(after)
    for figure in dict.fromkeys((STATEMENTS, *sorted({*old_figures, *new_figures}))):
        is_new = figure == STATEMENTS and before is None
        if not is_new and old_figures.get(figure, 0) != new_figures.get(figure, 0):
            yield {
                "route": route,
                "what": figure,
                "before": old_figures.get(figure, 0),
                "after": new_figures.get(figure, 0),
            }


def _figures(tally: RouteTally | None) -> dict[str, int]:
    return {} if tally is None else {STATEMENTS: tally["statements"], **tally["findings"]}


def grown(changes: list[Change]) -> list[Change]:
    return [change for change in changes if change["after"] > change["before"]]


def shrunk(changes: list[Change]) -> list[Change]:
    return [change for change in changes if change["after"] < change["before"]]

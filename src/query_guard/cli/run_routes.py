"""The routes of a run of pytest: how many statements its tests sent there, and what was found."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from query_guard.testing.tallies import Run

Identity = tuple[str, str | None, str | None]
"""What a finding keeps when the code around it is edited: kind, relationship and function."""


@dataclass
class RouteOfRun:
    """What the tests of a run did on one route."""

    tests: set[str] = field(default_factory=set)
    statements: int = 0
    findings: dict[Identity, str] = field(default_factory=dict)
    """How each finding is named: `n_plus_one User.posts at crud.py:31`."""


def routes_of(run: Run, tests: Collection[str] | None = None) -> dict[str, RouteOfRun]:
    """Return the routes of a run by their names; statements only of some tests, where those are given."""
    routes: dict[str, RouteOfRun] = {}
    for entry in run["tests"]:
        for name, tally in entry["routes"].items():
            route = routes.setdefault(name, RouteOfRun())
            route.tests.add(entry["test"])
            if tests is None or entry["test"] in tests:
                route.statements += tally["statements"]
        for finding in entry["findings"]:
            route = routes.setdefault(finding["route"], RouteOfRun())
            route.findings[identity_of(finding)] = _name(finding)
    return dict(sorted(routes.items()))


def identity_of(finding: dict[str, Any]) -> Identity:
    return finding["kind"], finding.get("relationship"), finding.get("function")


def _name(finding: dict[str, Any]) -> str:
    what = " ".join(filter(None, (finding["kind"], finding.get("relationship"))))
    return f"{what} at {finding['place']}"

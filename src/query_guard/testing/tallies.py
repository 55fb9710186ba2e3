"""What tests sent and what was found, as data that JSON can carry: it crosses processes and stands in files."""

from __future__ import annotations

from typing import Any, TypeAlias, TypedDict

OUTSIDE = "outside requests"
"""Stands for the route of what no request of a profiled application sent."""


class RouteTally(TypedDict):
    """What one test sent on one route: `shapes` are texts without values, `findings` are by their `key`."""

    statements: int
    shapes: dict[str, int]
    findings: dict[str, int]


Tally: TypeAlias = dict[str, RouteTally]
"""By route, or `OUTSIDE`."""

FindingEntry: TypeAlias = dict[str, Any]
"""A finding's document, and its `route`, `place`, `key`, `times`, how many statements
mending it `saves`, and whether the baseline has `known` of it."""


class Change(TypedDict):
    """A number that is not as the baseline has it: of statements, or of a finding's."""

    route: str
    what: str
    before: int
    after: int


class Entry(TypedDict):
    """What one test left behind. `changes` is None where there is no baseline to hold it against."""

    test: str
    outcome: str
    recorded: bool
    routes: Tally
    findings: list[FindingEntry]
    changes: list[Change] | None
    stale: list[str]
    """Allowances of its marker that matched nothing."""
    used: list[str]
    """Allowances of the whole suite that matched something."""
    own_errors: dict[str, int]
    """What of the guard itself failed meanwhile, and how often."""
    saw_nothing: bool
    """Whether it was recorded, and neither a statement nor a checkout was seen."""


class Run(TypedDict):
    """All that the tests of one run left behind."""

    version: str
    baseline: str | None
    tests: list[Entry]

"""What tests sent and what was found, as JSON-compatible data: it is sent between processes and stored in files."""

from __future__ import annotations

from typing import Any, TypeAlias, TypedDict

OUTSIDE = "outside requests"
"""Takes the place of a route for statements that no request of a profiled application sent."""


class RouteTally(TypedDict):
    """What one test sent on one route: `shapes` counts texts without values, `findings` counts findings by `key`."""

    statements: int
    shapes: dict[str, int]
    findings: dict[str, int]


Tally: TypeAlias = dict[str, RouteTally]
"""By route, or `OUTSIDE`."""

FindingEntry: TypeAlias = dict[str, Any]
"""A finding's document, and its `route`, `place`, `key`, `times`, how many statements its fix `saves`, and whether it
is `known` from the baseline (None without a baseline)."""


class Change(TypedDict):
    """A number that differs from the baseline: `what` is "statements", or the key of a finding."""

    route: str
    what: str
    before: int
    after: int


class Entry(TypedDict):
    """What was recorded of one test. `changes` is None where there is no baseline to compare it with."""

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
    """Which parts of the guard itself failed meanwhile, and how often."""
    saw_nothing: bool
    """Whether it was recorded without a single statement or checkout."""


class Run(TypedDict):
    """The entries of all tests of one run."""

    version: str
    baseline: str | None
    tests: list[Entry]

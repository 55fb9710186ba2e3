"""Findings of many tests by their causes: what a person reads of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from query_guard.testing.tallies import OUTSIDE, Entry, FindingEntry

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class Gathered:
    """One cause, and what it did over the whole run. `finding` is the first that was made of it."""

    finding: FindingEntry
    times: int = 0
    saves: int = 0
    """Statements that mending it would have saved, in all tests together."""
    tests: list[str] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    callers: list[dict[str, Any]] = field(default_factory=list)
    """The lines that led to it, each once, in order of appearance: `file`, `line`, `function`."""

    @property
    def where(self) -> str:
        """On which route it was found, with how many others there were; or that no request was involved."""
        first, more = self.routes[0], len(self.routes) - 1
        place = first if first == OUTSIDE else f"on {first}"
        return place + (f" and {more} other route{'s' if more > 1 else ''}" if more else "")

    def add(self, finding: FindingEntry, test: str) -> None:
        self.times += finding["times"]
        self.saves += finding.get("saves", 0) * finding["times"]
        _add_new(self.tests, [test])
        _add_new(self.routes, [finding["route"]])
        _add_new(self.callers, finding["callers"])


def _add_new(known: list[_T], seen: Iterable[_T]) -> None:
    known += [one for one in seen if one not in known]


def gathered(entries: Iterable[Entry]) -> list[Gathered]:
    """Return each cause once: first those whose mending saves most statements, then the most frequent."""
    by_cause: dict[tuple[object, ...], Gathered] = {}
    for entry in entries:
        for finding in entry["findings"]:
            cause = (finding["kind"], finding["place"], finding["relationship"], finding["known"])
            by_cause.setdefault(cause, Gathered(finding)).add(finding, entry["test"])
    return sorted(
        by_cause.values(),
        key=lambda one: (-one.saves, -one.times, one.finding["kind"], one.finding["place"], one.routes),
    )

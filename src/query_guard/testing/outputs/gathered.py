"""The findings of many tests, gathered by cause: the summary of a run shows each cause once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from query_guard.testing.tallies import OUTSIDE, Entry, FindingEntry

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class Gathered:
    """One cause, and its effects in the whole run. `finding` is its first finding."""

    finding: FindingEntry
    times: int = 0
    saves: int = 0
    """Statements that its fix would have saved, in all tests together."""
    tests: list[str] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    callers: list[dict[str, Any]] = field(default_factory=list)
    """The lines that called it, each once, in order of appearance: `file`, `line`, `function`."""

    @property
    def where(self) -> str:
        """Return the first route it was found on and the number of the others, or that no request was involved."""
        first, others = self.routes[0], len(self.routes) - 1
        place = first if first == OUTSIDE else f"on {first}"
        return place + (f" and {others} other route{'s' if others > 1 else ''}" if others else "")

    def add(self, finding: FindingEntry, test: str) -> None:
        self.times += finding["times"]
        self.saves += finding.get("saves", 0) * finding["times"]
        _add_new(self.tests, [test])
        _add_new(self.routes, [finding["route"]])
        _add_new(self.callers, finding["callers"])


def _add_new(listed: list[_T], candidates: Iterable[_T]) -> None:
    listed += [candidate for candidate in candidates if candidate not in listed]


def gathered(entries: Iterable[Entry]) -> list[Gathered]:
    """Return each cause once: first those whose fixes save most statements, then the most frequent."""
    by_cause: dict[tuple[object, ...], Gathered] = {}
    for entry in entries:
        for finding in entry["findings"]:
            key = (finding["kind"], finding["place"], finding["relationship"], finding["known"])
            by_cause.setdefault(key, Gathered(finding)).add(finding, entry["test"])
    return sorted(
        by_cause.values(),
        key=lambda cause: (-cause.saves, -cause.times, cause.finding["kind"], cause.finding["place"], cause.routes),
    )

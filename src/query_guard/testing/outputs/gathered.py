"""The findings of many tests, gathered by cause: the summary of a run shows each cause once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from query_guard.records import Tried
from query_guard.testing.tallies import OUTSIDE, Entry, FindingEntry

_T = TypeVar("_T")
_OUTCOMES = ("fails", "works", "unknown")


@dataclass(slots=True, eq=False)
class Gathered:
    """One cause, and its effects in the whole run. `finding` is its first, or the first whose fix was tried."""

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
        if _known_of(finding) < _known_of(self.finding):
            self.finding = finding
        self.times += finding["times"]
        self.saves += finding.get("saves", 0) * finding["times"]
        _add_new(self.tests, [test])
        _add_new(self.routes, [finding["route"]])
        _add_new(self.callers, finding["callers"])


def tried_text(finding: FindingEntry) -> str:
    """Return `tried: 12 -> 3 statements`, or what else became of a fix; empty where it was not tried."""
    tried = finding.get("tried")
    return str(Tried(tried["before"], tried["after"], tried["outcome"], tried.get("why", ""))) if tried else ""


def _known_of(finding: FindingEntry) -> int:
    """Return a smaller number for what says more of the fix: where it has failed once, it is none."""
    tried = finding.get("tried")
    return _OUTCOMES.index(tried["outcome"]) if tried else len(_OUTCOMES)


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

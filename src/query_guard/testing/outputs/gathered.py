"""Findings of many tests, each once: what a person reads of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from query_guard.testing.tallies import Entry, FindingEntry


@dataclass(slots=True, eq=False)
class Gathered:
    """A finding, how often it was made, and by which tests. `finding` is the first of them."""

    finding: FindingEntry
    times: int = 0
    tests: list[str] = field(default_factory=list)


def gathered(entries: Iterable[Entry]) -> list[Gathered]:
    """Return each finding of each route once, the most frequent first."""
    by_key: dict[tuple[object, ...], Gathered] = {}
    for entry in entries:
        for finding in entry["findings"]:
            key = (finding["route"], finding["kind"], finding["place"], finding["relationship"], finding["known"])
            one = by_key.setdefault(key, Gathered(finding))
            one.times += finding["times"]
            if entry["test"] not in one.tests[-1:]:
                one.tests.append(entry["test"])
    return sorted(
        by_key.values(), key=lambda one: (-one.times, one.finding["kind"], one.finding["place"], one.finding["route"])
    )

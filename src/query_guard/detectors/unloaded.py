"""Attributes that were read before they were loaded, when they could not be loaded any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from query_guard.detectors.remedies import Remedy, loaded_before
from query_guard.records import Facts, FailedLoad, FailureOfLoad, Finding, grouped


class Unloaded(NamedTuple):
    """An attribute, or all of an object, that could not be loaded at one line; `name` is None if nothing is known."""

    name: str | None
    loads: list[FailedLoad]
    remedy: Remedy

    def finding(self, kind: str, summary: str, fix: str | None = None) -> Finding:
        """Return the finding; `fix` replaces the remedy's advice."""
        first = self.loads[0]
        return Finding(
            kind=kind,
            severity="warning",
            summary=summary,
            fix=fix or self.remedy.advice,
            remedy=self.remedy.code,
            edit=self.remedy.edit,
            option=self.remedy.option,
            site=first.site,
            count=len(self.loads),
            relationship=first.loader.relationship if first.loader else None,
            phase=first.phase,
            request=first.request,
        )


def unloaded(facts: Facts, *failures: FailureOfLoad) -> Iterator[Unloaded]:
    """Yield the attributes that could not be loaded for these reasons, once for each attribute and line."""
    failed = [load for load in facts.failed_loads if load.failure in failures]
    for loads in grouped(failed, lambda load: (load.loader, load.site.key, load.failure)).values():
        loader = loads[0].loader
        if loader is None:
            yield Unloaded(None, loads, Remedy("", ""))
        else:
            name = f"{loader.owner}.{loader.attribute}" if loader.attribute else loader.owner
            yield Unloaded(name, loads, loaded_before(loads[0], loader, facts))

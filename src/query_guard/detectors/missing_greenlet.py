"""A lazy load where nothing can be awaited: the MissingGreenlet that every async application meets once."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.detectors.remedies import loaded_before
from query_guard.records import Facts, FailedLoad, Finding, Triggers, grouped

KIND = "missing_greenlet"


class MissingGreenlet:
    """Find attributes of an AsyncSession's objects that were read without await before they were loaded."""

    @property
    def triggers(self) -> Triggers:
        return {"failed_loads": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        groups = grouped(facts.failed_loads, lambda load: (load.loader, load.site.key))
        for loads in groups.values():
            yield _finding(loads, facts)


def _finding(loads: list[FailedLoad], facts: Facts) -> Finding:
    first = loads[0]
    loader = first.loader
    if loader is None:
        summary, fix, remedy, edit = (
            "The database was used outside SQLAlchemy's greenlet",
            "Await it through AsyncSession",
            "",
            None,
        )
    else:
        name = f"{loader.owner}.{loader.attribute}" if loader.attribute else loader.owner
        advice = loaded_before(first, loader, facts)
        summary = f"{name} was not loaded when it was read, and an AsyncSession cannot load it without await"
        fix, remedy, edit = advice.advice, advice.code, advice.edit
    return Finding(
        kind=KIND,
        severity="warning",
        summary=summary,
        fix=fix,
        remedy=remedy,
        edit=edit,
        site=first.site,
        count=len(loads),
        relationship=loader.relationship if loader else None,
        phase=first.phase,
        request=first.request,
    )

"""A lazy load where nothing can be awaited, which raises MissingGreenlet."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.detectors.unloaded import Unloaded, unloaded
from query_guard.records import Facts, Finding, Silence, Triggers

KIND = "missing_greenlet"


class MissingGreenlet:
    """Find attributes of an AsyncSession's objects that were read without await before they were loaded."""

    @property
    def triggers(self) -> Triggers:
        return {"failed_loads": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding | Silence]:
        for attribute in unloaded(facts, "greenlet"):
            yield _found(attribute)


def _found(attribute: Unloaded) -> Finding | Silence:
    if attribute.name is None:
        return attribute.found(
            KIND, "The database was used outside SQLAlchemy's greenlet", "Await it through AsyncSession"
        )
    return attribute.found(
        KIND, f"{attribute.name} was not loaded when it was read, and an AsyncSession cannot load it without await"
    )

"""An attribute that was read without a session to load it, or that `lazy="raise"` forbids to load."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.detectors.unloaded import Unloaded, unloaded
from query_guard.records import Facts, Finding, Silence, Triggers

KIND = "unloaded_attribute"
_WHY = {
    "detached": "its session was closed, and nothing can load it",
    "forbidden": "lazy='raise' or raiseload() forbids to load it then",
}


class UnloadedAttribute:
    """Find attributes that were read before they were loaded, and raised DetachedInstanceError, or the error of
    `lazy="raise"`.
    """

    @property
    def triggers(self) -> Triggers:
        return {"failed_loads": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding | Silence]:
        for attribute in unloaded(facts, "detached", "forbidden"):
            yield _found(attribute)


def _found(attribute: Unloaded) -> Finding | Silence:
    reason = _WHY[attribute.loads[0].failure]
    return attribute.found(KIND, f"{attribute.name} was not loaded when it was read, and {reason}")

"""What an edit of the code has changed about a route."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from query_guard.records.findings import Finding


class LastingName(NamedTuple):
    """What a finding keeps when the code around it is edited: not its line."""

    kind: str
    relationship: str | None
    function: str | None

    def __str__(self) -> str:
        """`User.posts`, or `slow_statement in load_users`."""
        return self.relationship or (f"{self.kind} in {self.function}" if self.function else self.kind)


class Change(NamedTuple):
    """The report of a route beside the last one that the former code made of it."""

    since: float
    """When the former code made its report; seconds since the epoch."""
    before: int
    """Statements then."""
    after: int
    gone: tuple[LastingName, ...] = ()
    """Warnings and errors that are no longer found."""
    new: tuple[LastingName, ...] = ()

    @property
    def is_any(self) -> bool:
        return self.before != self.after or bool(self.gone or self.new)


def lasting_name(finding: Finding) -> LastingName:
    frame = finding.site.innermost
    return LastingName(finding.kind, finding.relationship, frame.function if frame is not None else None)


def without(names: Iterable[LastingName], others: Iterable[LastingName]) -> tuple[LastingName, ...]:
    """Return the names that are not among the others; of equal ones, those beyond their number there."""
    left = Counter(others)
    lacked: list[LastingName] = []
    for name in names:
        if left[name] <= 0:
            lacked.append(name)
        left[name] -= 1
    return tuple(lacked)

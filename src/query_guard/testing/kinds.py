"""Kinds of findings: which there are, and which of them fail a test by default."""

from __future__ import annotations

from collections.abc import Collection
from difflib import SequenceMatcher

from query_guard.detectors import kinds_of_ours, timed_kinds
from query_guard.records import Finding
from query_guard.web.nearest import nearest

_ALIKE = 0.6


def fails(finding: Finding, fail_on: Collection[str] | None) -> bool:
    """Whether a finding fails a test: a warning or error that measures no time, or one of the kinds that were named."""
    return finding.is_loud and any(kind_fails(kind, fail_on) for kind in finding.kinds)


def kind_fails(kind: str, fail_on: Collection[str] | None) -> bool:
    return kind not in timed_kinds() if fail_on is None else kind in fail_on


def checked_kinds(name: str, kinds: object) -> frozenset[str]:
    """Return the kinds as a set; raises ValueError for what is no collection of kinds, and for a misspelt kind.

    An application's own detector may have any kind. So an unknown kind is refused only where it resembles a known one.
    """
    if isinstance(kinds, str):
        raise ValueError(f"{name} must be a collection of kinds, such as {{{kinds!r}}}, not a text")
    if not isinstance(kinds, Collection) or not all(isinstance(kind, str) for kind in kinds):
        raise ValueError(f"{name} must be a collection of kinds, such as {{'n_plus_one'}}, not {kinds!r}")
    for kind in kinds:
        known_kinds = kinds_of_ours()
        closest = nearest(kind, known_kinds)
        if kind not in known_kinds and closest is not None and SequenceMatcher(None, kind, closest).ratio() >= _ALIKE:
            raise ValueError(f"{name}: there is no kind {kind!r}; did you mean {closest!r}?")
    return frozenset(kinds)

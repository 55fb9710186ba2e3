"""Saying no to a finding: by relationship, by kind, or by kind and place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from query_guard.records import Finding

_PATTERN = re.compile(
    r"(?P<relationship>[A-Za-z_]\w*\.\w+)|(?P<kind>[a-z_]\w*)(?::(?P<file>[^:]+\.\w+)(?::(?P<function>\w+))?)?"
)


@dataclass(slots=True, eq=False)
class Allowance:
    """What was written, and how many findings it has allowed so far."""

    pattern: str
    relationship: str | None
    kind: str | None
    file: str | None
    function: str | None
    matched: int = 0

    def allows(self, finding: Finding) -> bool:
        if self.relationship is not None:
            return finding.relationship == self.relationship
        return finding.kind == self.kind and (self.file is None or self._is_at(finding))

    def _is_at(self, finding: Finding) -> bool:
        file = f"/{self.file}"
        return any(
            f"/{frame.file}".endswith(file) and self.function in (None, frame.function) for frame in finding.site.frames
        )


def parse_allowances(name: str, patterns: Sequence[str]) -> tuple[Allowance, ...]:
    """Read allowances; raises ValueError for one that is none."""
    if isinstance(patterns, str) or not isinstance(patterns, Iterable):
        raise ValueError(f"{name}: allow must be a sequence of texts, such as ('Post.author',), not {patterns!r}")
    return tuple(_parse(name, pattern) for pattern in patterns)


def _parse(name: str, pattern: str) -> Allowance:
    match = _PATTERN.fullmatch(pattern) if isinstance(pattern, str) else None
    if match is None:
        raise ValueError(
            f"{name}: an allowance must be a relationship ('Post.author'), a kind ('n_plus_one') or a kind with a "
            f"place ('n_plus_one:crud.py:load'), not {pattern!r}"
        )
    return Allowance(pattern, match["relationship"], match["kind"], match["file"], match["function"])


def allowance_for(finding: Finding, allowances: Iterable[Allowance]) -> Allowance | None:
    """Return the allowance that covers a finding, having counted it."""
    for allowance in allowances:
        if allowance.allows(finding):
            allowance.matched += 1
            return allowance
    return None

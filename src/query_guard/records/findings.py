"""Findings, which are faults, and silences, which are repetitions without a fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from query_guard.records.loader_option import PlacedOption
from query_guard.records.statements import NOWHERE, CallSite, Phase
from query_guard.records.tried import Tried

Severity: TypeAlias = Literal["info", "warning", "error"]

LOUD: frozenset[Severity] = frozenset(("warning", "error"))
"""The severities that enter headers, logs and test failures."""

_SEVERITIES = ("error", "warning", "info")


@dataclass(slots=True, unsafe_hash=True)
class Finding:
    """One fault, with the line to change and what to type there. It holds its own texts: no other code knows its kind.

    Do not change it, nor any record. It is not frozen, since a frozen dataclass takes three times as long to make.
    """

    kind: str
    severity: Severity
    summary: str
    fix: str
    site: CallSite = NOWHERE
    callers: tuple[CallSite, ...] = ()
    """Sites of its statements, where they have more than one: other lines, or other callers of its line."""
    count: int = 1
    relationship: str | None = None
    remedy: str = ""
    """The part of `fix` to paste, where there is one."""
    edit: tuple[str, int] | None = None
    """File and line of the call that `remedy` belongs to: `.options(...)` on its first argument; else None."""
    option: PlacedOption | None = None
    """The remedy as data, where a loader option alone is the fix: so it can be tried."""
    tried: Tried | None = None
    """What became of the option where it was tried."""
    saved_statements: int = 0
    """How many statements the fix would have saved here."""
    saving: float = 0.0
    """Seconds that the fix would have saved here."""
    phase: Phase | None = None
    statements: tuple[int, ...] = ()
    """Serials of the statements it is about."""
    request: int = 0
    details: tuple[str, ...] = ()
    """Further lines for people, such as who held the connections; never a value of the application."""
    endpoint: str = ""
    """Name of the endpoint's function, where no line of the application was running. Of what was seen while its answer
    was serialised or streamed, `site` is then where the endpoint begins."""
    too_many: bool = False
    """Whether the fault is the number of statements: then a fix that avoids them removes the finding."""
    avoided: tuple[int, ...] = ()
    """Serials of statements that the fix makes unnecessary. Findings of these that are `too_many` become effects."""
    effects: tuple[Finding, ...] = ()
    """Findings that the same fix also removes."""

    @property
    def is_loud(self) -> bool:
        return self.severity in LOUD

    @property
    def rank(self) -> tuple[int, int, int, str, str, str, tuple[int, ...]]:
        """Its place among others, without any time that was measured: each visit of a route begins with the same one.

        Errors come first, information last, then what most statements are saved by, then what happened most often.
        """
        return (
            _SEVERITIES.index(self.severity),
            -self.saved_statements,
            -self.count,
            self.place,
            self.kind,
            self.relationship or "",
            self.statements[:1],
        )

    @property
    def kinds(self) -> set[str]:
        """Its own kind, and those of its effects."""
        return {self.kind, *[effect.kind for effect in self.effects]}

    @property
    def place(self) -> str:
        """`crud.py:31`, or a phase and its endpoint where there is no line to name."""
        frame = self.site.innermost
        if frame is not None:
            return f"{frame.file}:{frame.line}"
        return f"{self.phase or 'a library'} of {self.endpoint}" if self.endpoint else self.phase or "a library"


def count_kinds(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each kind, in order of appearance."""
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.kind] = counts.get(finding.kind, 0) + 1
    return counts


@dataclass(slots=True, unsafe_hash=True)
class Silence:
    """A repetition that a detector checked and did not report, with the reason."""

    kind: str
    reason: str
    site: CallSite
    count: int
    statements: tuple[int, ...]

"""Each remedy is pasted, and held to its promise: the same objects, as many statements as it said, the finding gone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from query_guard import Finding
from tests.oracle.pasting import pasted
from tests.oracle.running import Run, World

KIND = "n_plus_one"


@dataclass
class Figures:
    """How many fixes were looked at, how many offered code that could be pasted, and what did not hold."""

    findings: int = 0
    offered: int = 0
    promised: int = 0
    broken: list[str] = field(default_factory=list)
    in_words: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        share = 100 * self.offered / max(1, self.findings)
        held = self.offered - len(self.broken)
        return (
            f"{self.findings} loops over relationships, {self.offered} with code ({share:.0f} %), "
            f"{held} of them hold; {self.promised} promised a number"
        )


def judge_walks(world: World, source: str, is_async: bool, figures: Figures) -> None:
    """Paste each remedy of a program in turn, and note what becomes of it."""
    before = world.run(source, is_async=is_async)
    for finding in loops(before):
        if finding.relationship is not None:
            figures.findings += 1
        if not finding.remedy or finding.edit is None:
            if finding.relationship is not None:
                figures.in_words[finding.fix.partition(" at ")[0]] += 1
            continue
        if finding.relationship is not None:
            figures.offered += 1
        figures.promised += finding.saved_statements > 0
        fault = fault_of(world, source, is_async, before, finding)
        if fault:
            figures.broken.append(f"{fault}\n  {finding.summary[:90]}\n  {finding.fix}\n{source}")


def fault_of(world: World, source: str, is_async: bool, before: Run, finding: Finding) -> str:
    """Return what is wrong with a remedy, or ""."""
    assert finding.edit is not None
    try:
        edited = pasted(source, finding.edit[1], finding.remedy)
        after = world.run(edited, is_async=is_async)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    if after.out != before.out:
        return "other objects"
    if key_of(finding) in {key_of(other) for other in loops(after)}:
        return "the finding is still there"
    promised = before.report.query_count - finding.saved_statements
    if finding.saved_statements and after.report.query_count != promised:
        return f"promised {promised} statements, got {after.report.query_count} (before {before.report.query_count})"
    if after.report.query_count >= before.report.query_count:
        return f"no statement saved: {before.report.query_count} -> {after.report.query_count}"
    return ""


def loops(run: Run) -> list[Finding]:
    return [finding for finding in run.report.findings if finding.kind == KIND]


def key_of(finding: Finding) -> tuple[Any, ...]:
    frame = finding.site.innermost
    return (finding.relationship, finding.summary.partition(" ")[0], frame.line if frame is not None else 0)

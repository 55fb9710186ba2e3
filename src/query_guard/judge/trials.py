"""Was a fix that was tried one? The work with the options in place, held against the work before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from query_guard.capture.window.trial import Trial
from query_guard.records import Finding, Outcome, PlacedOption, Tried


class Ran(NamedTuple):
    """How a piece of work ended: its statements, its findings, and its status or the class of its exception."""

    statements: int
    findings: tuple[Finding, ...]
    ended: object = None


def options_of(findings: Iterable[Finding]) -> list[PlacedOption]:
    """Return the options that findings offer as their whole fix, each once."""
    return list(dict.fromkeys(finding.option for finding in findings if finding.option is not None))


def tried(finding: Finding, before: Ran, after: Ran, trial: Trial, others: int = 0) -> Tried:
    """Say whether the option of a finding works; `others` options were in place with it."""
    outcome, why = _outcome(finding, before, after, trial, others)
    return Tried(before.statements, after.statements, outcome, why)


def _outcome(finding: Finding, before: Ran, after: Ran, trial: Trial, others: int) -> tuple[Outcome, str]:
    if trial.failure:
        return "unknown", trial.failure
    if finding.option not in trial.applied:
        return "unknown", "the select that it goes to was not executed"
    if after.ended != before.ended:
        ended = f"it ended with {after.ended}, not with {before.ended}"
        return ("unknown", f"{ended}, and other options were in place, too") if others else ("fails", ended)
    if identity(finding) in map(identity, after.findings):
        return "fails", "the finding is still there"
    if finding.too_many and after.statements >= before.statements:
        return ("unknown" if others else "fails"), "no statement was saved"
    return "works", ""


def identity(finding: Finding) -> tuple[object, ...]:
    """Return what a finding keeps while the code stays as it is."""
    return finding.kind, finding.relationship, finding.place


def with_tried(finding: Finding, outcome: Tried) -> Finding:
    """Return the finding with the outcome; an option that failed is no fix any more."""
    if outcome.outcome != "fails":
        return replace(finding, tried=outcome)
    where = f" at {finding.edit[0]}:{finding.edit[1]}" if finding.edit is not None else ""
    fix = f"{finding.remedy} on the select{where} was tried and is no fix ({outcome.why}): load it in another way"
    return replace(
        finding, tried=outcome, fix=fix, remedy="", edit=None, option=None, saved_statements=0, saving=0.0, mends=()
    )

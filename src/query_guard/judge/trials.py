"""Was a fix that was tried one? The work with the options in place, held against the work before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from query_guard.capture.window.trial import Trial
from query_guard.detectors.acts import has_effect
from query_guard.records import Answer, Finding, Outcome, PlacedOption, Report, Tried

_READING = frozenset(("SELECT", "SET", "SHOW", "PRAGMA"))
_ORDER: tuple[Outcome, ...] = ("fails", "unknown", "works")


class Ran(NamedTuple):
    """How a piece of work ended: its statements, its findings, and its status or the class of its exception."""

    statements: int
    findings: tuple[Finding, ...]
    ended: object = None
    has_failed: bool = False
    """Whether it did only a part of its work."""
    has_written: bool = False
    answer: Answer | None = None


def ran(report: Report) -> Ran:
    """Return how a request ended."""
    request = report.request
    ended = request.exception or request.status
    return Ran(report.query_count, report.findings, ended, request.has_failed, wrote(report), report.answer)


def wrote(report: Report) -> bool:
    """Whether a window sent anything that does more than read."""
    return any(row.writes or row.operation not in _READING or has_effect(row) for row in report.facts.statements)


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
    if after.has_written and not before.has_written:
        return "unknown", "this time something was written"
    if after.ended != before.ended and (after.has_failed or not before.has_failed):
        ended = f"it ended with {after.ended}, not with {before.ended}"
        return ("unknown", f"{ended}, and other options were in place, too") if others else ("fails", ended)
    if identity(finding) in map(identity, after.findings):
        return "fails", "the finding is still there"
    if finding.too_many and after.statements >= before.statements:
        return ("unknown" if others else "fails"), "no statement was saved"
    return _compared(before, after)


def _compared(before: Ran, after: Ran) -> tuple[Outcome, str]:
    """Hold answers against each other, where both are known and the one before was whole."""
    former, latter = before.answer, after.answer
    if former is None or latter is None or before.has_failed:
        return "works", ""
    if former.request != latter.request:
        return "unknown", "its path or query was another one"
    if former.given != latter.given and None not in (former.given, latter.given):
        return "unknown", "its answer was another one, as where it holds a time"
    return "works", ""


def overall(outcomes: Iterable[Tried]) -> Tried:
    """Return what became of all options together: the worst of it."""
    return min(outcomes, key=lambda outcome: _ORDER.index(outcome.outcome))


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
        finding, tried=outcome, fix=fix, remedy="", edit=None, option=None, saved_statements=0, saving=0.0, avoided=()
    )

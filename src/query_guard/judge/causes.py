"""Report each cause once: a finding whose fix also removes other findings is their cause, and they are its effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from query_guard.records import Finding


def led_by_causes(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings; those that the fix of another one also removes have become its effects."""
    causes = [finding for finding in findings if finding.avoided]
    if not causes:
        return list(findings)
    cause_of = {id(finding): _cause_of(finding, causes) for finding in findings}
    return [
        _leading(finding, [effect for effect in findings if cause_of[id(effect)] is finding])
        for finding in findings
        if cause_of[id(finding)] is None
    ]


def _cause_of(finding: Finding, causes: Sequence[Finding]) -> Finding | None:
    if finding.avoided or not finding.too_many or not finding.statements:
        return None
    return next((cause for cause in causes if _mends(cause, finding)), None)


def _mends(cause: Finding, finding: Finding) -> bool:
    """Whether the fix of `cause` also removes `finding`, of the same request; an info never has a warning as effect."""
    may_lead = cause.request == finding.request and (cause.is_loud or not finding.is_loud)
    return may_lead and set(cause.avoided).issuperset(finding.statements)


def _leading(finding: Finding, effects: Sequence[Finding]) -> Finding:
    if not effects:
        return finding
    return replace(
        finding,
        effects=(*finding.effects, *effects),
        saved_statements=finding.saved_statements + sum(effect.saved_statements for effect in effects),
        saving=finding.saving + sum(effect.saving for effect in effects),
    )

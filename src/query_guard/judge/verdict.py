"""What detectors find in facts, what they are silent about, and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from query_guard.capture.window.recorder import Recorder
from query_guard.detectors import Detector
from query_guard.judge.allowances import allowance_for
from query_guard.judge.causes import led_by_causes
from query_guard.own_errors import report_own_error
from query_guard.records import Allowance, Facts, Finding, Frame, Silence

_ANSWERING = frozenset(("serialization", "streaming"))
"""Phases in which a framework works with what the endpoint has returned."""


class Verdict(NamedTuple):
    findings: tuple[Finding, ...]
    silences: tuple[Silence, ...]


def judge(
    facts: Facts,
    detectors: Sequence[Detector],
    allowances: Sequence[Allowance] = (),
    recorder: Recorder | None = None,
) -> Verdict:
    """Return what the detectors find and what they are silent about; one that fails is logged once and says nothing.

    `recorder` is that of the facts, and knows of blocks that allow findings of their own.
    """
    endpoint = facts.request.endpoint
    findings: list[Finding] = []
    silences: list[Silence] = []
    for found in _found(facts, detectors):
        judged = found if isinstance(found, Silence) else _allowed(_placed(found, endpoint), allowances, recorder)
        if isinstance(judged, Silence):
            silences.append(judged)
        else:
            findings.append(judged)
    return Verdict(ranked(findings), tuple(silences))


def _found(facts: Facts, detectors: Sequence[Detector]) -> list[Finding | Silence]:
    found: list[Finding | Silence] = []
    for detector in detectors:
        try:
            found += tuple(detector(facts))
        except Exception:
            name = getattr(detector, "__qualname__", None) or type(detector).__qualname__
            report_own_error(f"detector {name} failed")
    return found


def _allowed(finding: Finding, allowances: Sequence[Allowance], recorder: Recorder | None) -> Finding | Silence:
    """Return the silence that an allowance makes of a finding; one that has expired says so in the fix."""
    allowance = allowance_for(finding, allowances, recorder)
    if allowance is None:
        return finding
    if allowance.has_expired:
        return replace(finding, fix=f"{finding.fix}; {allowance.expiry}")
    reason = f"{finding.kind} is allowed by {allowance}"
    return Silence(finding.kind, reason, finding.site, finding.count, finding.statements)


def _placed(finding: Finding, endpoint: Frame | None) -> Finding:
    """Name the endpoint where no line of the application was running, and point to it where its answer was made."""
    if finding.site.frames or endpoint is None:
        return finding
    if finding.phase not in _ANSWERING:
        return replace(finding, endpoint=endpoint.function)
    return replace(finding, endpoint=endpoint.function, site=finding.site._replace(frames=(endpoint,)))


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Order findings by their rank, the same on each visit of a route; effects stand below their causes."""
    if len(findings) <= 1:
        return tuple(findings)
    return tuple(sorted(led_by_causes(findings), key=lambda finding: finding.rank))

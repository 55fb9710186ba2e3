"""The verdict on facts: findings, silences, and findings that an allowance turns into silences."""

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
"""Phases in which the framework turns the endpoint's result into the response."""


class Verdict(NamedTuple):
    findings: tuple[Finding, ...]
    silences: tuple[Silence, ...]


def judge(
    facts: Facts,
    detectors: Sequence[Detector],
    allowances: Sequence[Allowance] = (),
    recorder: Recorder | None = None,
) -> Verdict:
    """Return the findings and silences of the detectors; a detector that fails is logged once and yields nothing.

    `recorder` is the one that the facts were made of; it has the blocks that allow findings.
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
    """Return the silence that an allowance makes of a finding; the fix mentions an allowance that has expired."""
    allowance = allowance_for(finding, allowances, recorder)
    if allowance is None:
        return finding
    if allowance.has_expired:
        return replace(finding, fix=f"{finding.fix}; {allowance.expiry}")
    reason = f"{finding.kind} is allowed by {allowance}"
    return Silence(finding.kind, reason, finding.site, finding.count, finding.statements)


def _placed(finding: Finding, endpoint: Frame | None) -> Finding:
    """Name the endpoint where no line of the application was running; in a phase of answering, it becomes the site."""
    if finding.site.frames or endpoint is None:
        return finding
    if finding.phase not in _ANSWERING:
        return replace(finding, endpoint=endpoint.function)
    return replace(finding, endpoint=endpoint.function, site=finding.site._replace(frames=(endpoint,)))


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Order findings by their rank, the same on each visit of a route; effects are in their causes."""
    if len(findings) <= 1:
        return tuple(findings)
    return tuple(sorted(led_by_causes(findings), key=lambda finding: finding.rank))

"""Findings and silences as data."""

from __future__ import annotations

from typing import Any

from query_guard.document.fields import frame_fields, milliseconds
from query_guard.records import Finding, Frame, Silence


def finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "summary": finding.summary,
        "fix": finding.fix,
        **frame_fields(finding.site.innermost),
        "callers": [frame_fields(caller) for caller in callers_of(finding)],
        "count": finding.count,
        "relationship": finding.relationship,
        "saving_ms": milliseconds(finding.saving),
        "phase": finding.phase,
        "statement_ids": list(finding.statements),
        "details": list(finding.details),
        "remedy": finding.remedy or None,
        "edit": {"file": finding.edit[0], "line": finding.edit[1]} if finding.edit is not None else None,
    }


def silence_document(silence: Silence) -> dict[str, Any]:
    return {
        "kind": silence.kind,
        "reason": silence.reason,
        **frame_fields(silence.site.innermost),
        "count": silence.count,
        "statement_ids": list(silence.statements),
    }


def place_line(finding: Finding) -> str:
    """Return `at crud.py:31 in load_posts`, with the phase where only the endpoint is known; empty without a place."""
    frame = finding.site.innermost
    if frame is None:
        return f"during {finding.place}" if finding.phase else ""
    during = f", during {finding.phase}" if finding.endpoint and finding.phase else ""
    return f"at {frame.file}:{frame.line} in {frame.function}{during}"


def callers_of(finding: Finding) -> list[Frame]:
    """Return up to five application frames around the finding: those that led to its line, then its other lines."""
    innermost = finding.site.innermost
    frames = list(finding.site.frames[1:])
    for site in finding.callers:
        frames += site.frames[1:] if site.innermost == innermost else site.frames[:1]
    return list(dict.fromkeys(frames))[:5]

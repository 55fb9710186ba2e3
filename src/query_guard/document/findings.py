"""Findings and silences as data."""

from __future__ import annotations

from typing import Any

from query_guard.document.fields import frame_fields, milliseconds
from query_guard.document.source_files import content_hash
from query_guard.records import Finding, Frame, Silence, TrialOf, Tried

_MOST = 5


def finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "summary": finding.summary,
        "fix": finding.fix,
        **frame_fields(finding.site.innermost),
        "callers": [frame_fields(caller) for caller in callers_of(finding)],
        "places": [frame_fields(place) for place in places_of(finding)],
        "count": finding.count,
        "relationship": finding.relationship,
        "saving_ms": milliseconds(finding.saving),
        "saved_statements": finding.saved_statements,
        "phase": finding.phase,
        "statement_ids": list(finding.statements),
        "details": list(finding.details),
        "remedy": finding.remedy or None,
        "remedy_suffices": finding.option is not None,
        "edit": _edit(*finding.edit) if finding.edit is not None else None,
        "tried": tried_document(finding.tried),
        "effects": [effect_document(effect) for effect in finding.effects],
    }


def tried_document(tried: Tried | None) -> dict[str, Any] | None:
    """Return statements before and after, and the outcome with its reason; None where nothing was tried."""
    if tried is None:
        return None
    why = {"why": tried.why} if tried.why else {}
    return {"before": tried.before, "after": tried.after, "outcome": tried.outcome, **why}


def trial_document(trial: TrialOf | None) -> dict[str, Any] | None:
    """Return which report's fixes were in place, and what became of them; None where there were none."""
    return None if trial is None else {"of": trial.of, **(tried_document(trial.tried) or {})}


def _edit(file: str, line: int) -> dict[str, Any]:
    return {"file": file, "line": line, "hash": content_hash(file)}


def effect_document(effect: Finding) -> dict[str, Any]:
    """Return the few fields of an effect: a finding that the fix of another one also removes."""
    return {
        "kind": effect.kind,
        "summary": effect.summary,
        **frame_fields(effect.site.innermost),
        "count": effect.count,
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
    """Return up to five application frames that led to the line of a finding, without those of decorators."""
    innermost = finding.site.innermost
    sites = [finding.site, *(site for site in finding.callers if site.innermost == innermost)]
    frames = dict.fromkeys(frame for site in sites for frame in site.frames[1:] if not frame.passes_on)
    return list(frames)[:_MOST]


def places_of(finding: Finding) -> list[Frame]:
    """Return up to five other lines at which the same was seen."""
    lines = dict.fromkeys(site.innermost for site in finding.callers)
    return [line for line in lines if line is not None and line != finding.site.innermost][:_MOST]

"""A report as one sentence that people read first."""

from __future__ import annotations

from query_guard.records import Facts, Finding, Report


def sentence(report: Report) -> str:
    """Return the report in one sentence: how many queries, from where, and what the fix of the worst finding saves."""
    said = _sentence(report)
    trial = report.trial
    return f"{said}; with the fixes of report {trial.of} in place, {trial.tried}" if trial is not None else said


def _sentence(report: Report) -> str:
    facts = report.facts
    head = f"{report.request.name}: {_counted(facts.query_count, 'query', 'queries')}"
    loud = sorted(report.loud_findings, key=lambda finding: finding.rank)
    worst = next((finding for finding in loud if finding.statements), None)
    if worst is None:
        beginning = f"{head} in {facts.query_time * 1000:.1f} ms{'' if report.sampled else ', not sampled'}"
        return f"{beginning}; {_headline(loud[0])}" if loud else beginning
    share = f", {_share(worst, facts)}" if facts.query_count > 1 else ""
    beginning = f"{head}{share} from {_places(worst)}"
    if not worst.remedy or worst.saved_statements < 1 or facts.dropped:
        return f"{beginning}; {_headline(worst)}"
    remaining = facts.query_count - worst.saved_statements
    saves = f" and saves about {worst.saving * 1000:.0f} ms" if worst.saving >= 0.0005 else ""
    tried = f"; {worst.tried}" if worst.tried is not None else ""
    return f"{beginning}; {worst.remedy} makes it {remaining}{saves}{tried}"


def _headline(finding: Finding) -> str:
    """Return the summary without the statement that follows its colon."""
    return finding.summary.partition(": ")[0]


def _share(finding: Finding, facts: Facts) -> str:
    if finding.count == 1:
        return "one of them"
    if facts.dropped:
        return f"at least {finding.count} of them"
    return f"{'all' if finding.count == facts.query_count else finding.count} of them"


def _places(finding: Finding) -> str:
    lines = {caller.innermost for caller in finding.callers}
    if len(lines) <= 1:
        return finding.place
    other_lines = len(lines - {finding.site.innermost})
    return f"{finding.place} and {_counted(other_lines, 'other line', 'other lines')}"


def _counted(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}"

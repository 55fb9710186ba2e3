"""A trial that is armed, as data."""

from __future__ import annotations

from typing import Any

from query_guard.document.fields import moment
from query_guard.judge.armed_trials import ArmedTrial


def trial_document(armed: ArmedTrial) -> dict[str, Any]:
    """Return the route whose next request runs with the options, until when, and what goes where."""
    options = {
        finding.option: {"file": finding.edit[0], "line": finding.edit[1], "remedy": finding.remedy}
        for finding in armed.report.findings
        if finding.option in armed.options and finding.edit is not None
    }
    return {"route": armed.report.request.name, "until": moment(armed.until), "options": list(options.values())}

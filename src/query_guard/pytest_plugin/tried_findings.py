"""What became of the options that a test was run with again, as data that travels between processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from query_guard.document.findings import finding_document
from query_guard.document.strict_json import json_safe
from query_guard.pytest_plugin.call import PASSED, Recorded
from query_guard.records import Finding, PlacedOption, Tried
from query_guard.testing.tallies import FindingEntry

Tries: TypeAlias = list[dict[str, Any]]
"""For each finding that was tried: `kind`, `relationship` and `place`, by which it is known; the `fields` of it that
have changed; and a `line` that says it all."""
Again: TypeAlias = tuple[Recorded | None, bool]
"""What the second run has recorded, and whether its fixtures went well."""
_FIELDS = ("fix", "remedy", "remedy_suffices", "edit", "tried", "saving_ms", "saved_statements")
_NOT_AGAIN = "its fixtures could not be made, or not be ended, a second time"


def options_of_test(recorded: Recorded) -> list[PlacedOption]:
    """Return the options that the findings of a test offer as their whole fix."""
    from query_guard.judge.trials import options_of

    return options_of(recorded.recording.findings)


def has_committed(recorded: Recorded) -> bool:
    """Whether a test has written something for good: a second run would find it."""
    facts = recorded.recording.report.facts
    in_transactions = any(
        transaction.outcome == "committed" and transaction.writes for transaction in facts.transactions
    )
    return in_transactions or any(row.autocommit and row.writes for row in facts.statements)


def after_trial(recorded: Recorded, options: list[PlacedOption], run_again: Callable[[], Again]) -> Tries:
    """Run a test again with the options in place, and say of each finding what became of it."""
    from query_guard.capture.window.trial import Trial, in_process
    from query_guard.judge.trials import Ran, tried, with_tried

    def ran(run: Recorded) -> Ran:
        recording = run.recording
        return Ran(recording.query_count, recording.findings, run.ended, has_failed=run.ended != PASSED)

    trial = Trial(lambda: options, only_reads=False)
    in_process.append(trial)
    try:
        again, went_well = run_again()
    finally:
        in_process.remove(trial)
        trial.end()
    before = ran(recorded)
    tries = {}
    for finding in before.findings:
        if finding.option is None:
            continue
        outcome = (
            tried(finding, before, ran(again), trial, len(options) - 1)
            if again is not None and went_well
            else Tried(before.statements, None, "unknown", _NOT_AGAIN)
        )
        entry = _entry(finding, outcome, with_tried(finding, outcome))
        tries[entry["kind"], entry["relationship"], entry["place"]] = entry
    return list(tries.values())


def _entry(finding: Finding, outcome: Tried, changed: Finding) -> dict[str, Any]:
    document = finding_document(changed)
    where = f" at {finding.edit[0]}:{finding.edit[1]}" if finding.edit is not None else ""
    entry: dict[str, Any] = json_safe(
        {
            "kind": finding.kind,
            "relationship": finding.relationship,
            "place": finding.place,
            "line": f"{finding.remedy}{where}, {outcome}",
            "fields": {**{name: document[name] for name in _FIELDS}, "saves": changed.saved_statements},
        }
    )
    return entry


def with_tries(finding: FindingEntry, tries: Tries) -> FindingEntry:
    """Return a finding of a test with what became of it."""
    for tried in tries:
        if all(finding[name] == tried[name] for name in ("kind", "relationship", "place")):
            return {**finding, **tried["fields"]}
    return finding

"""What becomes of the findings of a report, as JSON can carry it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from query_guard.fixing.diff import diff_of
from query_guard.fixing.plan import Finding, planned

_NOT_UTF_8 = "its file is not UTF-8, and JSON cannot carry its lines: `query-guard fix` prints the patch"


def fix_document(findings: Sequence[Finding], root: Path) -> dict[str, Any]:
    """Return the diff of each file to change, and why findings are left; these are named by their places in the list.

    Raises NotInstalled.
    """
    plan = planned(findings, root)
    places = {id(finding): place for place, finding in enumerate(findings)}
    changes, left = [], [{"finding": places[id(finding)], "why": why} for finding, why in plan.left]
    for change in plan.changes:
        diff, fixed = diff_of(change), [places[id(finding)] for finding in change.findings]
        if _is_utf_8(diff):
            changes.append({"file": change.findings[0]["edit"]["file"], "diff": diff, "findings": fixed})
        else:
            left += [{"finding": place, "why": _NOT_UTF_8} for place in fixed]
    return {"changes": changes, "left": sorted(left, key=lambda each: each["finding"])}


def _is_utf_8(diff: str) -> bool:
    """Whether a diff has no byte that is kept as a lone surrogate."""
    return not any("\ud800" <= character <= "\udfff" for character in diff)

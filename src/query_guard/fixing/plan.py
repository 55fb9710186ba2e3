"""What becomes of the findings of a report: files with their new source, and findings that are left to people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from query_guard.document.source_files import hash_of

if TYPE_CHECKING:
    from query_guard.fixing.patch import Patched

Finding = dict[str, Any]


class NotInstalled(Exception):
    """LibCST cannot be imported; the message is a sentence that says what to install."""


class Left(NamedTuple):
    """A finding that is not fixed, and why."""

    finding: Finding
    why: str


class Change(NamedTuple):
    """A file, what it holds, what it should hold, and the findings that this fixes."""

    file: Path
    before: bytes
    after: bytes
    findings: list[Finding]


@dataclass
class Plan:
    """All that is to be changed, and all that is left."""

    changes: list[Change] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def planned(findings: Iterable[Finding], root: Path) -> Plan:
    """Return what to change in the files below a directory, in which the application was started.

    Raises NotInstalled if something could be changed, and LibCST cannot be imported.
    """
    plan, root = Plan(), root.resolve()
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        why = _by_hand(finding)
        if why:
            plan.left.append(Left(finding, why))
        else:
            by_file.setdefault(finding["edit"]["file"], []).append(finding)
    for shown, of_file in by_file.items():
        _plan_file(plan, shown, of_file, root)
    return plan


def _by_hand(finding: Finding) -> str:
    """Return why a finding is one for people; empty where its remedy is an option that goes to one place."""
    tried = finding.get("tried") or {}
    if not finding.get("remedy") or not finding.get("edit"):
        return f"by hand: {finding['fix']}"
    if tried.get("outcome") == "fails":
        return f"its option was tried and fails: {tried.get('why')}"
    if not finding.get("remedy_suffices"):
        return f"by hand, since the loop must change, too: {finding['fix']}"
    return ""


def _plan_file(plan: Plan, shown: str, findings: list[Finding], root: Path) -> None:
    file = (root / shown).resolve()
    before = _content(file, root)
    same: list[Finding] = []
    for finding in findings:
        why = _outdated(finding["edit"], before)
        if why:
            plan.left.append(Left(finding, why))
        else:
            same.append(finding)
    if before is not None and same:
        _plan_additions(plan, file, before, same, root)


def _plan_additions(plan: Plan, file: Path, before: bytes, findings: list[Finding], root: Path) -> None:
    additions = [(finding["edit"]["line"], finding["remedy"]) for finding in findings]
    result = _patched(before, additions, file, root)
    plan.left += [Left(findings[number], why) for number, why in sorted(result.refused.items())]
    fixed = [finding for number, finding in enumerate(findings) if number not in result.refused]
    if fixed:
        plan.changes.append(Change(file, before, result.source, fixed))


def _patched(source: bytes, additions: list[tuple[int, str]], file: Path, root: Path) -> Patched:
    try:
        from query_guard.fixing.patch import Addition, patched
    except ImportError as error:
        raise NotInstalled(
            f"expected LibCST, which changes source files, and it cannot be imported: {error}; "
            "install fastapi-query-guard[fix]"
        ) from error
    return patched(source, [Addition(*addition) for addition in additions], file, root)


def _content(file: Path, root: Path) -> bytes | None:
    """Return what a file of the project holds; None where there is none, and for files elsewhere."""
    try:
        return file.read_bytes() if file.is_relative_to(root) else None
    except (OSError, ValueError):
        return None


def _outdated(edit: dict[str, Any], content: bytes | None) -> str:
    """Return why a file is not the one that the finding was made in; empty where it is."""
    file = edit["file"]
    if content is None:
        return f"there is no file {file!r} below this directory: run this where the application is started"
    if "hash" not in edit or edit["hash"] == hash_of(content):
        return ""
    if edit["hash"] is None:
        return f"{file} was changed while the application ran: start it anew, and send the request again"
    return f"{file} has changed since: send the request again, or run the tests again"

"""Print the changes that fix the findings of a report, as a patch; or make them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from query_guard.cli.endpoint import endpoint_of
from query_guard.cli.failure import Failure
from query_guard.cli.kept_by_git import not_kept
from query_guard.cli.output import cell, write_json, write_text
from query_guard.cli.reports import report_of
from query_guard.cli.runs import json_in, run_in
from query_guard.fixing.diff import diff_of
from query_guard.fixing.plan import Left, NotInstalled, Plan, planned

NAME = "fix"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the report, and whether to write."""
    parser.add_argument(
        "report", help="the id of a report, or latest; or a file, which a run of pytest or show --json wrote"
    )
    parser.add_argument(
        "--apply", action="store_true", help="write the files; refuses those that git could not restore"
    )
    parser.add_argument("--force", action="store_true", help="with --apply: write them all the same")


def run(options: argparse.Namespace) -> int:
    """Print a unified diff, and on stderr a line for each finding that is left; 1 if any is.

    Raises NoKey and Failure.
    """
    plan = _plan(_findings(options))
    if options.apply:
        _apply(plan, force=options.force)
    patch = "".join(map(diff_of, plan.changes))
    left = list(map(_line_of, plan.left))
    if options.json:
        files = [os.path.relpath(change.file) for change in plan.changes]
        write_json({"patch": patch, "files": files, "written": options.apply, "left": left})
    else:
        _write_patch(patch)
        for line in left:
            write_text(line, sys.stderr)
    return 1 if left else 0


def _findings(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the findings of a report or a run, each once."""
    file = Path(options.report)
    if file.suffix != ".json":
        return list(report_of(endpoint_of(options), options.report)["findings"])
    data = json_in(file)
    if isinstance(data.get("findings"), list):
        return list(data["findings"])
    return list(_once(finding for entry in run_in(file)["tests"] for finding in entry["findings"]))


def _once(findings: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield findings that many tests made one time each."""
    seen: set[object] = set()
    for finding in findings:
        edit = finding.get("edit") or {}
        identity = (
            finding["kind"],
            finding["file"],
            finding["line"],
            finding["fix"],
            finding.get("remedy"),
            edit.get("line"),
        )
        if identity not in seen:
            seen.add(identity)
            yield finding


def _plan(findings: list[dict[str, Any]]) -> Plan:
    try:
        return planned(findings, Path.cwd())
    except NotInstalled as error:
        raise Failure(str(error)) from error


def _apply(plan: Plan, *, force: bool) -> None:
    """Write the files that git could restore; the findings of others are left."""
    for change in list(plan.changes):
        why = "" if force else not_kept(change.file)
        if not why:
            try:
                change.file.write_bytes(change.after)
            except OSError as error:
                why = str(error)
        if why:
            plan.changes.remove(change)
            reason = f"{os.path.relpath(change.file)} was not written: {why}; commit it, or add --force"
            plan.left += [Left(finding, reason) for finding in change.findings]


def _write_patch(patch: str) -> None:
    """Print a patch as it is: who applies it needs every byte."""
    sys.stdout.flush()
    sys.stdout.buffer.write(patch.encode("utf-8", "surrogateescape"))
    sys.stdout.flush()


def _line_of(left: Left) -> str:
    finding = left.finding
    what = " ".join(filter(None, (finding["kind"], finding.get("relationship"))))
    place = f" at {finding['file']}:{finding['line']}" if finding.get("file") else ""
    return f"left: {what}{place}: {cell(left.why)}"

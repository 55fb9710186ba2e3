"""Merge what the shards of one suite wrote: their baselines into one, or their reports into one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from query_guard.testing.baseline import baseline_text, read_baseline
from query_guard.testing.outputs.data import data
from query_guard.testing.outputs.markdown import markdown
from query_guard.testing.outputs.sarif import sarif
from query_guard.testing.tallies import Entry, Run

FORMATS: dict[str, Callable[[Run], str]] = {
    ".json": data,
    ".sarif": sarif,
    ".md": markdown,
}


def merged(target: Path, sources: Sequence[Path]) -> str:
    """Return the text for `target`, merged from baselines, or from reports that end in .json.

    A test that is in several files is taken from the last of them. Raises ValueError for a file that is neither
    baseline nor report, for a mixture of both, and for a target of another format.
    """
    contents = [_read(source) for source in sources]
    if target.suffix not in FORMATS:
        raise ValueError(f"the merged file must end in .json, .sarif or .md, which {str(target)!r} does not")
    kinds = {isinstance(data["tests"], dict) for data in contents}
    if len(kinds) > 1:
        raise ValueError("the files to merge must all be baselines or all be reports, but there are some of each")
    if kinds == {False}:
        return FORMATS[target.suffix](_merged_runs(contents))
    if target.suffix != ".json":
        raise ValueError(f"merged baselines must end in .json, which {str(target)!r} does not")
    return baseline_text({test: tally for source in sources for test, tally in (read_baseline(source) or {}).items()})


def _read(source: Path) -> Any:
    try:
        written = json.loads(source.read_text(encoding="utf-8"))
        if isinstance(written["tests"], (dict, list)):
            return written
        reason = "its tests are neither"
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = repr(error)
    raise ValueError(
        f"{source} must be a baseline or a report (.json) that query_guard wrote, but it is none: {reason}"
    )


def _merged_runs(runs: Sequence[Run]) -> Run:
    tests: dict[str, Entry] = {entry["test"]: entry for run in runs for entry in run["tests"]}
    return {**runs[0], "tests": [tests[name] for name in sorted(tests)]}

"""Print as a Markdown table what differs between two runs of pytest: statements by route, findings new and gone."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from query_guard.cli.output import write_text
from query_guard.cli.run_routes import Identity, RouteOfRun, routes_of
from query_guard.cli.runs import run_in
from query_guard.testing.tallies import Run

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

HEAD = ("route", "statements before", "after", "new findings", "gone")


class Difference(NamedTuple):
    """What differs on one route; the statements are those of tests that are in both runs."""

    route: str
    before: int
    after: int
    new: list[str]
    gone: list[str]


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "diff", help="print what differs between two runs of pytest as a Markdown table", description=__doc__
    )
    parser.add_argument("old", type=Path, help="what pytest --query-guard-report wrote before, in JSON")
    parser.add_argument("new", type=Path, help="the same of a later run")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the table; 1 if there are new findings. Raises Failure."""
    from query_guard.testing.outputs.markdown import markdown_table

    changed = list(changes(run_in(options.old), run_in(options.new)))
    rows = [(route.route, route.before, route.after, ", ".join(route.new), ", ".join(route.gone)) for route in changed]
    write_text("\n".join(markdown_table(HEAD, rows)) if rows else "Nothing has changed.")
    return 1 if any(route.new for route in changed) else 0


def changes(old: Run, new: Run) -> Iterator[Difference]:
    """Yield the routes that differ. A finding is gone only where one of its tests is in the new run, too."""
    both = {entry["test"] for entry in old["tests"]} & {entry["test"] for entry in new["tests"]}
    earlier, later = routes_of(old, both), routes_of(new, both)
    ran = routes_of({**old, "tests": [entry for entry in old["tests"] if entry["test"] in both]})
    for name in sorted({*earlier, *later}):
        nothing = RouteOfRun()
        before, after = earlier.get(name, nothing), later.get(name, nothing)
        change = Difference(
            name,
            before.statements,
            after.statements,
            _named(after.findings, after.findings.keys() - before.findings.keys()),
            _named(before.findings, ran.get(name, nothing).findings.keys() - after.findings.keys()),
        )
        if change.new or change.gone or change.before != change.after:
            yield change


def _named(findings: Mapping[Identity, str], wanted: Iterable[Identity]) -> list[str]:
    return sorted(findings[identity] for identity in wanted)

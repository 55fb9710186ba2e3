"""A run of tests as Markdown, for the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from query_guard.reporters.text import printable
from query_guard.testing.outputs.gathered import Gathered, gathered, tried_text
from query_guard.testing.tallies import Entry, Run

_ROWS = 100
_ROUTES = 5
"""How many routes a row names."""
_SPECIAL = frozenset("\\`*_{}[]<>#|~!&$")


def markdown(run: Run) -> str:
    """Return a headline, the findings, and the changes since the baseline where there is one."""
    return "\n".join(_blocks(run)) + "\n"


def _blocks(run: Run) -> Iterator[str]:
    causes = gathered(run["tests"])
    statements = sum(route["statements"] for entry in run["tests"] for route in entry["routes"].values())
    yield (
        f"## query_guard: {_counted(len(causes), 'finding')}, "
        f"{_counted(statements, 'statement')} in {_counted(len(run['tests']), 'test')}"
    )
    if causes:
        yield ""
        yield from markdown_table(
            ("finding", "routes", "line", "saves", "times", "tests", "fix"), map(_finding_row, causes)
        )
    if run["baseline"] is not None and any(entry["changes"] is not None for entry in run["tests"]):
        yield ""
        yield from _changes(run["baseline"], run["tests"])


def _finding_row(cause: Gathered) -> tuple[object, ...]:
    finding = cause.finding
    kind = f"{finding['kind']} {finding['relationship'] or ''}".rstrip()
    return (
        f"{kind} (known)" if finding["known"] else kind,
        ", ".join(cause.routes[:_ROUTES])
        + (f" and {len(cause.routes) - _ROUTES} more" if len(cause.routes) > _ROUTES else ""),
        finding["place"],
        cause.saves,
        cause.times,
        len(cause.tests),
        "; ".join(filter(None, (finding["fix"], tried_text(finding)))),
    )


def _changes(baseline: str, entries: Iterable[Entry]) -> Iterator[str]:
    rows = [
        (entry["test"], change["route"], change["what"], change["before"], change["after"])
        for entry in entries
        for change in entry["changes"] or ()
    ]
    yield f"### Against {_escaped(baseline)}"
    yield ""
    if rows:
        yield from markdown_table(("test", "route", "what", "before", "after"), rows)
    else:
        yield "Nothing has changed."


def markdown_table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    yield _row(head)
    yield _row("---" for _ in head)
    rows = list(rows)
    for row in rows[:_ROWS]:
        yield _row(_escaped(cell) for cell in row)
    if len(rows) > _ROWS:
        yield ""
        yield f"and {len(rows) - _ROWS} more"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(cell: object) -> str:
    """Escape what Markdown would read as markup, so that the cell shows the text unchanged."""
    text = printable(" ".join(str(cell).split()))
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in text)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else f'{noun}s'}"

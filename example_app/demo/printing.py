"""What the tour prints."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any, NamedTuple

from example_app.demo.promises import evidence, proven
from example_app.demo.visits import Finding, Visit
from example_app.routers.anti_patterns.pair import Pair

_WIDTH = 116


class Visited(NamedTuple):
    pair: Pair
    bad: Visit
    fixed: Visit


def show_pair(pair: Pair, bad: Visit, fixed: Visit) -> None:
    finding = evidence(pair, bad)
    print(f"\n== {pair.title} ".ljust(_WIDTH, "="))
    print(_answered(bad))
    _line("expected", pair.look_for)
    if finding is not None:
        _line("found", f"{finding['kind']} ({finding['severity']}): {textwrap.shorten(finding['summary'], 160)}")
        _line("site", _site(finding))
        _line("fix", finding["fix"])
        if finding.get("tried"):
            _line("tried", _tried(finding["tried"]))
    else:
        _line("found", proven(pair, bad) or "nothing of the kind")
    print(_answered(fixed))
    _line("found", ", ".join(sorted({one["kind"] for one in fixed.loud})) or proven(pair, fixed) or "nothing")


def show_skipped(pair: Pair) -> None:
    print(f"\n== {pair.title} ".ljust(_WIDTH, "="))
    print(f"skipped on SQLite: {pair.not_on_sqlite}")


def show_table(visited: list[Visited]) -> None:
    print("\n== All of them ".ljust(_WIDTH, "="))
    print(f"{'anti-pattern':<48}{'expected':<24}{'found':<24}{'queries -> twin':>20}")
    for pair, bad, fixed in visited:
        found = pair.look_for if evidence(pair, bad) or proven(pair, bad) else "nothing"
        print(f"{pair.title:<48}{pair.look_for:<24}{found:<24}{bad.queries:>12} -> {fixed.queries:>4}")


def _answered(visit: Visit) -> str:
    statuses = " and ".join(dict.fromkeys(str(answer.status) for answer in visit.answers))
    together = f", {len(visit.answers)} at once" if len(visit.answers) > 1 else ""
    queries = "1 query" if visit.queries == 1 else f"{visit.queries} queries"
    return f"{visit.call.method} {visit.call.path} -> {statuses}{together}: {queries}, {visit.milliseconds:.1f} ms"


def _tried(tried: Mapping[str, Any]) -> str:
    why = f": {tried['why']}" if "why" in tried else ""
    return f"{tried['before']} -> {tried['after']} statements, {tried['outcome']}{why}"


def _line(name: str, text: str) -> None:
    print(textwrap.fill(f"{name:<10}{text}", _WIDTH, initial_indent="    ", subsequent_indent=" " * 14))


def _site(finding: Finding) -> str:
    """Name the line, and the endpoint's line that led to it."""
    if finding["file"] is None:
        return f"no line of the application ({finding['phase'] or 'the whole request'})"
    own = f"{finding['file']}:{finding['line']} in {finding['function']}"
    callers = [caller for caller in finding["callers"] if "/routers/" in caller["file"]]
    called = f", called from {callers[0]['file']}:{callers[0]['line']}" if callers else ""
    return own + called

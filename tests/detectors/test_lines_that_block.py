"""Which lines are one cause of a blocked event loop."""

from __future__ import annotations

from query_guard import Finding
from query_guard.detectors import EventLoopBlocked
from query_guard.records import CallSite, Frame, LoopBlock
from tests.reports import facts_of

ENDPOINT = Frame("app.py", 30, "list_users", 25)
PAGE = Frame("templates/page.html", 44, "root", 10)


def blocked_at(*sites: tuple[Frame, ...]) -> list[Finding]:
    """Return the findings of a request that was blocked at these lines, each for longer than the one before."""
    blocks = [
        LoopBlock(number, number + 0.2 + number / 10, CallSite(hash(frames), frames, "router", False), 1)
        for number, frames in enumerate(sites)
    ]
    found = [*EventLoopBlocked()(facts_of(loop_blocks=tuple(blocks), serial=1))]
    return [finding for finding in found if isinstance(finding, Finding)]


def lines(finding: Finding) -> list[list[int]]:
    return [[frame.line for frame in site.frames] for site in (finding.site, *finding.callers)]


def test_the_lines_of_a_long_serialisation_are_one_cause() -> None:
    steps = [(Frame("app.py", line, "as_json", 5), ENDPOINT) for line in (6, 8, 7)]
    (finding,) = blocked_at(*steps)
    assert (lines(finding), finding.count) == ([[7, 30], [7, 30], [6, 30], [8, 30]], 3)


def test_two_lines_of_the_endpoint_are_two_causes() -> None:
    assert [lines(finding) for finding in blocked_at((ENDPOINT,), (ENDPOINT._replace(line=31),))] == [[[30]], [[31]]]


def test_the_line_that_renders_a_template_is_named() -> None:
    filters = Frame("app.py", 50, "shout", 49)
    sites = [(PAGE, ENDPOINT), (filters, PAGE._replace(line=52), PAGE, ENDPOINT), (PAGE._replace(line=61), ENDPOINT)]
    (finding,) = blocked_at(*sites)
    assert (lines(finding), finding.count) == ([[30]], 3)
    (other,) = blocked_at(sites[1])
    assert finding.site.key == other.site.key


def test_a_template_is_named_if_nothing_else_was_running() -> None:
    (finding,) = blocked_at((PAGE,))
    assert lines(finding) == [[44]]

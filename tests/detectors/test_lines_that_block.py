"""Which lines are one cause of a blocked event loop."""

from __future__ import annotations

import pytest

from query_guard import Finding
from query_guard.detectors import EventLoopBlocked
from query_guard.records import CallSite, Frame, LoopBlock
from tests.reports import facts_of, statement

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


def test_of_several_templates_the_outermost_is_left_out_with_all_that_it_calls() -> None:
    layout = Frame("templates/layout.jinja", 3, "root", 1)
    helper = Frame("app.py", 60, "rendered", 58)
    (finding,) = blocked_at((PAGE, helper, layout, ENDPOINT))
    assert lines(finding) == [[30]]


@pytest.mark.parametrize("file", ["app.py", "app.pyw", "app.pyx", "notebook.ipynb", "<string>"])
def test_python_is_no_template(file: str) -> None:
    (finding,) = blocked_at((Frame(file, 7, "shout", 1), ENDPOINT))
    assert lines(finding) == [[7, 30]]


def test_two_lines_of_one_cause_are_both_named_and_one_line_is_named_once() -> None:
    first, second = (Frame("app.py", line, "as_json", 5) for line in (6, 8))
    (finding,) = blocked_at((first, ENDPOINT), (second, ENDPOINT))
    assert lines(finding) == [[8, 30], [8, 30], [6, 30]]
    (finding,) = blocked_at((first, ENDPOINT), (first, ENDPOINT))
    assert (lines(finding), finding.count) == ([[6, 30]], 2)


def test_what_the_request_itself_blocked_is_apart_from_what_others_did() -> None:
    site = CallSite(1, (ENDPOINT,), "router", False)
    blocks = (LoopBlock(1.0, 1.25, site, 1), LoopBlock(2.0, 2.5, site, 2), LoopBlock(3.0, 3.5, site, 3))
    own, of_others = EventLoopBlocked()(facts_of(loop_blocks=blocks, serial=1))
    assert (own.count, own.saving, of_others.count, of_others.saving) == (1, 0.25, 2, 1.0)
    assert own.summary == "The event loop stood still for 250 ms at this line"
    assert of_others.summary == "The event loop stood still for 500 ms, 2 times at this line, outside this request"


def test_several_blocking_statements_make_up_most_of_a_block_together() -> None:
    blocks = (LoopBlock(1.0, 2.0, CallSite(1, (ENDPOINT,), "router", False), 1),)
    rows = [statement(n, start=start, duration=0.3, blocking=True) for n, start in ((1, 0.9), (2, 1.5), (3, 1.9))]
    assert list(EventLoopBlocked()(facts_of(*rows, loop_blocks=blocks))) == []
    assert len(list(EventLoopBlocked()(facts_of(*rows[1:], loop_blocks=blocks)))) == 1
    others = [row._replace(blocking=False) for row in rows]
    assert len(list(EventLoopBlocked()(facts_of(*others, loop_blocks=blocks)))) == 1

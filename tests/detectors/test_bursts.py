"""In a burst of requests all wait for the event loop: what is measured then is information."""

from __future__ import annotations

import pytest

from query_guard import Finding
from query_guard.detectors import IdleInTransaction, SlowStatement
from query_guard.records import NOWHERE, Facts, LoopBlock
from tests.reports import facts_of, statement, transaction

BUSY = "The event loop was busy with other tasks for most of that time, as in a burst of requests"
BLOCKS = [
    ([], False),
    ([(0.4, 0.7)], True),
    ([(0.1, 0.2), (0.25, 0.39), (0.61, 0.75), (0.78, 0.9)], True),
    ([(0.0, 0.2), (0.8, 1.0)], False),
    ([(0.0, 1.2)], False),
]
NAMES = ["a calm loop", "busy then", "busy around it", "busy before and after", "something stood still"]
in_each = pytest.mark.parametrize(("blocks", "is_burst"), BLOCKS, ids=NAMES)


def told(finding: object) -> tuple[str, str]:
    assert isinstance(finding, Finding)
    return finding.severity, finding.fix.partition(":")[0]


def with_blocks(facts: Facts, blocks: list[tuple[float, float]], request: int = 0) -> Facts:
    facts.loop_blocks = tuple(LoopBlock(*block, NOWHERE, request) for block in blocks)
    return facts


@in_each
def test_a_slow_statement(blocks: list[tuple[float, float]], is_burst: bool) -> None:
    row = statement(start=0.3, duration=0.4, stalled=0.2)
    (finding,) = SlowStatement()(with_blocks(facts_of(row), blocks))
    severity, fix = told(finding)
    assert (severity, fix == BUSY) == (("info", True) if is_burst else ("warning", False))


@pytest.mark.parametrize(
    ("blocks", "severity"),
    [
        ([(0.25, 0.5)], "warning"),
        ([(0.25, 0.51)], "info"),
        ([(0.0, 0.25), (0.75, 1.0)], "warning"),
        ([(0.0, 0.26), (0.75, 1.0)], "info"),
    ],
    ids=["half of it", "more than half of it", "half of twice that time", "more than half of twice that time"],
)
@pytest.mark.parametrize("since", [0.0, 16.0])
def test_a_burst_is_more_than_half_of_a_time(since: float, blocks: list[tuple[float, float]], severity: str) -> None:
    row = statement(start=since + 0.25, duration=0.5)
    later = [(since + start, since + end) for start, end in blocks]
    (finding,) = SlowStatement()(with_blocks(facts_of(row), later))
    assert told(finding)[0] == severity


def idle() -> Facts:
    rows = (statement(1, start=0.2, duration=0.1), statement(2, start=0.7, duration=0.1))
    return facts_of(*rows, transactions=(transaction(start=0.2, end=0.8),), serial=1)


@pytest.mark.parametrize(("request_of_blocks", "severity"), [(0, "info"), (2, "info"), (1, "warning")])
def test_an_idle_transaction_unless_the_request_itself_was_busy(request_of_blocks: int, severity: str) -> None:
    (finding,) = IdleInTransaction()(with_blocks(idle(), [(0.4, 0.65)], request_of_blocks))
    assert told(finding)[0] == severity


@in_each
def test_an_idle_transaction(blocks: list[tuple[float, float]], is_burst: bool) -> None:
    found = [told(finding) for finding in IdleInTransaction(seconds=0.09)(with_blocks(idle(), blocks))]
    if blocks == BLOCKS[-1][0]:
        assert found == []  # another request stood still, and all of that time is its own
    else:
        assert [severity for severity, _ in found] == ["info" if is_burst else "warning"]
        assert (found[0][1] == BUSY) == is_burst


def test_one_statement_of_a_calm_loop_is_enough() -> None:
    rows = (statement(1, start=0.3, duration=0.4), statement(2, start=5.0, duration=0.4))
    (finding,) = SlowStatement()(with_blocks(facts_of(*rows), [(0.3, 0.7)]))
    assert told(finding)[0] == "warning"

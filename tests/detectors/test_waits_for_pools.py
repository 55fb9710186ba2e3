"""Waits for a pool in a burst of requests: the event loop was busy, and so were the holders."""

from __future__ import annotations

import pytest

from query_guard import Finding
from query_guard.detectors import PoolTimeout, PoolWait
from query_guard.records import NOWHERE, Holder, LoopBlock
from tests.reports import checkout, facts_of

HOLDERS = "Let the holders keep theirs for less long"
LOOP = "The event loop was busy for most of that time"


def waited(*blocks: tuple[float, float], waits: tuple[float, ...] = (0.4,)) -> tuple[str, str]:
    """Return severity and the beginning of the fix of checkouts that began at 0.1 s."""
    gave_it_back = Holder(1, "GET /users", NOWHERE, 0.4, 0.0, "then returned", False)
    facts = facts_of(
        checkouts=tuple(checkout(start=0.1, wait=wait, holders=(gave_it_back,)) for wait in waits),
        loop_blocks=tuple(LoopBlock(*block) for block in blocks),
    )
    (finding,) = PoolWait()(facts)
    assert isinstance(finding, Finding)
    return finding.severity, finding.fix.partition(",")[0].partition(":")[0]


def test_a_busy_loop_makes_it_information() -> None:
    assert waited((0.0, 0.2), (0.25, 0.4)) == ("info", LOOP)


@pytest.mark.parametrize(
    "blocks",
    [[], [(0.0, 0.3)], [(0.0, 0.1), (0.5, 0.9)], [(0.0, 1.1)]],
    ids=["a calm loop", "busy for half of it", "busy before and after", "something stood still"],
)
def test_otherwise_it_is_a_warning(blocks: list[tuple[float, float]]) -> None:
    assert waited(*blocks) == ("warning", HOLDERS)


def test_one_wait_of_a_calm_loop_is_enough() -> None:
    assert waited((0.1, 0.4), waits=(0.3, 0.3)) == ("info", LOOP)
    assert waited((0.1, 0.4), waits=(0.3, 0.7)) == ("warning", HOLDERS)


@pytest.mark.parametrize(
    ("names", "fix"),
    [
        (("outside requests", "outside requests"), "Commit or close the sessions of code outside requests before it"),
        (("outside requests", "GET /users"), "Commit or close the holders' sessions before they wait for anything but"),
    ],
)
def test_a_task_that_outlives_its_request_must_open_a_session_of_its_own(names: tuple[str, ...], fix: str) -> None:
    holders = tuple(Holder(1, name, NOWHERE, 2.0, 2.0, "idle in transaction", False) for name in names)
    (finding,) = PoolTimeout()(facts_of(checkouts=(checkout(outcome="timeout", wait=1.0, holders=holders),)))
    assert isinstance(finding, Finding)
    assert finding.fix.startswith(fix)

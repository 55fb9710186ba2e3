"""What was sent in a block that allows findings: over all its passes, and whether it is all that a finding is about."""

from __future__ import annotations

import pytest

from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.allowed_block import is_within, window_of_block
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.pool_watch import PoolWatch
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import FailedLoadRow
from query_guard.records import NOWHERE, Allowance, CallSite, Finding
from tests.capture.rows import recorder_of, row_of, shared_of
from tests.reports import SITE

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded has a recorder more
LOOP, LOAD = (Allowance("n_plus_one", reason="few"),), (Allowance("Post.author"),)


def block_of(*allowances: Allowance) -> Recorder:
    window = window_of_block(allowances)
    assert window is not None
    assert window.recorder is not None
    return window.recorder


def test_all_passes_of_a_block_are_one_and_another_block_is_another() -> None:
    with open_window(Recorder()) as outer, open_window(Recorder()) as inner:
        first, again = block_of(*LOOP), block_of(Allowance("n_plus_one", reason="few"))
        other, longer = block_of(Allowance("n_plus_one", reason="many")), block_of(*LOOP, *LOAD)
        assert first is again
        assert len({id(one) for one in (first, other, longer)}) == 3
        for window in (outer, inner):
            assert window.recorder is not None
            assert [block.recorder for block in window.recorder.allowed_blocks] == [first, other, longer]


def test_a_block_belongs_to_the_window_around_it() -> None:
    assert window_of_block(LOOP) is None
    request = open_window(Recorder(), True)
    with request:
        window = window_of_block(LOOP)
        assert window is not None
        assert (window.request, window.outer, window.thread) == (request.serial, request, request.thread)
        assert (window.describe, window.loop) == (request.describe, request.loop)
    assert window_of_block(LOOP) is None


@pytest.mark.parametrize(
    ("statements", "blocks", "within"),
    [
        ((1, 2), [[0], [1]], True),
        ((1, 2), [[0]], False),
        ((2,), [[1, 2]], True),
        ((1,), [[1, 2]], False),
        ((3,), [], False),
    ],
)
def test_a_finding_is_within_blocks_that_sent_all_its_statements(
    statements: tuple[int, ...], blocks: list[list[int]], within: bool
) -> None:
    rows = [row_of(shared_of()) for _ in range(3)]
    found = Finding("n_plus_one", "warning", "", "", SITE, statements=statements)
    assert is_within(found, [recorder_of(*[rows[n] for n in sent]) for sent in blocks], recorder_of(*rows)) is within


ELSEWHERE = SITE._replace(key=7)


@pytest.mark.parametrize(
    ("checkouts", "loads", "in_block", "within"),
    [
        ([SITE, SITE], [], 2, True),
        ([SITE, SITE], [], 1, False),
        ([SITE], [SITE], 2, True),
        ([], [SITE, SITE], 2, True),
        ([], [SITE, SITE], 1, False),
        ([SITE, ELSEWHERE], [], 1, True),
        ([ELSEWHERE], [NOWHERE], 2, False),
        ([], [], 0, False),
    ],
)
def test_without_statements_it_is_within_blocks_that_made_all_checkouts_and_failed_loads_of_its_line(
    watch: PoolWatch, checkouts: list[CallSite], loads: list[CallSite], in_block: int, within: bool
) -> None:
    window, first, second = Recorder(), Recorder(), Recorder()
    taken = [OpenCheckout(watch, 0.0, site, None, None) for site in checkouts]
    failed = [FailedLoadRow(0, None, site, 0, 0, None, "greenlet") for site in loads]
    window.checkouts, window.failed_loads = taken, failed
    first.checkouts = taken[: min(1, in_block)]
    second.checkouts = taken[1:in_block]
    second.failed_loads = failed[: in_block - len(first.checkouts) - len(second.checkouts)]
    found = Finding("connection_leak", "warning", "", "", SITE)
    assert is_within(found, [first, second], window) is within

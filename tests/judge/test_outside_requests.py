"""What a block sent outside requests is judged by itself: its rows, its sums, and connections that were lost late."""

from __future__ import annotations

from typing import Any

from query_guard.capture.window.recorder import Recorder
from query_guard.detectors import ConnectionLeak, PoolTimeout, defaults
from query_guard.judge.outside_requests import detectors_of_lost_checkouts, parts_outside_requests
from query_guard.records import FailedLoad, LoopBlock
from tests.reports import POSTS, SITE, checkout, facts_of, statement, transaction


def test_the_part_of_a_block_has_what_no_request_did_and_what_was_only_counted() -> None:
    own = [statement(serial, request=0, duration=0.25, batches=serial) for serial in (2, 3)]
    facts = facts_of(
        statement(1, request=7),
        *own,
        checkouts=(checkout(serial=1, request=0), checkout(serial=2, request=7)),
        transactions=(transaction(serial=1, request=7), transaction(serial=2, request=0)),
        failed_loads=tuple(FailedLoad(serial, POSTS, SITE, None, serial) for serial in (0, 7)),
        loop_blocks=(LoopBlock(0.0, 0.5),),
        dropped=4,
    )
    (part,) = parts_outside_requests(facts, Recorder())
    assert part.statements == tuple(own)
    assert (part.query_count, part.driver_calls, part.query_time, part.dropped) == (6, 9, 0.5, 4)
    records: list[Any] = [*part.checkouts, *part.transactions, *part.failed_loads]
    assert [(type(record).__name__, record.serial) for record in records] == [
        ("Checkout", 1), ("Transaction", 2), ("FailedLoad", 0),
    ]  # fmt: skip
    assert part.loop_blocks == ()


def test_what_was_lost_late_is_judged_by_detectors_of_lost_connections_alone() -> None:
    def of_its_own(_facts: object) -> tuple[()]:
        return ()

    found = detectors_of_lost_checkouts([*defaults(), of_its_own])
    assert {type(detector) for detector in found} == {ConnectionLeak, PoolTimeout}

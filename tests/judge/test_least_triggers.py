"""How many statements trigger no detector, and for which detectors checkouts are needed among the facts."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import pytest

from query_guard.detectors import defaults
from query_guard.judge.triggers import TriggerIndex
from query_guard.records import Facts, Figures, Finding, Triggers

NOTHING = Figures(*[0] * len(Figures._fields))


class Triggered:
    def __init__(self, triggers: Triggers | None, *, at_end: bool = False) -> None:
        self.triggers = triggers
        self.at_end = at_end

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        yield from ()


@pytest.mark.parametrize(
    ("triggers", "above"),
    [
        ([{"statements": 11}], 10),
        ([{"statements": 11}, {"statements": 5}], 4),
        ([{"statements": 1}], 0),
        ([{"statements": 11}, {"most_rows": 1}], 10),
        ([{"statements": 11}, {"most_rows": 0}], -1),
        ([{"statements": 0}], -1),
        ([{"statements": 11}, None], -1),
        ([{"most_rows": 1}], inf),
        ([], inf),
    ],
)
def test_up_to_so_many_statements_alone_trigger_nothing(triggers: list[Triggers | None], above: float) -> None:
    assert TriggerIndex([Triggered(each) for each in triggers]).judged_above == above


def test_the_defaults_look_at_more_than_fifty_statements() -> None:
    assert TriggerIndex(defaults()).judged_above == 50


@pytest.mark.parametrize(
    ("detectors", "needed"),
    [
        ([Triggered({"most_rows": 1})], False),
        ([Triggered({"most_rows": 1, "longest_wait": 9})], True),
        ([Triggered({"most_rows": 1}), Triggered({"most_rows": 1, "lost_checkouts": 1})], True),
        ([Triggered({"most_rows": 1, "nested_checkouts": 1})], True),
        ([Triggered({"most_rows": 1, "changed_pools": 1})], True),
        ([Triggered({"most_rows": 1}, at_end=True)], True),
        ([Triggered({"most_rows": 1}), Triggered({"most_rows": 2}, at_end=True)], False),
        ([Triggered(None)], True),
    ],
)
def test_checkouts_are_needed_where_a_detector_that_is_triggered_looks_at_them(
    detectors: list[Triggered], needed: bool
) -> None:
    triggered = TriggerIndex(detectors).triggered(NOTHING._replace(most_rows=1))
    assert triggered is not None
    assert triggered.needs_checkouts is needed


def test_detectors_are_triggered_in_their_order_and_each_once() -> None:
    first, second = Triggered({"most_rows": 5, "statements": 5}), Triggered({"statements": 1})
    ends, last = Triggered({"most_rows": 1}, at_end=True), Triggered(None)
    triggered = TriggerIndex([first, ends, second, last]).triggered(NOTHING._replace(most_rows=5, statements=5))
    assert triggered == ((first, second, last), (ends,), True)


ENDS = {
    "CommitAfterResponse", "CommitPerRow", "ConnectionLeak", "EventLoopBlocked", "IdleInTransaction", "LostWrite",
    "NestedCheckout", "PoolSettings", "PoolTimeout", "PoolWait", "SplitTransaction",
}  # fmt: skip


def test_detectors_of_connections_transactions_and_the_loop_look_at_what_has_ended() -> None:
    triggered = TriggerIndex(defaults()).triggered(None)
    assert triggered is not None
    assert {type(detector).__name__ for detector in triggered.of_ends} == ENDS
    assert ENDS.isdisjoint(type(detector).__name__ for detector in triggered.of_statements)

"""The pauses of a transaction: the longest and the last one are kept, all others are counted."""

from __future__ import annotations

import pytest

from query_guard.capture.window.pauses import MOST_PAUSES, Pauses
from query_guard.records import CallSite
from tests.reports import SITE


def at(line: int) -> CallSite:
    return SITE._replace(key=line)


def lines(pauses: Pauses) -> list[int]:
    return [site.key for _, site in pauses.noticed()]


def filled(shortest: int) -> Pauses:
    """Return as many pauses as are kept; each lasts a second but one, which lasts half of it."""
    pauses = Pauses()
    for number in range(MOST_PAUSES):
        began = 10.0 * number
        pauses.add(began, began + (0.5 if number == shortest else 1.0), at(-number))
    return pauses


def test_a_pause_is_noticed_once_with_its_line() -> None:
    pauses = Pauses()
    assert pauses.noticed() == []
    pauses.add(1.0, 1.5, at(31))
    pauses.add(2.0, 2.25, at(32))
    assert pauses.noticed() == [(1.5, at(31)), (2.25, at(32))]
    assert pauses.dropped == 0


@pytest.mark.parametrize(("since", "is_known"), [(1.0, True), (1.5, True), (1.51, False), (9.0, False)])
def test_a_pause_that_goes_on_is_the_same_and_a_later_one_is_not(since: float, is_known: bool) -> None:
    pauses = Pauses()
    assert not pauses.extend(since, 10.0)
    pauses.add(0.0, 0.5, at(30))
    pauses.add(1.0, 1.5, at(31))
    assert pauses.extend(since, 10.0) is is_known
    assert pauses.noticed() == [(0.5, at(30)), (1.5, at(31))]


@pytest.mark.parametrize("shortest", [0, 7, MOST_PAUSES - 1])
def test_the_shortest_gives_way_but_never_to_be_the_last(shortest: int) -> None:
    pauses = filled(shortest)
    assert len(lines(pauses)) == MOST_PAUSES
    pauses.add(1000.0, 1000.1, at(99))
    assert (pauses.dropped, lines(pauses)[-1]) == (1, 99)
    assert lines(pauses)[:-1] == [-number for number in range(MOST_PAUSES) if number != shortest]
    pauses.add(2000.0, 2000.1, at(100))
    assert (pauses.dropped, lines(pauses)[-1], 99 in lines(pauses)) == (2, 100, False)


def test_one_that_has_gone_on_is_as_long_as_it_was_in_all() -> None:
    pauses = filled(0)
    pauses.add(1000.0, 1000.1, at(99))
    assert pauses.extend(1000.0, 1009.0)
    pauses.add(2000.0, 2000.1, at(100))
    assert (99 in lines(pauses), lines(pauses)[0], pauses.dropped) == (True, -2, 2)

"""Whether a read that is repeated polls: it looks again, on purpose, at what may have changed.

A poll reads in a transaction of its own, which begins 100 ms or more after the one before has ended, or with another
message of a WebSocket. It asks for the same values, or for what lies beyond a bound that never goes back, such as the
last id or time that was seen. With other values it is a loop, however long it waits between them.
"""

from __future__ import annotations

from itertools import pairwise

from query_guard.detectors.binds import changed_places, places_of_values
from query_guard.records import Facts, Statement
from query_guard.records.salt import number_of

_WAIT = 0.1
"""Seconds between two transactions from which on the second is a new look at what may have changed."""
_BEYOND = frozenset((">", ">="))


def looks_again(first: Statement, second: Statement, facts: Facts) -> bool:
    """Whether the second is in a transaction of its own, after a wait or for another message."""
    if first.transaction == second.transaction:
        return False
    before = facts.transaction_by_serial.get(first.transaction)
    after = facts.transaction_by_serial.get(second.transaction)
    ended = before.end if before is not None else first.end  # of many transactions, only the first are described
    began = after.start if after is not None else second.start
    return ended is not None and (first.segment != second.segment or began - ended >= _WAIT)


def polls_for_news(rows: list[Statement], facts: Facts) -> bool:
    """Whether repetitions ask, each after a wait, for what lies beyond a bound that moves on."""
    first, places = rows[0], places_of_values(rows)
    if first.operation != "SELECT" or first.writes or places is None:
        return False
    changed = changed_places(rows)
    moves_on = bool(changed) and all(
        places[place][1] in _BEYOND and _never_goes_back(tuple([row.values[place] for row in rows]))
        for place in changed
    )
    return moves_on and all(looks_again(before, after, facts) for before, after in pairwise(rows))


def _never_goes_back(bounds: tuple[int, ...]) -> bool:
    """The order of texts and times is not known, but that none comes again after another is."""
    known = [number_of(bound) for bound in bounds]
    numbers = [number for number in known if number is not None]
    if len(numbers) == len(known):
        return all(before <= after for before, after in pairwise(numbers))
    moves = sum(before != after for before, after in pairwise(bounds))
    return moves == len({*bounds}) - 1

"""Whether a repeated read is a poll: it reads again, on purpose, what may have changed.

A poll reads in a transaction of its own, which begins 100 ms or more after the one before has ended, or in another
message of a WebSocket. Its values are the same, or only a bound changes that never goes back, such as the last id or
time that was read. With other values it is a loop, however long it waits between them.
"""

from __future__ import annotations

from itertools import pairwise

from query_guard.detectors.binds import changed_places, places_of_values
from query_guard.records import Facts, Statement
from query_guard.records.salt import number_of

_WAIT = 0.1
"""The least seconds between two transactions of a poll."""
_BEYOND = frozenset((">", ">="))


def looks_again(first: Statement, second: Statement, facts: Facts) -> bool:
    """Whether the second is in another transaction than the first, after a wait or for another message."""
    if first.transaction == second.transaction:
        return False
    first_transaction = facts.transaction_by_serial.get(first.transaction)
    second_transaction = facts.transaction_by_serial.get(second.transaction)
    ended = (
        first_transaction.end if first_transaction is not None else first.end
    )  # of many transactions, only the first are described
    began = second_transaction.start if second_transaction is not None else second.start
    return ended is not None and (first.segment != second.segment or began - ended >= _WAIT)


def polls_for_changes(rows: list[Statement], facts: Facts) -> bool:
    """Whether repetitions read, each after a wait, what is beyond a bound that moves on."""
    first, places = rows[0], places_of_values(rows)
    if first.operation != "SELECT" or first.writes or places is None:
        return False
    changed = changed_places(rows)
    moves_on = bool(changed) and all(
        places[number][1] in _BEYOND and _never_goes_back(tuple([row.values[number] for row in rows]))
        for number in changed
    )
    return moves_on and all(looks_again(earlier, later, facts) for earlier, later in pairwise(rows))


def _never_goes_back(bounds: tuple[int, ...]) -> bool:
    """Whether bounds only move on. The order of hashed texts and times is unknown, but none of them may come again."""
    known_numbers = [number_of(bound) for bound in bounds]
    numbers = [number for number in known_numbers if number is not None]
    if len(numbers) == len(known_numbers):
        return all(earlier <= later for earlier, later in pairwise(numbers))
    moves = sum(earlier != later for earlier, later in pairwise(bounds))
    return moves == len({*bounds}) - 1

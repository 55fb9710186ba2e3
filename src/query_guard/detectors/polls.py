"""Whether a repeated read is a poll: it reads again, on purpose, what may have changed.

A poll reads in a transaction of its own, from one line, in a loop that waits in each turn (`waits`), or in another
message of a WebSocket. Its values are the same, or only a bound changes that never goes back, such as the last id or
time that was read. With other values it is a loop, however long it waits. What the clock says does not count: on a slow
machine, anything is late. Where it is not known whether a loop waits, a finding is information.
"""

from __future__ import annotations

from itertools import pairwise

from query_guard.detectors.binds import changed_places, places_of_values
from query_guard.detectors.waits import may_wait, waits_in_turn
from query_guard.records import Statement
from query_guard.records.salt import number_of

_BEYOND = frozenset((">", ">="))


def looks_again(first: Statement, second: Statement) -> bool:
    """Whether the second is in another transaction than the first, and in another message or after a wait."""
    if not _is_apart(first, second):
        return False
    return first.segment != second.segment or (first.site.key == second.site.key and waits_in_turn(second.site))


def may_poll(rows: list[Statement]) -> bool:
    """Whether repetitions in transactions of their own, from one line of one task, may be a poll that waits unseen."""
    first = rows[0]
    return (
        len({row.site.key for row in rows}) == 1
        and not (first.engine.is_async and len({row.task for row in rows}) > 1)
        and all(_is_apart(earlier, later) for earlier, later in pairwise(rows))
        and may_wait(first.site)
    )


def _is_apart(first: Statement, second: Statement) -> bool:
    """Whether two statements are in transactions of their own, as each is in AUTOCOMMIT."""
    return first.transaction != second.transaction or second.autocommit


def polls_for_changes(rows: list[Statement]) -> bool:
    """Whether repetitions read, each after a wait, what is beyond a bound that moves on."""
    return all(looks_again(earlier, later) for earlier, later in pairwise(rows)) and asks_for_what_is_new(rows)


def asks_for_what_is_new(rows: list[Statement]) -> bool:
    """Whether repetitions read what is beyond a bound that moves on, and nothing else changes."""
    first, places = rows[0], places_of_values(rows)
    if first.operation != "SELECT" or first.writes or places is None:
        return False
    changed = changed_places(rows)
    return bool(changed) and all(
        places[number][1] in _BEYOND and _never_goes_back(tuple([row.values[number] for row in rows]))
        for number in changed
    )


def _never_goes_back(bounds: tuple[int, ...]) -> bool:
    """Whether bounds only move on. The order of hashed texts and times is unknown, but none of them may come again."""
    known_numbers = [number_of(bound) for bound in bounds]
    numbers = [number for number in known_numbers if number is not None]
    if len(numbers) == len(known_numbers):
        return all(earlier <= later for earlier, later in pairwise(numbers))
    moves = sum(earlier != later for earlier, later in pairwise(bounds))
    return moves == len({*bounds}) - 1

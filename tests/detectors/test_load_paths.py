"""Which select an eager load is for, of facts made by hand."""

from __future__ import annotations

from query_guard.records import NO_INFO, Entity, Statement
from tests.reports import POSTS, facts_of, statement

EAGER = POSTS._replace(kind="eager")
OF_USERS = NO_INFO._replace(entity="User", entities=(Entity("User", ("User",), False),))


def roots(*rows: Statement) -> list[int | None]:
    """Return the serial of the select that each eager load is for."""
    facts = facts_of(*rows)
    found = [facts.load_paths.of(row).root for row in rows if row.loader is EAGER]
    return [root.serial if root is not None else None for root in found]


def test_each_eager_load_of_one_option_is_for_the_select_before_it() -> None:
    rows = [statement(n, info=OF_USERS) if n % 2 else statement(n, loader=EAGER) for n in (1, 2, 3, 4)]
    assert roots(*rows) == [1, 3]


def test_a_select_on_another_connection_has_no_part_in_an_eager_load() -> None:
    for other in (1, 3):
        of_other = statement(2, info=OF_USERS, connection=other)
        rows = [statement(1, info=OF_USERS, connection=2), of_other, statement(3, loader=EAGER, connection=2)]
        assert roots(*rows) == [1]

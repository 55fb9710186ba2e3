"""Objects of a subclass: what is said of their relationships names them by their own class, not by its base."""

from __future__ import annotations

import pytest

from query_guard.detectors.remedies import loaded_before, remedy_for
from query_guard.records import NO_INFO, Clauses, Entity, FailedLoad, Loader, Statement, Step
from tests.detectors.loads import EXPIRED, REFRESHED, at_line, load, loader, users
from tests.reports import SITE, facts_of, transaction

LINEAGE = ("Author", "User")
OF_AUTHORS: Loader = loader(Step("Author", "posts", True, "Post", LINEAGE, ("Post",)))._replace(parents=LINEAGE)
AUTHOR = Entity("Author", LINEAGE, False)
AUTHORS = NO_INFO._replace(entity="Author", lineage=LINEAGE, entities=(AUTHOR,))
PAIRS = AUTHORS._replace(entities=(AUTHOR, AUTHOR))
GOT = AUTHORS._replace(clauses=Clauses(got=True))
ALL = "select(Author).where(Author.id.in_(values)).options(selectinload(Author.posts))"
POPULATED = f"{ALL}.execution_options(populate_existing=True)"
REFRESH = at_line(20, "refresh")


def again(what: Loader) -> list[Statement]:
    """Return a select, and two of its objects that were read anew, each before its posts."""
    of_authors = what._replace(owner="Author", parents=LINEAGE)
    reads = [load(serial, of_authors, 1, 1, site=at_line(15), transaction=2, start=0.5) for serial in (2, 4)]
    loads = [load(row.serial + 1, OF_AUTHORS, row.serial, start=0.6) for row in reads]
    return [users(info=AUTHORS), *sorted((*reads, *loads), key=lambda row: row.serial)]


def loop(**fields: object) -> list[Statement]:
    return [load(serial, OF_AUTHORS, **fields) for serial in (2, 3)]  # type: ignore[arg-type]  # fields of any type


CODES: dict[str, tuple[list[Statement], str]] = {
    "added": (loop(loaded_by=0), ALL),
    "got, and refreshed by name": ([users(info=GOT, site=at_line(10, "get")), *loop(site=REFRESH)], ALL),
    "refreshed": (again(REFRESHED), POPULATED),
    "expired": (again(EXPIRED), ALL),
}
ENDED = transaction(end=0.1, outcome="rolled back")


@pytest.mark.parametrize(("rows", "code"), CODES.values(), ids=CODES)
def test_they_are_loaded_again_by_a_select_of_their_class(rows: list[Statement], code: str) -> None:
    found = remedy_for([row for row in rows if row.loader is OF_AUTHORS], facts_of(*rows, transactions=(ENDED,)))
    assert found.code == code
    assert found.advice.endswith(code)


def test_an_option_that_cannot_be_written_belongs_to_a_select_of_their_class() -> None:
    rows = [users(info=PAIRS), *loop()]
    assert remedy_for(rows[1:], facts_of(*rows)).advice == (
        "Load Author.posts ahead, with selectinload() on the select that loads its Author"
    )
    failed = FailedLoad(9, OF_AUTHORS, SITE, None, 1, 1, "forbidden")
    assert loaded_before(failed, OF_AUTHORS, facts_of(rows[0])).advice == (
        "Load Author.posts ahead, with the select of its Author"
    )


def test_a_load_that_failed_is_made_up_for_by_a_refresh_of_an_object_of_their_class() -> None:
    failed = FailedLoad(9, OF_AUTHORS, SITE, None, 1, 0, "greenlet")
    assert loaded_before(failed, OF_AUTHORS, facts_of()).code == 'await session.refresh(author, ["posts"])'

"""An attribute that could not be loaded, where the application caught the error and loaded it then."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Finding
from query_guard.detectors import MissingGreenlet
from query_guard.records import NOWHERE, FailedLoad, Loader, Silence, Statement
from tests.reports import POSTS, REQUEST, SITE, facts_of, statement

EXPIRED = Loader("expired", "User", "", False, (), ("User",))
NAME = Loader("column", "User", "name", False, (), ("User",))
NOT_LOADED = "User.posts was not loaded when it was read, and an AsyncSession cannot load it without await"
CAUGHT = f"{NOT_LOADED}; it was caught, and loaded then at crud.py:31"


def failed(serial: int = 2, loaded_by: int | None = 1, **fields: Any) -> FailedLoad:
    return FailedLoad(serial, POSTS, SITE, "endpoint", 1, loaded_by)._replace(**fields)


def judged(*rows: Statement, loads: tuple[FailedLoad, ...] = (failed(),), **of_request: Any) -> Finding | Silence:
    facts = facts_of(statement(1), *rows, failed_loads=loads, request=REQUEST._replace(**of_request))
    (found,) = MissingGreenlet()(facts)
    return found


def told(*rows: Statement, **fields: Any) -> tuple[str, str]:
    found = judged(*rows, **fields)
    assert isinstance(found, Finding)
    return found.severity, found.summary


def loaded(serial: int = 2, loaded_by: int | None = 1, **fields: Any) -> Statement:
    return statement(serial, **{"loader": POSTS, "owner": 1, "loaded_by": loaded_by, **fields})


@pytest.mark.parametrize(
    ("fields", "is_caught"),
    [
        ({}, True),
        ({"serial": 3}, True),
        ({"loader": POSTS._replace(kind="refresh", path=())}, True),
        ({"loader": None}, False),
        ({"loader": NAME}, False),
        ({"loader": POSTS._replace(attribute="drafts")}, False),
        ({"loader": POSTS._replace(owner="Author")}, False),
        ({"loaded_by": 9}, False),
        ({"loaded_by": None}, False),
    ],
)
def test_it_was_caught_if_the_same_attribute_of_the_same_objects_was_loaded_then(
    fields: dict[str, Any], is_caught: bool
) -> None:
    assert told(loaded(**fields)) == (("info", CAUGHT) if is_caught else ("warning", NOT_LOADED))


def test_what_was_loaded_before_is_no_retry() -> None:
    assert told(loaded(2), loads=(failed(3),)) == ("warning", NOT_LOADED)
    assert told(loaded(2), loads=(failed(2), failed(3))) == ("warning", NOT_LOADED), "it failed again"
    assert told(loaded(2), loaded(3), loads=(failed(2), failed(3))) == ("info", CAUGHT)


def test_what_was_loaded_before_the_first_failure_is_none_of_the_retries() -> None:
    found = judged(loaded(2, owner=7), loaded(4), loads=(failed(3),))
    assert isinstance(found, Finding)
    assert found.statements == (4,)


def test_a_load_of_an_earlier_object_is_none_of_the_retries() -> None:
    found = judged(loaded(2), statement(3), loaded(4, loaded_by=3), loads=(failed(3, loaded_by=3),))
    assert isinstance(found, Finding)
    assert (found.severity, found.statements) == ("info", (4,))


@pytest.mark.parametrize("of_request", [{"status": 500}, {"exception": "MissingGreenlet"}, {"cancelled": True}])
def test_a_request_that_failed_has_not_caught_it(of_request: dict[str, Any]) -> None:
    assert told(loaded(), **of_request) == ("warning", NOT_LOADED)


@pytest.mark.parametrize(
    ("reload", "is_caught"),
    [
        ({}, True),
        ({"loader": EXPIRED._replace(kind="refresh")}, True),
        ({"loader": EXPIRED._replace(kind="column")}, False),
        ({"loader": EXPIRED._replace(kind="lazy")}, False),
        ({"loader": EXPIRED._replace(parents=("Post",))}, False),
        ({"loader": None}, False),
        ({"loaded_by": 9}, False),
    ],
)
def test_an_expired_object_is_loaded_again_first(reload: dict[str, Any], is_caught: bool) -> None:
    again = statement(2, **{"loader": EXPIRED, "owner": 1, "loaded_by": 1, **reload})
    assert told(again, loaded(3, loaded_by=2))[0] == ("info" if is_caught else "warning")


def test_what_was_loaded_then_for_several_objects_is_judged_as_a_loop() -> None:
    loads = (failed(2, phase="dependency"), failed(3))
    found = judged(loaded(2, owner=1), loaded(3, owner=2), loads=loads)
    assert isinstance(found, Silence)
    assert found.reason == "not missing_greenlet: it was caught, and 2 statements loaded User.posts then"
    assert (found.site, found.count, found.statements) == (SITE, 2, (2, 3))
    assert isinstance(judged(loaded(2), loaded(3), loads=loads), Finding), "for one object"


def test_the_line_that_loaded_it_first_is_named() -> None:
    later = SITE._replace(key=9, frames=(SITE.frames[0]._replace(line=40),))
    assert told(loaded(2), loaded(3, site=later)) == ("info", CAUGHT)
    assert told(loaded(2, site=NOWHERE)) == ("info", CAUGHT.removesuffix(" at crud.py:31"))


def test_without_an_attribute_nothing_is_known_but_that_it_was_not_awaited() -> None:
    found = judged(loads=(failed(loader=None),))
    assert isinstance(found, Finding)
    assert (found.summary, found.fix, found.relationship) == (
        "The database was used outside SQLAlchemy's greenlet", "Await it through AsyncSession", None,
    )  # fmt: skip
    whole = judged(loads=(failed(loader=EXPIRED),))
    assert isinstance(whole, Finding)
    assert (whole.summary.partition(" was ")[0], whole.relationship) == ("User", None)


def test_each_line_and_each_attribute_is_a_finding_of_its_own() -> None:
    loads = (failed(2), failed(3), failed(4, loader=NAME), failed(5, site=NOWHERE), failed(6, failure="detached"))
    found = [one for one in MissingGreenlet()(facts_of(statement(1), failed_loads=loads)) if isinstance(one, Finding)]
    assert [(finding.relationship, finding.count) for finding in found] == [
        ("User.posts", 2),
        (None, 1),
        ("User.posts", 1),
    ]

"""The readable report and the one sentence, word for word."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from query_guard.detectors import NPlusOne
from query_guard.document.sentence import sentence
from query_guard.judge.verdict import judge
from query_guard.records import NO_INFO, CallSite, Entity, Finding, Frame, Pool, Report, Request
from query_guard.reporters.text import TextReporter, render
from tests.reports import ENGINE, POSTS, checkout, facts_of, report_with, statement


def looping() -> Report:
    of_users = NO_INFO._replace(entity="User", lineage=("User",), entities=(Entity("User", ("User",), False),))
    users = statement(
        1,
        sql="SELECT users.id FROM users",
        fingerprint="u",
        tables=("users",),
        duration=0.002,
        info=of_users,
        rows=100,
    )
    posts = [statement(n, loader=POSTS, owner=n, loaded_by=1) for n in range(2, 102)]
    facts = facts_of(
        users, *posts, checkouts=(checkout(hold=0.12),), pools=(Pool(1, ENGINE, "AsyncAdaptedQueuePool", 5, 1, 0),)
    )
    return report_with(*judge(facts, [NPlusOne()])[0], facts=facts)


READABLE = """\
GET /users: 101 queries, 100 of them from crud.py:31; selectinload(User.posts) makes it 2 and saves about 99 ms
  status 200; 50.0 ms; 102.0 ms in the database; 1 checkout, waited 0.0 ms, held 120.0 ms, 1 of 5 checked out; \
report 0123456789abcdef

  warning n_plus_one: User.posts was loaded 100 times, once for each object of a loop: SELECT posts.id FROM posts \
WHERE posts.autho\N{HORIZONTAL ELLIPSIS}
    at crud.py:31 in load_posts
    called from routers/users.py:12 in list_users
    fix: Add .options(selectinload(User.posts)) to the select at crud.py:31

   100 x    100.0 ms  SELECT posts.id FROM posts WHERE posts.author_id = ?                    crud.py:31
     1 x      2.0 ms  SELECT users.id FROM users                                              crud.py:31
"""


def test_the_readable_report_word_for_word() -> None:
    assert render(looping()) == READABLE


def test_it_can_be_printed_to_any_stream() -> None:
    stream = io.StringIO()
    TextReporter(stream)(looping())
    assert stream.getvalue() == READABLE + "\n"


def test_a_good_request_in_one_sentence() -> None:
    assert sentence(report_with(facts=facts_of(statement()))) == "GET /users: 1 query in 1.0 ms"


def test_a_request_without_a_route_does_not_show_its_path() -> None:
    request = Request("http", "GET", "/users/secret", None, 404)
    assert sentence(report_with(facts=facts_of(request=request))) == "GET (no route): 0 queries in 0.0 ms"


def test_a_slow_statement_in_one_sentence() -> None:
    finding = Finding("slow", "warning", "SELECT took 300 ms: SELECT 1", "Mend it", statement().site, statements=(1,))
    told = sentence(report_with(finding, facts=facts_of(statement(), statement(2))))
    assert told == "GET /users: 2 queries, one of them from crud.py:31; SELECT took 300 ms"


def loop(attribute: str, *, line: int, **fields: Any) -> Finding:
    site = CallSite(line, (Frame("crud.py", line, "load", 1),), "", False)
    given: dict[str, Any] = {"saved_statements": 9, "count": 10, "saving": 0.01, "statements": (1,), **fields}
    return Finding("n_plus_one", "warning", f"{attribute} was loaded", "Mend it", site, relationship=attribute, **given)


FIRST = loop("User.posts", line=23)


@pytest.mark.parametrize(
    "other",
    [
        loop("User.tags", line=24),
        loop("User.tags", line=23),
        loop("User.tags", line=23, statements=(11,)),
        loop("User.tags", line=11, count=9),
        loop("User.tags", line=11, count=99, saved_statements=8),
    ],
)
@pytest.mark.parametrize("saving", [0.001, 5.0])
def test_which_finding_took_longer_does_not_change_the_headline(other: Finding, saving: float) -> None:
    found = sorted([FIRST, replace(other, saving=saving)], key=lambda finding: -finding.saving)
    told = sentence(report_with(*found, facts=facts_of(statement(), query_count=21)))
    assert told == "GET /users: 21 queries, 10 of them from crud.py:23; User.posts was loaded"


def test_the_headline_is_that_of_an_error_where_there_is_one() -> None:
    error = replace(FIRST, severity="error", summary="It failed", saved_statements=0, count=1, saving=0.0)
    told = sentence(report_with(FIRST, error, facts=facts_of(statement(), query_count=21)))
    assert told == "GET /users: 21 queries, one of them from crud.py:23; It failed"


def test_the_headline_of_findings_without_statements_is_the_same_in_any_order() -> None:
    waits = [Finding(kind, "warning", f"{kind} took long", "Mend it") for kind in ("one", "two")]
    told = {sentence(report_with(*order, facts=facts_of(statement()))) for order in (waits, waits[::-1])}
    assert told == {"GET /users: 1 query in 1.0 ms; one took long"}


def test_hostile_text_stays_on_its_line() -> None:
    finding = Finding("evil", "warning", "one\ntwo\x1b[31m", "three\r\nfour")
    text = render(report_with(finding))
    assert "one\N{REPLACEMENT CHARACTER}two" in text
    assert "\x1b" not in text
    assert len(text.splitlines()) == 5


def test_what_was_dropped_is_said() -> None:
    text = render(report_with(facts=facts_of(statement(), query_count=8, dropped=7)))
    assert "7 more statements were counted without details" in text

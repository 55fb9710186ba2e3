"""What may be allowed, where, and what is said of an allowance that nothing needs."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.pool import QueuePool, StaticPool

from query_guard import Allowance, Finding, QueryGuard, Report, allow, record
from query_guard.judge.allowances import allowance_for, parse_allowances
from query_guard.recording import Recording
from query_guard.records import CallSite, Frame
from query_guard.testing import assert_no_findings, record_queries

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
SITE = CallSite(
    1, (Frame("app/crud.py", 31, "load", 28), Frame("app/routers/users.py", 12, "list_users", 9)), "", False
)
FINDING = Finding("n_plus_one", "warning", "summary", "fix", site=SITE, relationship="Post.author")


def loop() -> None:
    with engine.connect() as connection:
        for number in range(3):
            connection.execute(text("SELECT :n"), {"n": number})


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("Post.author", True),
        ("Post.tags", False),
        ("n_plus_one", True),
        ("slow_statement", False),
        ("n_plus_one:crud.py", True),
        ("n_plus_one:app/crud.py:load", True),
        ("n_plus_one:users.py:list_users", True),
        ("n_plus_one:crud.py:list_users", False),
        ("n_plus_one:ud.py", False),
        ("n_plus_one:app/*", True),
        ("n_plus_one:*/routers/*.py", True),
        ("n_plus_one:routers/*:list_users", True),
        ("n_plus_one:routers/*:load", False),
        ("n_plus_one:outers/*", False),
        ("n_plus_one:app/*.html", False),
        ("slow_statement:app/*", False),
    ],
)
def test_patterns(pattern: str, matches: bool) -> None:
    assert (allowance_for(FINDING, parse_allowances("test", [pattern])) is not None) is matches


@pytest.mark.parametrize(
    ("pattern", "file", "matches"),
    [
        ("app/[id]/*", "app/[id]/page.py", True),
        ("app/[id]/*", "app/i/page.py", False),
        ("pag?/*", "page/crud.py", False),
        ("**/v1/*", "app/v1/crud.py", True),
        ("app/*", r"app\crud.py", True),
        ("app/crud.py", r"src\app\crud.py", True),
        (r"app\crud.py", "app/crud.py", True),
    ],
)
def test_only_the_asterisk_is_special_in_a_path_of_any_system(pattern: str, file: str, matches: bool) -> None:
    site = SITE._replace(frames=(Frame(file, 31, "load", 28),))
    allowance = Allowance(f"n_plus_one:{pattern}")
    assert allowance.covers(replace(FINDING, site=site)) is matches


@pytest.mark.parametrize("wrong", ["", "Post.author.name", "n_plus_one:crud", "n_plus_one:legacy/", 5, "a b"])
def test_a_wrong_pattern_is_refused(wrong: Any) -> None:
    with (
        pytest.raises(ValueError, match=r"allow: an allowance must be a relationship \('Post.author'\), a kind"),
        allow(wrong),
    ):
        pass
    with pytest.raises(ValueError, match="QueryGuard: an allowance must be"):
        QueryGuard(lambda *_: None, allow=[wrong])  # type: ignore[arg-type]  # a wrong type: that is tested


def test_a_text_is_no_sequence_of_patterns() -> None:
    with pytest.raises(ValueError, match="QueryGuard: allow must be a sequence of texts, such as"):
        QueryGuard(lambda *_: None, allow="Post.author")  # type: ignore[arg-type]  # a wrong type: that is tested


def test_a_block_allows_what_is_sent_in_it() -> None:
    with assert_no_findings() as recording, allow("n_plus_one:test_allowances.py:loop"):
        loop()
    assert [silence.reason for silence in recording.report.silences] == [
        "n_plus_one is allowed by 'n_plus_one:test_allowances.py:loop'"
    ]


def asked(*numbers: int) -> None:
    with engine.connect() as connection:
        for number in numbers:
            connection.execute(text("SELECT :n"), {"n": number})


def allowed_and_asked(*numbers: int) -> None:
    with allow("n_plus_one"):
        asked(*numbers)


def kinds(recording: Recording) -> list[str]:
    return [finding.kind for finding in recording.report.findings]


def test_a_block_allows_nothing_that_is_sent_outside_of_it() -> None:
    with record() as recording:
        allowed_and_asked(1, 2, 3)
        asked(1, 2, 3)
    assert kinds(recording) == ["n_plus_one"]


def test_a_loop_that_is_only_in_part_in_the_block_is_found() -> None:
    with record() as recording:
        for number in range(4):
            with allow("n_plus_one") if number else nullcontext():
                asked(number)
    assert kinds(recording) == ["n_plus_one", "stale_allowance"]


def test_a_loop_whose_every_pass_is_a_block_is_allowed() -> None:
    with record() as recording:
        for number in range(40):
            allowed_and_asked(number)
    assert kinds(recording) == []
    assert [(silence.reason, silence.count) for silence in recording.report.silences] == [
        ("n_plus_one is allowed by 'n_plus_one'", 40)
    ]


@pytest.mark.asyncio
async def test_a_task_beside_the_block_is_not_allowed() -> None:
    async def allowed_task() -> None:
        with allow("n_plus_one"):
            for number in range(3):
                asked(number)
                await asyncio.sleep(0)

    async def task_beside() -> None:
        for number in range(3):
            asked(number)
            await asyncio.sleep(0)

    with record() as recording:
        await asyncio.gather(allowed_task(), task_beside())
    (finding,) = recording.report.findings
    assert finding.site.frames[1].function == "task_beside"


@pytest.mark.asyncio
async def test_the_tasks_and_threads_of_the_block_are_allowed() -> None:
    with record() as recording, allow("n_plus_one"):
        await asyncio.gather(*[asyncio.to_thread(asked, number) for number in range(3)])
        await asyncio.create_task(asyncio.to_thread(asked, 4, 5, 6))
    assert kinds(recording) == []


def test_the_windows_around_one_another_all_know_of_the_block() -> None:
    with record_queries() as process, record() as outer, record() as inner:
        allowed_and_asked(1, 2, 3)
    assert (kinds(process), kinds(outer), kinds(inner)) == ([], [], [])
    with record() as outer:
        for _ in range(2):
            with record() as inner:
                allowed_and_asked(1, 2, 3)
            assert kinds(inner) == []
        asked(1, 2, 3)
    assert kinds(outer) == ["n_plus_one"]


def test_a_block_in_a_block_and_a_block_where_nothing_is_recorded() -> None:
    allowed_and_asked(1, 2, 3)
    with record() as recording, allow("duplicate_statement"):
        allowed_and_asked(1, 2, 3)
        asked(7)
        asked(7)
    assert kinds(recording) == []


def test_a_connection_that_is_lost_in_the_block_is_allowed_and_no_other() -> None:
    pool = create_engine("sqlite://", poolclass=QueuePool, pool_size=5)

    def keep() -> Any:
        return pool.connect()

    app = FastAPI()
    reports: list[Report] = []
    app.add_middleware(QueryGuard, reporters=[reports.append])
    kept: list[Any] = []

    @app.get("/in")
    def inside() -> None:
        with allow("connection_leak"):
            kept.append(keep())

    @app.get("/out")
    def outside() -> None:
        with allow("connection_leak"):
            pass
        kept.append(keep())

    with TestClient(app) as client:
        client.get("/in")
        client.get("/out")
    leaks = [[finding.kind for finding in report.findings if finding.kind == "connection_leak"] for report in reports]
    for connection in kept:
        connection.close()
    pool.dispose()
    assert leaks == [[], ["connection_leak"]]


def test_a_window_inside_the_block_inherits_it() -> None:
    with allow("n_plus_one"), record() as recording:
        loop()
    assert recording.report.findings == ()


def test_an_allowance_ends_with_its_block() -> None:
    with allow("n_plus_one"):
        pass
    with record() as recording:
        loop()
    assert [finding.kind for finding in recording.report.findings] == ["n_plus_one"]


def test_an_allowance_that_matches_nothing_is_reported_as_stale() -> None:
    with record() as recording, allow("Post.author"):
        pass
    (finding,) = recording.report.findings
    assert (finding.severity, finding.summary) == ("info", "The allowance 'Post.author' matched nothing")


def test_a_reason_is_reported_where_the_finding_would_have_been() -> None:
    with record() as recording, allow(Allowance("n_plus_one", reason="one of each")):
        loop()
    assert recording.report.findings == ()
    assert [silence.reason for silence in recording.report.silences] == [
        "n_plus_one is allowed by 'n_plus_one': one of each"
    ]


@pytest.mark.parametrize(
    ("until", "over"),
    [
        (None, False),
        (date(2026, 1, 31), False),
        ("2026-01-31", False),
        (date(2026, 2, 1), False),
        (date(2026, 1, 30), True),
        ("2025-12-31", True),
    ],
)
def test_an_allowance_holds_until_its_last_day(until: Any, over: bool) -> None:
    assert Allowance("n_plus_one", until=until).is_over_on(date(2026, 1, 31)) is over


@pytest.mark.parametrize(("until", "expired"), [("2020-01-31", True), ("9999-12-31", False), (None, False)])
def test_an_allowance_expires_by_the_calendar(until: Any, expired: bool) -> None:
    assert Allowance("n_plus_one", until=until).has_expired is expired


def test_an_expired_allowance_allows_no_longer_and_is_not_stale() -> None:
    with pytest.raises(AssertionError) as raised:
        with assert_no_findings(), allow(Allowance("n_plus_one", reason="one of each", until="2020-01-31")):
            loop()
    assert str(raised.value).endswith(
        "; the allowance 'n_plus_one' (one of each) expired on 2020-01-31: renew it, or fix this"
    )
    with record() as recording, allow(Allowance("n_plus_one", until="2020-01-31")):
        loop()
    assert [finding.kind for finding in recording.report.findings] == ["n_plus_one"]


def test_an_allowance_that_holds_goes_before_one_that_has_expired() -> None:
    expired, holds = Allowance("n_plus_one", until="2020-01-31"), Allowance("n_plus_one")
    assert allowance_for(FINDING, [expired, holds]) is holds
    assert (expired.matched, holds.matched) == (0, 1)
    assert allowance_for(FINDING, [expired]) is expired
    assert allowance_for(FINDING, [Allowance("other"), expired, replace(expired)]) is expired


def test_each_use_of_an_allowance_counts_for_itself() -> None:
    shared = Allowance("n_plus_one")
    for _ in range(2):
        with record() as recording, allow(shared):
            pass
        assert [finding.kind for finding in recording.report.findings] == ["stale_allowance"]
        with record() as recording, allow(shared):
            loop()
        assert recording.report.findings == ()
    assert shared.matched == 0


@pytest.mark.parametrize("until", ["tomorrow", "31.01.2027", 20270131, datetime(2027, 1, 31)])
def test_a_wrong_date_is_refused(until: Any) -> None:
    with pytest.raises(ValueError, match="the allowance 'Post.author' must end on a date, such as '2027-01-31', not "):
        Allowance("Post.author", until=until)


def test_a_wrong_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="the reason of the allowance 'Post.author' must be a text, not 5"):
        Allowance("Post.author", reason=5)  # type: ignore[arg-type]  # a wrong type: that is tested


def test_the_middleware_takes_them_too() -> None:
    QueryGuard(lambda *_: None, allow=[Allowance("Post.author", reason="one a page"), "n_plus_one"])  # type: ignore[arg-type]  # no ASGI application is needed
    with pytest.raises(ValueError, match="QueryGuard: allow must be a sequence of texts"):
        QueryGuard(lambda *_: None, allow=Allowance("Post.author"))  # type: ignore[arg-type]  # a wrong type: that is tested

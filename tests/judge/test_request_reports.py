"""The reports of the requests in a block: whole while there is room, then only what is new."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from query_guard.judge import request_reports
from query_guard.judge.request_reports import RequestReports
from query_guard.records import Facts, Finding, Report, Silence
from tests.reports import REQUEST, SITE, checkout, facts_of, statement, transaction

LOOP = Finding("n_plus_one", "warning", "often", "fix", site=SITE, relationship="User.posts")


def report(serial: int, *findings: Finding, **fields: Any) -> Report:
    facts = facts_of(**{"serial": serial, "query_count": 3, "driver_calls": 4, "query_time": 0.5, **fields})
    return Report(str(serial), 0.0, facts, findings, (Silence("n_plus_one", "no fault", SITE, 2, ()),))


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({}, 3),
        ({"statements": (statement(),)}, 2),
        ({"checkouts": (checkout(),)}, 2),
        ({"transactions": (transaction(),)}, 2),
        ({"statements": (statement(),) * 4, "checkouts": (checkout(),) * 2, "transactions": (transaction(),) * 2}, 1),
    ],
)
def test_each_row_of_a_report_takes_room(fields: dict[str, Any], kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_reports, "MOST_BYTES", 7_000)
    reports = RequestReports()
    for serial in range(5):
        one = Report(str(serial), 0.0, Facts(**{"request": REQUEST, "duration": 0.1, "statements": (), **fields}))
        reports.add(one)
    assert [each.id for each in reports.kept] == [str(serial) for serial in range(kept)]


def test_without_room_only_new_findings_are_kept_and_statements_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_reports, "MOST_BYTES", 1)
    reports = RequestReports()
    others = [
        replace(LOOP, relationship="User.groups"), replace(LOOP, kind="other"), replace(LOOP, summary="more often"),
    ]  # fmt: skip
    for serial, findings in enumerate([(LOOP,), (LOOP,), (LOOP, *others), (others[1],), ()], 1):
        reports.add(report(serial, *findings))
    assert [(each.id, each.findings) for each in reports.kept] == [("1", (LOOP,)), ("3", tuple(others[:2]))]
    assert reports.counted == {"GET /users": 9}
    facts = reports.kept[1].facts
    assert (facts.query_count, facts.driver_calls, facts.query_time, facts.dropped, facts.serial) == (3, 4, 0.5, 3, 3)
    assert (reports.kept[0].silences != (), reports.kept[1].silences) == (True, ())


def test_the_same_finding_of_another_route_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_reports, "MOST_BYTES", 1)
    reports = RequestReports()
    for serial, route in enumerate(("/users", "/posts", "/users"), 1):
        reports.add(report(serial, LOOP, request=REQUEST._replace(route=route)))
    assert [each.id for each in reports.kept] == ["1", "2"]
    assert reports.counted == {"GET /users": 3}


@pytest.mark.parametrize(
    ("fields", "failed"), [({}, set()), ({"status": 500}, {7}), ({"cancelled": True}, {7}), ({"status": 404}, set())]
)
def test_requests_that_failed_are_noted(fields: dict[str, Any], failed: set[int]) -> None:
    reports = RequestReports()
    reports.add(report(7, request=REQUEST._replace(**fields)))
    assert reports.failed == failed


def test_no_more_than_so_many_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_reports, "MOST_BYTES", 1)
    monkeypatch.setattr(request_reports, "_MOST_GROUPS", 2)
    reports = RequestReports()
    for serial in range(1, 5):
        reports.add(report(serial, LOOP, request=REQUEST._replace(route=f"/{serial}", status=500)))
    assert reports.failed == {1, 2}
    assert [each.id for each in reports.kept] == ["1", "2"]
    assert reports.counted == {"GET /3": 3, "GET /4": 3}

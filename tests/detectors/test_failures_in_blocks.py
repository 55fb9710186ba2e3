"""When a block, which has no answer, has dealt with a statement that failed."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors import FailedStatement
from query_guard.records import NOWHERE, CallSite, Frame, Statement, Transaction
from tests.reports import REQUEST, SITE, facts_of, statement, transaction

BLOCK = REQUEST._replace(kind="block", status=None)
ELSEWHERE = CallSite(57, (Frame("users.py", 57, "list_users", 50),), "router", False)
LATER_LINE = SITE._replace(key=40, frames=(Frame("crud.py", 40, "load_tags", 38), SITE.frames[-1]._replace(line=15)))
OPEN = transaction(outcome="open")


def severities(*rows: Statement, ends: tuple[Transaction, ...] = (OPEN,), **fields: Any) -> list[str]:
    facts = facts_of(*rows, transactions=ends, request=BLOCK._replace(**fields))
    return [finding.severity for finding in FailedStatement()(facts)]


def failed(serial: int = 1, **fields: Any) -> Statement:
    return statement(serial, error="DataError", **fields)


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({}, "info"),
        ({"outcome": "rolled back"}, "warning"),
        ({"outcome": "failed"}, "warning"),
        ({"outcome": "open"}, "warning"),
        ({"serial": 2}, "warning"),
        ({"serial": 0}, "warning"),
    ],
)
def test_a_transaction_that_was_committed_all_the_same(fields: dict[str, Any], severity: str) -> None:
    assert severities(failed(), ends=(transaction(serial=9), transaction(**fields))) == [severity]


OTHER: dict[str, Any] = {"fingerprint": "other", "site": ELSEWHERE}
GOES_ON: dict[str, Any] = {"fingerprint": "other", "site": LATER_LINE}


@pytest.mark.parametrize(
    ("later", "severity"),
    [
        ({"site": ELSEWHERE}, "info"),
        ({"site": ELSEWHERE, "error": "DataError"}, "warning"),
        (OTHER, "warning"),
        ({**OTHER, "fingerprint": "another"}, "warning"),
        (GOES_ON, "info"),
        ({**GOES_ON, "task": 0}, "warning"),
        ({**GOES_ON, "task": 2}, "warning"),
        ({**GOES_ON, "start": 0.5}, "info"),
        ({**GOES_ON, "start": 0.4}, "warning"),
        ({**GOES_ON, "site": NOWHERE}, "warning"),
        ({**GOES_ON, "site": LATER_LINE._replace(frames=LATER_LINE.frames[:1])}, "warning"),
        ({**GOES_ON, "site": LATER_LINE._replace(frames=SITE.frames[:1])}, "warning"),
        (
            {**GOES_ON, "site": LATER_LINE._replace(frames=(SITE.frames[-1]._replace(file="other.py"),))},
            "warning",
        ),
        (
            {**GOES_ON, "site": LATER_LINE._replace(frames=(SITE.frames[-1]._replace(first_line=8),))},
            "warning",
        ),
    ],
)
def test_a_later_statement_that_is_the_same_or_of_the_same_function(later: dict[str, Any], severity: str) -> None:
    """The failed one began at 0.25 s and took as long."""
    given = {"start": 0.6, **later}
    found = severities(failed(start=0.25, duration=0.25), statement(2, **given))
    assert found[0] == severity


def test_an_earlier_statement_deals_with_nothing() -> None:
    assert severities(statement(1), failed(2)) == ["warning"]
    assert severities(statement(1, **GOES_ON), failed(2, start=0.0, duration=0.0)) == ["warning"]


def test_a_statement_of_which_no_line_is_known_goes_on_nowhere() -> None:
    assert severities(failed(site=NOWHERE), statement(2, fingerprint="other", start=1.0)) == ["warning"]
    assert severities(failed(site=NOWHERE), statement(2, fingerprint="other", site=NOWHERE, start=1.0)) == ["warning"]


def test_each_failure_must_have_been_dealt_with() -> None:
    again = statement(2, transaction=3)
    ends = (transaction(serial=1), transaction(serial=2, outcome="rolled back"))
    assert severities(failed(), again, failed(3), ends=ends) == ["info"]
    assert severities(failed(), again, failed(3, transaction=2), ends=ends) == ["warning"]


@pytest.mark.parametrize(
    ("request_of", "severity"),
    [
        ({"kind": "http", "status": 404}, "info"),
        ({"kind": "http", "status": 200, "exception": "LookupError"}, "warning"),
        ({"kind": "http", "status": 200, "cancelled": True}, "warning"),
        ({"kind": "http"}, "warning"),
        ({"kind": "websocket"}, "warning"),
        ({"is_call": True}, "info"),
        ({"kind": "http", "is_call": True}, "info"),
        ({}, "info"),
    ],
)
def test_a_block_that_committed_a_request_that_was_answered_and_a_call(
    request_of: dict[str, Any], severity: str
) -> None:
    assert severities(failed(), ends=(transaction(),), **request_of) == [severity]


def test_each_error_of_a_statement_is_a_finding_of_its_own() -> None:
    rows = [failed(1), statement(2, error="CheckViolation"), failed(3)]
    found = list(FailedStatement()(facts_of(*rows, request=BLOCK)))
    assert [finding.statements for finding in found] == [(1, 3), (2,)]

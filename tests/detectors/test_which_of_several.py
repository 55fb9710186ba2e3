"""A finding of several rows is of the phase and the request of one of them: the first, the last or the worst."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Facts, Finding
from query_guard.detectors import (
    BlockingDriver,
    CartesianProduct,
    CommitAfterResponse,
    CommitPerRow,
    ConnectionLeak,
    CountedCollection,
    Detector,
    FailedStatement,
    IdleInTransaction,
    LargeResult,
    LatentNPlusOne,
    LostWrite,
    MissingGreenlet,
    NestedCheckout,
    PoolSettings,
    PoolTimeout,
    PoolWait,
    SharedSession,
    SlowStatement,
    SplitTransaction,
    StatementBudget,
    UnloadedAttribute,
    WriteInReadRequest,
)
from query_guard.records import (
    NO_INFO,
    NOWHERE,
    CallSite,
    Checkout,
    FailedLoad,
    Frame,
    Holder,
    Phase,
    Read,
    Statement,
    Transaction,
)
from tests.reports import POSTS, REQUEST, SITE, checkout, facts_of, pool, statement, transaction

PHASES: tuple[Phase, ...] = ("dependency", "endpoint", "serialization")
ELSEWHERE = CallSite(57, (Frame("users.py", 57, "list_users", 50),), "router", False)
GAVE_BACK = (Holder(2, "GET /posts", NOWHERE, 0.1, 0.0, "then returned", suspected=False),)
SIBLINGS = NO_INFO._replace(joined=(("Post.comments",), ("Post.tags",)))
WRITES: dict[str, Any] = {"operation": "INSERT", "sql": "INSERT INTO posts", "writes": ("posts",), "rows": 1}
FIRST, MIDDLE, LAST = ("dependency", 1), ("endpoint", 2), ("serialization", 3)


def rows(middle: dict[str, Any] | None = None, **fields: Any) -> list[Statement]:
    """Return three statements of as many phases and requests; `middle` are the fields of the second."""
    return [
        statement(n, **{"phase": phase, "request": n, **fields, **((middle or {}) if n == 2 else {})})
        for n, phase in enumerate(PHASES, 1)
    ]


def checkouts(middle: dict[str, Any] | None = None, **fields: Any) -> tuple[Checkout, ...]:
    return tuple(
        checkout(**{"serial": n, "phase": phase, "request": n, **fields, **((middle or {}) if n == 2 else {})})
        for n, phase in enumerate(PHASES, 1)
    )


def transactions(**fields: Any) -> tuple[Transaction, ...]:
    return tuple(
        transaction(**{"serial": n, "phase": phase, "request": n, **fields}) for n, phase in enumerate(PHASES, 1)
    )


def failed_loads(failure: Any) -> tuple[FailedLoad, ...]:
    return tuple(FailedLoad(n, POSTS, SITE, phase, n, None, failure) for n, phase in enumerate(PHASES, 1))


def idle() -> Facts:
    """Three transactions of a statement each, of which the second is idle longest."""
    sent = [row._replace(transaction=row.serial, start=0.0) for row in rows()]
    whole = [transaction(serial=n, start=0.0, end=end, request=n) for n, end in enumerate((0.2, 0.5, 0.3), 1)]
    return facts_of(*sent, transactions=tuple(whole))


NESTED = (
    checkout(serial=1, hold=0.5, site=SITE),
    *[checkout(serial=n, start=n / 10, hold=0.05, site=ELSEWHERE, phase=phase) for n, phase in enumerate(PHASES, 2)],
)
COUNTS = facts_of(*rows(loader=POSTS), reads=(Read("User.posts", True, (), SITE, 1),))
LOST = transaction(serial=1, outcome="rolled back", ended_by="close", request=3)
LATENT = [statement(9, phase=None), *[row._replace(serial=row.serial + 9) for row in rows(loader=POSTS, loaded_by=9)]]

TABLE: list[tuple[Detector, Facts, tuple[str, int]]] = [
    (BlockingDriver(), facts_of(*rows(blocking=True)), FIRST),
    (CartesianProduct(), facts_of(*rows({"rows": 40}, info=SIBLINGS, rows=30)), MIDDLE),
    (CommitPerRow(), facts_of(transactions=transactions()), FIRST),
    (SplitTransaction(), facts_of(transactions=(*transactions(), transaction(serial=4, site=ELSEWHERE))), MIDDLE),
    (CommitAfterResponse(), facts_of(*[row._replace(transaction=row.serial) for row in rows(**WRITES)],
                                     transactions=transactions(after_response=True)), FIRST),
    (ConnectionLeak(), facts_of(checkouts=checkouts(outcome="leaked", hold=None)), FIRST),
    (CountedCollection(), COUNTS, FIRST),
    (FailedStatement(), facts_of(*rows(error="DataError")), FIRST),
    (IdleInTransaction(), idle(), MIDDLE),
    (LargeResult(), facts_of(*rows({"rows": 30_000}, rows=20_000)), MIDDLE),
    (LatentNPlusOne(), facts_of(*LATENT), FIRST),
    (LostWrite(), facts_of(*rows(**WRITES), transactions=(LOST,)), LAST),
    (MissingGreenlet(), facts_of(failed_loads=failed_loads("greenlet")), FIRST),
    (UnloadedAttribute(), facts_of(failed_loads=failed_loads("detached")), FIRST),
    (SharedSession(), facts_of(failed_loads=tuple(each._replace(request=1) for each in failed_loads("shared"))), FIRST),
    (NestedCheckout(), facts_of(checkouts=NESTED, pools=(pool(),)), FIRST),
    (PoolSettings(), facts_of(checkouts=checkouts(), pools=(pool(pre_ping=False),)), FIRST),
    (PoolTimeout(), facts_of(checkouts=checkouts(outcome="timeout")), LAST),
    (PoolWait(), facts_of(checkouts=checkouts({"wait": 0.8}, wait=0.5, holders=GAVE_BACK)), MIDDLE),
    (SlowStatement(), facts_of(*rows({"duration": 0.8}, duration=0.5)), MIDDLE),
    (WriteInReadRequest(), facts_of(*rows(**WRITES)), FIRST),
]  # fmt: skip


@pytest.mark.parametrize(("detector", "facts", "expected"), TABLE, ids=[type(one).__name__ for one, _, _ in TABLE])
def test_a_finding_is_of_the_phase_and_request_of(detector: Detector, facts: Facts, expected: tuple[str, int]) -> None:
    (finding,) = [one for one in detector(facts) if isinstance(one, Finding)]
    assert (finding.phase, finding.request) == expected


def test_a_budget_is_that_of_the_request_that_sent_the_first() -> None:
    (finding,) = StatementBudget()(facts_of(*rows(), request=REQUEST._replace(budget=1)))
    assert (finding.request, finding.count) == (1, 3)
    (finding,) = StatementBudget()(facts_of(query_count=60))
    assert (finding.request, finding.site) == (0, NOWHERE)


def test_a_shared_session_is_at_the_first_line_that_is_known() -> None:
    loads = [each._replace(request=1) for each in failed_loads("shared")]
    unknown = loads[0]._replace(site=NOWHERE)
    found = [
        [(finding.site, finding.phase) for finding in SharedSession()(facts_of(failed_loads=(unknown, *others)))]
        for others in (loads[1:], [])
    ]
    assert found == [[(SITE, "endpoint")], [(NOWHERE, "dependency")]]

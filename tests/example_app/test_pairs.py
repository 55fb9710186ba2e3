"""Each anti-pattern has its finding and its fixed twin none: through the endpoints, the headers and the reports."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from example_app.demo.promises import broken_promises, evidence, is_calm, is_found
from example_app.demo.visits import Finding, Visit, Visitor
from example_app.routers.anti_patterns.pair import Pair
from example_app.routers.anti_patterns.pairs import PAIRS

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.query_guard(mode="off"),  # one of the anti-patterns exceeds its budget, which fails a test by default
]
each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.title)


async def visits(visitor: Visitor, pair: Pair) -> tuple[Visit, Visit]:
    bad = await visitor.visit_until(pair, pair.bad, partial(is_found, pair))
    return bad, await visitor.visit_until(pair, pair.fixed, partial(is_calm, pair))


@each_pair
async def test_an_anti_pattern_is_found_and_its_twin_is_not_accused(visitor: Visitor, pair: Pair) -> None:
    bad, fixed = await visits(visitor, pair)
    bad = await visitor.try_fixes(pair, bad)
    assert list(broken_promises(pair, bad, fixed)) == []
    finding = evidence(pair, bad)
    assert (finding is None) == (pair.proof is not None)
    lines = (ROOT / finding["file"]).read_text().splitlines() if finding and finding["file"] else ["none is promised"]
    assert lines[finding["line"] - 1 if finding and finding["file"] else 0].strip() != ""


async def test_a_holder_that_waits_for_a_service_is_distinguished_from_a_busy_machine(
    visitor: Visitor,
) -> None:
    (pair,) = (pair for pair in PAIRS if pair.twin_proof is not None)
    bad, fixed = await visits(visitor, pair)
    assert pair.twin_proof is not None
    assert [pair.twin_proof(report) for report in fixed.reports] == [None] * 6
    assert None not in [pair.twin_proof(report) for report in bad.reports]
    waited: list[Finding] = [{**finding, "kind": pair.look_for, "severity": "warning"} for finding in bad.findings]
    busy = replace(fixed, reports=({**fixed.reports[0], "findings": waited},))
    assert waited != []
    assert is_calm(pair, busy)
    assert not is_calm(pair, replace(busy, reports=({**bad.reports[0], "findings": []},)))


LOOPS = [pair for pair in PAIRS if pair.look_for in ("n_plus_one", "duplicate_statement", "commit_per_row")]


@pytest.mark.parametrize("pair", LOOPS, ids=lambda pair: pair.title)
async def test_a_twin_sends_fewer_statements(visitor: Visitor, pair: Pair) -> None:
    bad, fixed = await visits(visitor, pair)
    assert fixed.queries * 3 <= bad.queries

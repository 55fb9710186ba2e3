"""Whatever is offered to be pasted is pasted, and held to its promise."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from query_guard import Finding
from tests.oracle.causes import BY_HAND, CAUSES, Cause
from tests.oracle.judging import Figures, fault_of, judge_walks, key_of, loops
from tests.oracle.pasting import replaced
from tests.oracle.programs import walking_program
from tests.oracle.running import World, world
from tests.oracle.statements import judge_statement, looping_program

WALKS, STATEMENTS = 200, 120
SOAKED = int(os.environ.get("QUERY_GUARD_ORACLE_PROGRAMS", "3000"))


@pytest.fixture(scope="module", name="world")
def made_world() -> Iterator[World]:
    with world() as made:
        yield made


def walks(world: World, first: int, number: int) -> Figures:
    figures = Figures()
    for seed in range(first, first + number):
        program = walking_program(seed)
        judge_walks(world, program.source, program.is_async, figures)
    print(figures)
    return figures


def statements(world: World, first: int, number: int) -> Figures:
    figures = Figures()
    for seed in range(first, first + number):
        judge_statement(world, looping_program(seed), figures)
    print(figures)
    return figures


@pytest.mark.once
def test_each_option_that_is_offered_does_what_it_promises(world: World) -> None:
    figures = walks(world, 0, WALKS)
    assert figures.broken == []
    assert figures.offered >= 0.9 * figures.findings > 100


@pytest.mark.once
def test_each_statement_that_is_offered_returns_the_rows_of_the_loop(world: World) -> None:
    figures = statements(world, 0, STATEMENTS)
    assert figures.broken == []
    assert figures.offered > 0.75 * STATEMENTS


@pytest.mark.soak
def test_the_same_of_many_more_programs(world: World) -> None:
    options, statement = walks(world, WALKS, SOAKED), statements(world, STATEMENTS, SOAKED)
    assert (options.broken, statement.broken) == ([], [])
    assert options.offered >= 0.9 * options.findings


@pytest.mark.parametrize("source", BY_HAND.values(), ids=BY_HAND.keys())
def test_the_option_mends_a_loop_of_its_cause(world: World, source: str) -> None:
    is_async = "async def" in source
    before = world.run(source, is_async=is_async)
    offered = [finding for finding in loops(before) if finding.edit is not None]
    assert offered
    for finding in offered:
        assert (
            fault_of(world, _instead(source) if "instead of" in finding.fix else source, is_async, before, finding)
            == ""
        )
        assert finding.saved_statements > 0


def _instead(source: str) -> str:
    """Return a source with what it says to write in the place of some lines."""
    for number, line in enumerate(source.splitlines(), 1):
        if "# INSTEAD: " in line:
            source = replaced(source, number, line.partition("# INSTEAD: ")[2])
    return source


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES.keys())
def test_the_statement_before_mends_a_loop_of_its_cause(world: World, cause: Cause) -> None:
    before = world.run(cause.source, **cause.options)
    finding = _finding_of(cause, loops(before))
    after = world.run(_loaded_before(cause, finding), **cause.options)
    assert after.out == before.out
    assert after.report.query_count == before.report.query_count - finding.saved_statements
    assert key_of(finding) not in {key_of(other) for other in loops(after)}
    assert finding.saved_statements > 0


def _finding_of(cause: Cause, found: list[Finding]) -> Finding:
    (finding,) = [finding for finding in found if finding.relationship == cause.relationship]
    return finding


def _loaded_before(cause: Cause, finding: Finding) -> str:
    """Return the source with the statement that was offered at its place, and without what it makes needless."""
    source = _instead(cause.source)
    line = source.splitlines().index("    # BEFORE") + 1
    statement = f"values = {cause.values!r}; kept = session.scalars({finding.remedy}).unique().all()"
    source = replaced(source, line, statement)
    return re.sub(r"\S[^\n]*# GONE", "pass", source)

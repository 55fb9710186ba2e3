"""What is tried, without touching the program, gives what pasting gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from query_guard import Finding
from query_guard.capture.hooks import loader_trial
from query_guard.capture.window.trial import Trial, in_process
from query_guard.judge.trials import Ran, tried
from tests.oracle.causes import BY_HAND
from tests.oracle.judging import fault_of, loops
from tests.oracle.programs import walking_program
from tests.oracle.running import Run, World, compiled, world

PROGRAMS = 60


@pytest.fixture(scope="module", name="world")
def made_world() -> Iterator[World]:
    assert loader_trial.install()
    with world() as made:
        yield made


@contextmanager
def trial_of(finding: Finding) -> Iterator[Trial]:
    option = finding.option
    assert option is not None
    trial = Trial(lambda: [option], only_reads=False)
    in_process.append(trial)
    try:
        yield trial
    finally:
        in_process.remove(trial)
        trial.end()


def ran(run: Run) -> Ran:
    return Ran(run.report.query_count, run.report.findings)


def disagreements(world: World, source: str, is_async: bool) -> tuple[int, list[str]]:
    """Return how many options of a program were tried, and those of which pasting says something else."""
    work = compiled(source)
    before = world.run_work(work, is_async=is_async)
    number, broken = 0, []
    for finding in loops(before):
        if finding.option is None or finding.edit is None:
            continue
        number += 1
        with trial_of(finding) as trial:
            after = world.run_work(work, is_async=is_async)
        outcome = tried(finding, ran(before), ran(after), trial)
        fault = fault_of(world, source, is_async, before, finding)
        if after.out != before.out or (outcome.outcome == "works") != (fault == ""):
            broken.append(f"{outcome}; pasted: {fault or 'works'}\n{finding.fix}\n{source}")
    return number, broken


@pytest.mark.parametrize("source", BY_HAND.values(), ids=BY_HAND.keys())
def test_tried_and_pasted_agree_on_each_cause(world: World, source: str) -> None:
    assert disagreements(world, source, "async def" in source)[1] == []


@pytest.mark.once
def test_tried_and_pasted_agree_on_generated_programs(world: World) -> None:
    number, broken = 0, []
    for seed in range(PROGRAMS):
        program = walking_program(seed)
        tried_here, broken_here = disagreements(world, program.source, program.is_async)
        number += tried_here
        broken += broken_here
    assert broken == []
    assert number >= PROGRAMS / 2

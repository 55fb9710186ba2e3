"""Detectors are asked where a window may interest them, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from query_guard.capture.recorder import Recorder
from query_guard.capture.rows import FailedLoadRow
from query_guard.capture.window import Window
from query_guard.detectors import DEFAULTS, Detector, defaults
from query_guard.interests import NOBODY, Interests
from query_guard.profile import Profile, RunningReport
from query_guard.records import NOWHERE, Clues, Facts, Finding, Outline, Request

NOTHING = Outline(*[0] * len(Outline._fields))
REQUEST = Request("http", "GET", "/", "/")


class Asked:
    """A detector that says what it was asked."""

    def __init__(self, clues: Clues | None = None) -> None:
        self.clues = clues
        self.facts: list[Facts] = []

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        self.facts.append(facts)
        yield Finding("asked", "warning", "It was asked", "Nothing")


def test_a_detector_is_asked_from_the_least_of_its_clues_on() -> None:
    slow, wide = Asked({"longest_statement": 0.1}), Asked({"most_rows": 10, "longest_statement": 5.0})
    interests = Interests([slow, wide])

    def asked(**figures: float) -> list[Detector]:
        return [*(interests.asked(NOTHING._replace(**figures)) or NOBODY).steady]  # type: ignore[arg-type]

    assert asked() == []
    assert asked(longest_statement=0.1) == [slow]
    assert asked(most_rows=11) == [wide]
    assert asked(longest_statement=5) == [slow, wide]
    assert [asked(longest_statement=seconds) for seconds in (0.09, 0.1)] == [[], [slow]]
    assert interests.asked(NOTHING) is None
    assert interests.asked(None) == ((slow, wide), (), False)


def test_a_detector_without_clues_is_always_asked() -> None:
    always = Asked()
    interests = Interests([Asked({"writes": 1}), always])
    assert interests.asked(NOTHING) == ((always,), (), True)


def test_a_clue_that_is_no_figure_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="the clue 'longest' of Asked is no figure of an outline: repeated, "):
        Interests([Asked({"longest": 1})])


@pytest.mark.parametrize("make", DEFAULTS)
def test_every_default_detector_has_clues(make: Callable[[], Detector]) -> None:
    """Otherwise it would be asked, and facts made for it, in each request of each application."""
    assert Interests([make()]).asked(NOTHING) is None


def test_nothing_interests_the_defaults_in_an_empty_window() -> None:
    assert Interests(defaults()).asked(NOTHING) is None


def test_what_comes_after_the_headers_is_judged_though_no_statement_follows() -> None:
    always, loads = Asked(), Asked({"failed_loads": 1})
    recorder = Recorder()
    running = RunningReport(Profile([always, loads], ()), recorder, Window(recorder), "id")
    running.at_a_glance(REQUEST)
    recorder.add_failed_load(FailedLoadRow(0, None, NOWHERE, 0, 0, None))
    running.at_end(REQUEST)
    assert len(loads.facts) == 1
    assert len(loads.facts[0].failed_loads) == 1


def test_a_plain_function_may_have_clues_too() -> None:
    def slow(_facts: Facts) -> Iterator[Finding]:
        yield from ()

    slow.clues = {"longest_statement": 0.05}  # type: ignore[attr-defined]
    assert Interests([slow]).asked(NOTHING) is None
    assert Interests([slow]).asked(NOTHING._replace(longest_statement=0.06)) == ((slow,), (), False)

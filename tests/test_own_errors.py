"""The guard's own failures: contained, counted, and logged once, without a value of the application."""

from __future__ import annotations

import logging
from time import perf_counter

import pytest

from query_guard import own_errors
from query_guard.own_errors import HEAD, WHERE, contained, described, followed, listed, report_own_error
from tests.own_failures import apart


def fails(*_: object, **__: object) -> None:
    raise LookupError("secret")


@apart()
def test_what_a_listener_raises_is_logged_once_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    listener = contained(fails, "a listener failed")
    for _ in range(2):
        listener(1)
    (record,) = caplog.records
    line = fails.__code__.co_firstlineno + 1
    assert (record.name, record.levelno) == ("query_guard", logging.WARNING)
    assert record.getMessage().startswith(
        "query_guard: a listener failed: builtins.LookupError at query_guard/own_errors.py:"
    )
    assert record.getMessage().endswith(
        f" in listen, {__file__}:{line} in fails (logged once; the application is not affected)"
    )
    assert own_errors.own_errors() == {"a listener failed": 2}


@apart()
def test_a_listener_gets_its_arguments_and_keeps_its_name() -> None:
    seen: list[object] = []

    def note(*args: object) -> None:
        seen.extend(args)

    listener = contained(note, "a listener failed")
    listener(1, "two")
    assert (listener.__name__, seen, own_errors.own_errors()) == ("note", [1, "two"], {})


@apart()
def test_a_note_gets_the_result_the_seconds_and_the_arguments_of_its_step() -> None:
    seen: list[tuple[object, ...]] = []
    began = perf_counter()

    def note(result: int, seconds: float, *args: int, **options: int) -> None:
        seen.append((result, 0 <= seconds <= perf_counter() - began, args, options))

    def add(first: int, second: int, *, third: int) -> int:
        return first + second + third

    step = followed(add, note, "a note failed")
    assert (step.__name__, step(1, 2, third=3)) == ("add", 6)
    assert seen == [(6, True, (1, 2), {"third": 3})]


@apart()
def test_a_note_that_fails_changes_no_result() -> None:
    step = followed(lambda: 6, fails, "a note failed")
    assert [step(), step()] == [6, 6]
    assert own_errors.own_errors() == {"a note failed": 2}


@apart()
def test_what_the_step_raises_is_the_applications_and_nothing_is_noted() -> None:
    notes: list[object] = []
    with pytest.raises(LookupError, match="secret"):
        followed(fails, lambda *given: notes.append(given), "a note failed")()
    assert (notes, own_errors.own_errors()) == ([], {})


@apart()
def test_a_failure_of_the_applications_part_is_logged_and_not_counted(caplog: pytest.LogCaptureFixture) -> None:
    report_own_error("its reporter failed", own=False)
    assert caplog.messages == [
        "query_guard: its reporter failed: no exception (logged once; the application is not affected)"
    ]
    assert own_errors.own_errors() == {}


@apart()
def test_a_handler_that_fails_is_no_further_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("query_guard"), "warning", fails)
    report_own_error("a part failed")
    assert own_errors.own_errors() == {"a part failed": 1}


@apart()
def test_what_has_failed_since_then() -> None:
    for failure in ("one", "one", "other"):
        report_own_error(failure)
    before = own_errors.own_errors()
    assert own_errors.own_errors(before) == {}
    for failure in ("one", "new"):
        report_own_error(failure)
    assert own_errors.own_errors(before) == {"one": 1, "new": 1}


@apart()
def test_of_endless_failures_five_hundred_have_names() -> None:
    for number in range(502):
        report_own_error(f"failure {number}")
    report_own_error("failure 7")
    counted = own_errors.own_errors()
    assert (counted["failure 7"], counted["failure 499"], counted["something else failed"]) == (2, 1, 2)
    assert len(counted) == 501


@apart()
def test_failures_as_words() -> None:
    errors = {"a note failed": 1, "a listener failed": 2}
    assert listed(errors) == "a note failed (1 time), a listener failed (2 times)"
    assert described(errors) == f"{HEAD}: {listed(errors)}; {WHERE}"

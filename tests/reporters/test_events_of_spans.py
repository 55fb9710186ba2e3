"""Which findings are written on a span, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from query_guard.records import NOWHERE, Finding, Numbers
from query_guard.reporters.request_span import RequestSpan
from tests.reports import SITE


class Kept:
    """A span that keeps what is written on it."""

    def __init__(self, *, is_recording: bool = True) -> None:
        self.attributes: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self._is_recording = is_recording

    def is_recording(self) -> bool:
        return self._is_recording

    def set_attributes(self, attributes: Mapping[str, Any], /) -> None:
        self.attributes |= attributes

    def add_event(self, name: str, attributes: Mapping[str, Any], /) -> None:
        assert name == "query_guard.finding"
        self.events.append(dict(attributes))


LOOP = Finding("n_plus_one", "warning", "often", "Load them ahead", SITE, relationship="User.posts", statements=(2, 3))


def events_of(*notes: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Return the events of a span that was written so many times."""
    kept = Kept()
    span = RequestSpan(kept)
    for findings in notes:
        span.note("a", True, Numbers(3, 0.1), findings)
    return kept.events


@pytest.mark.parametrize(
    "other",
    [
        replace(LOOP, kind="duplicate_query"),
        replace(LOOP, site=SITE._replace(key=40)),
        replace(LOOP, relationship="User.tags"),
        replace(LOOP, statements=(7, 8)),
        replace(LOOP, statements=()),
    ],
)
def test_another_finding_is_another_event(other: Finding) -> None:
    assert len(events_of((LOOP, other))) == len(events_of((LOOP,), (LOOP, other))) == 2


@pytest.mark.parametrize("later", [LOOP, replace(LOOP, statements=(2, 3, 4), count=3, summary="more often")])
def test_a_finding_that_goes_on_is_one_event_as_it_was_first_seen(later: Finding) -> None:
    (event,) = events_of((LOOP,), (later,))
    assert event["query_guard.finding.summary"] == "often"


@pytest.mark.parametrize(("site", "has_place"), [(SITE, True), (NOWHERE, False)])
def test_an_event_has_the_place_of_its_finding(site: Any, has_place: bool) -> None:
    (event,) = events_of((replace(LOOP, site=site),))
    place = {"code.file.path": "crud.py", "code.line.number": 31, "code.function.name": "load_posts"}
    assert event == {
        "query_guard.finding.kind": "n_plus_one",
        "query_guard.finding.severity": "warning",
        "query_guard.finding.summary": "often",
        "query_guard.finding.fix": "Load them ahead",
        "query_guard.finding.count": 1,
        **(place if has_place else {}),
    }


@pytest.mark.parametrize("sampled", [True, False])
def test_of_a_request_that_was_not_sampled_no_wait_is_known(sampled: bool) -> None:
    kept = Kept()
    RequestSpan(kept).note("a", sampled, Numbers(3, 0.5, 1, 0.25), ())
    known = {"report_id": "a", "sampled": sampled, "queries": 3, "query_time": 0.5}
    wait = {"wait_time": 0.25} if sampled else {}
    assert kept.attributes == {f"query_guard.{name}": value for name, value in {**known, **wait}.items()}


def test_on_a_span_that_has_ended_nothing_is_written() -> None:
    kept = Kept(is_recording=False)
    RequestSpan(kept).note("a", True, Numbers(3, 0.5), (LOOP,))
    assert (kept.attributes, kept.events) == ({}, [])

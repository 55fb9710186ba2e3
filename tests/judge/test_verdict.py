"""The verdict on facts: where a finding without a line is placed, and what an allowance makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from query_guard.judge.verdict import judge
from query_guard.own_errors import own_errors
from query_guard.records import NOWHERE, Allowance, Facts, Finding, Frame, Phase, Silence
from tests.own_failures import apart
from tests.reports import REQUEST, SITE, facts_of

ENDPOINT = Frame("main.py", 3, "show", 3)
SERVED = facts_of(request=REQUEST._replace(endpoint=ENDPOINT))


def finding(**fields: Any) -> Finding:
    return Finding(**{"kind": "made_up", "severity": "warning", "summary": "It is so", "fix": "Mend it", **fields})


def detector(*found: Finding | Silence) -> Any:
    def yields(_facts: Facts) -> Iterator[Finding | Silence]:
        yield from found

    return yields


@pytest.mark.parametrize(
    ("phase", "name", "frames"),
    [
        ("serialization", "show", (ENDPOINT,)),
        ("streaming", "show", (ENDPOINT,)),
        ("endpoint", "show", ()),
        ("teardown", "show", ()),
        (None, "show", ()),
    ],
)
def test_where_no_line_was_running_the_endpoint_is_named(
    phase: Phase | None, name: str, frames: tuple[Frame, ...]
) -> None:
    (found,) = judge(SERVED, [detector(finding(phase=phase))]).findings
    assert (found.endpoint, found.site.frames) == (name, frames)


def test_a_line_that_is_known_stays_and_without_an_endpoint_nothing_is_named() -> None:
    (found,) = judge(SERVED, [detector(finding(phase="serialization", site=SITE))]).findings
    assert (found.endpoint, found.site) == ("", SITE)
    (found,) = judge(facts_of(), [detector(finding(phase="serialization"))]).findings
    assert (found.endpoint, found.site) == ("", NOWHERE)


def test_an_allowance_makes_a_silence_of_a_finding_and_leaves_the_others() -> None:
    silence = Silence("made_up", "no fault", NOWHERE, 1, ())
    other = finding(kind="another")
    allowed = finding(count=3, statements=(4, 5), site=SITE)
    verdict = judge(facts_of(), [detector(silence, allowed, other)], [Allowance("made_up")])
    assert verdict.findings == (other,)
    assert verdict.silences == (
        silence, Silence("made_up", "made_up is allowed by 'made_up'", SITE, 3, (4, 5)),
    )  # fmt: skip


def test_an_allowance_that_has_expired_is_mentioned_in_the_fix() -> None:
    (found,) = judge(facts_of(), [detector(finding())], [Allowance("made_up", until="2020-01-31")]).findings
    assert found.fix.startswith("Mend it; the allowance 'made_up' expired on 2020-01-31")


class Failing:
    def __call__(self, facts: Facts) -> Iterator[Finding]:
        yield finding(kind="before")
        raise LookupError


@apart()
def test_a_detector_that_fails_yields_nothing_and_does_not_disturb_the_others() -> None:
    def fails_too(_facts: Facts) -> Iterator[Finding]:
        raise LookupError

    before = own_errors()
    verdict = judge(facts_of(), [Failing(), fails_too, detector(finding())])
    assert [each.kind for each in verdict.findings] == ["made_up"]
    failed = own_errors(before)
    assert sorted(failed.values()) == [1, 1]
    assert {name.rpartition(".")[2] for name in failed} == {"detector Failing failed", "fails_too failed"}

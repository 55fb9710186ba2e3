"""An attribute that could not be loaded where a test called the application itself: the test receives the error."""

from __future__ import annotations

import pytest

from query_guard import Finding
from query_guard.detectors import MissingGreenlet, UnloadedAttribute
from query_guard.records import FailedLoad, FailureOfLoad
from tests.reports import POSTS, REQUEST, SITE, facts_of

DETECTORS = (UnloadedAttribute(), MissingGreenlet())


def severities(failure: FailureOfLoad, *, is_call: bool) -> list[str]:
    load = FailedLoad(1, POSTS, SITE, "endpoint", 1, None, failure)
    facts = facts_of(request=REQUEST._replace(is_call=is_call), failed_loads=(load,))
    found = [finding for detector in DETECTORS for finding in detector(facts)]
    return [finding.severity for finding in found if isinstance(finding, Finding)]


@pytest.mark.parametrize("failure", ["detached", "forbidden", "greenlet"])
def test_it_is_information_in_a_call_and_a_warning_in_a_request(failure: FailureOfLoad) -> None:
    assert severities(failure, is_call=True) == ["info"]
    assert severities(failure, is_call=False) == ["warning"]

"""Each reason for which a load failed is found by one detector, and by no other."""

from __future__ import annotations

import pytest

from query_guard import Finding
from query_guard.detectors import MissingGreenlet, SharedSession, UnloadedAttribute, defaults
from query_guard.records import FailedLoad, FailureOfLoad
from tests.reports import POSTS, SITE, facts_of

FINDERS: dict[FailureOfLoad, type] = {
    "greenlet": MissingGreenlet,
    "detached": UnloadedAttribute,
    "forbidden": UnloadedAttribute,
    "shared": SharedSession,
}


@pytest.mark.parametrize(("failure", "finder"), FINDERS.items())
def test_a_load_that_failed_is_found_once(failure: FailureOfLoad, finder: type) -> None:
    facts = facts_of(failed_loads=(FailedLoad(1, POSTS, SITE, "endpoint", 1, None, failure),))
    found = [detector for detector in defaults() if any(isinstance(one, Finding) for one in detector(facts))]
    assert [type(detector) for detector in found] == [finder]

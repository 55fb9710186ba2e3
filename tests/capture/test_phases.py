"""In which phase of a request something was done."""

from __future__ import annotations

import pytest

from query_guard.capture.freeze.phases import phase_of
from query_guard.capture.origin.call_site import unread_site
from query_guard.capture.window.stages import AFTER_RESPONSE, BEFORE_RESPONSE, STREAMING
from query_guard.records import CallSite, Frame, Phase, Request

ENDPOINT = Frame("app/users.py", 12, "users", 9)
IN_ENDPOINT = CallSite(1, (Frame("app/crud.py", 3, "load", 2), ENDPOINT), "router", False)
ELSEWHERE = CallSite(2, (Frame("app/session.py", 5, "get_session", 4),), "router", False)
GENERATOR = ELSEWHERE._replace(resumed=True)
REQUEST = Request("http", "GET", "/users", endpoint=ENDPOINT)
SOCKET = REQUEST._replace(kind="websocket")
BLOCK = Request("block", "", "job", endpoint=ENDPOINT)


def ending_at(boundary: str, site: CallSite = IN_ENDPOINT) -> CallSite:
    return site._replace(boundary=boundary)


@pytest.mark.parametrize(
    ("site", "before", "streaming", "after"),
    [
        (IN_ENDPOINT, "endpoint", "streaming", "background"),
        (ELSEWHERE, "dependency", "streaming", "background"),
        (GENERATOR, "dependency", "streaming", "teardown"),
        (ending_at("middleware"), "middleware", "middleware", "middleware"),
        (ending_at("background"), "background", "background", "background"),
        (ending_at("task"), "task", "task", "task"),
        (ending_at("response"), "serialization", "streaming", "streaming"),
        (ELSEWHERE._replace(frames=()), "serialization", "streaming", "streaming"),
        (unread_site(), None, None, None),
    ],
)
def test_each_phase_of_a_request(
    site: CallSite, before: Phase | None, streaming: Phase | None, after: Phase | None
) -> None:
    stages = (BEFORE_RESPONSE, STREAMING, AFTER_RESPONSE)
    assert [phase_of(site, stage, 1, REQUEST) for stage in stages] == [before, streaming, after]


@pytest.mark.parametrize(("site", "phase"), [(IN_ENDPOINT, "endpoint"), (ending_at("response"), "serialization")])
def test_a_websocket_has_no_response(site: CallSite, phase: Phase) -> None:
    assert [phase_of(site, messages, 1, SOCKET) for messages in range(4)] == [phase] * 4


@pytest.mark.parametrize(
    ("site", "of_request", "phase"),
    [
        (IN_ENDPOINT, 0, None),
        (ending_at("task"), 0, None),
        (ending_at("response"), 0, None),
        (IN_ENDPOINT, 1, None),
        (ending_at("task"), 1, "task"),
        (ending_at("response"), 1, "serialization"),
    ],
)
def test_a_block_knows_the_phases_of_its_requests_where_the_endpoint_does_not_matter(
    site: CallSite, of_request: int, phase: Phase | None
) -> None:
    assert phase_of(site, BEFORE_RESPONSE, of_request, BLOCK) == phase


@pytest.mark.parametrize(
    ("endpoint", "phase"),
    [
        (ENDPOINT, "endpoint"),
        (ENDPOINT._replace(line=99, function="other"), "endpoint"),
        (ENDPOINT._replace(first_line=10), "dependency"),
        (ENDPOINT._replace(file="app/items.py"), "dependency"),
        (None, "dependency"),
    ],
)
def test_an_endpoint_is_known_by_its_file_and_its_first_line(endpoint: Frame | None, phase: Phase) -> None:
    assert phase_of(IN_ENDPOINT, BEFORE_RESPONSE, 1, REQUEST._replace(endpoint=endpoint)) == phase

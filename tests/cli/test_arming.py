"""What comes of asking an application to try a fix, by the status of its answer."""

from __future__ import annotations

import pytest

from query_guard.cli.endpoint import Endpoint
from query_guard.cli.failure import Failure
from query_guard.cli.try_fix import arm
from query_guard.debug.key import Key
from tests.cli.foreign import Foreign
from tests.serving import KEY

pytestmark = pytest.mark.once


def asked(server: Foreign, status: int) -> dict[str, object]:
    server.answer = (status, "application/json", b'{"error": "nothing to try"}')
    return arm(Endpoint(server.url, "/__query_guard__", Key(KEY.encode(), "this test")), "a report")


@pytest.mark.parametrize("status", [200, 202, 409])
def test_what_the_endpoint_says_is_passed_on_also_where_it_cannot_try(status: int, foreign: list[Foreign]) -> None:
    assert asked(foreign[0], status) == {"error": "nothing to try"}
    assert foreign[0].got == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "and the application itself answers 400: its debug is off"),
        (403, "and the application itself answers 403: its debug is off"),
        (404, "expected the application to try the fix of 'a report', and its version of query_guard tries none; "),
        (405, "and the application itself answers 405: its debug is off"),
        (408, "and the application itself answers 408: its debug is off"),
        (410, "and the application itself answers 410: its debug is off"),
        (499, "and the application itself answers 499: its debug is off"),
        (500, "and the answer is 500; see the log of the application"),
        (503, "and the answer is 503; see the log of the application"),
    ],
)
def test_only_a_path_that_is_not_found_says_that_its_version_tries_none(
    status: int, words: str, foreign: list[Foreign]
) -> None:
    with pytest.raises(Failure) as raised:
        asked(foreign[0], status)
    assert words in str(raised.value)
    assert ("tries none" in str(raised.value)) == (status == 404)

"""Which answers are compared when a fix is tried, and which of them are the same."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.web.answer_hash import AnswerHash
from query_guard.web.asgi import Message

START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}


def body(content: bytes) -> Message:
    return {"type": "http.response.body", "body": content}


def hash_of(*messages: Message, **scope: Any) -> AnswerHash:
    answer = AnswerHash({"type": "http", "method": "GET", "path": "/users", **scope})
    for message in messages:
        answer.note(message)
    return answer


def given(*messages: Message) -> bytes | None:
    return hash_of(*messages).answer().given


def test_an_answer_is_what_its_bodies_hold_however_it_was_cut() -> None:
    whole = given(START, body(b"one two"))
    assert whole == given(START, body(b"one "), body(b"two"), {"type": "http.response.body"}) is not None
    assert whole != given(START, body(b"one three"))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "http.response.start", "status": 200, "headers": [(b"Content-Encoding", b"gzip")]},
        {"type": "http.response.pathsend", "path": "/srv/users.json"},
        {"type": "http.response.trailers", "headers": [(b"checksum", b"1")]},
        {"type": "http.response.zerocopysend", "file": 3},
        {"type": "http.response.debug", "info": {}},
    ],
    ids=lambda message: str(message["type"]),
)
def test_of_an_answer_that_others_make_or_that_holds_the_time_nothing_is_compared(message: Message) -> None:
    assert given(START, message, body(b"one")) is None


def test_headers_and_their_absence_keep_no_answer_from_being_compared() -> None:
    assert given({"type": "http.response.start", "status": 200}, body(b"one")) == given(START, body(b"one")) is not None


@pytest.mark.parametrize(
    "scope",
    [
        {"method": "HEAD"},
        {"path": "/posts"},
        {"raw_path": b"/us%65rs"},
        {"query_string": b"page=2"},
    ],
)
def test_another_method_path_or_query_asks_for_something_else(scope: dict[str, Any]) -> None:
    assert hash_of(**scope).answer().request != hash_of().answer().request


def test_a_path_without_its_raw_form_asks_for_the_same() -> None:
    assert hash_of(raw_path=b"/users", query_string=b"").answer().request == hash_of().answer().request

"""The hash of an answer, made of its messages as they are sent. Nothing else of them is kept."""

from __future__ import annotations

import os
from hashlib import blake2b

from query_guard.records import Answer
from query_guard.web.asgi import Message, Scope

_SALT = os.urandom(16)


class AnswerHash:
    """Tell whether two requests asked for the same, and got the same."""

    __slots__ = ("_asked", "_given", "_is_comparable")

    def __init__(self, scope: Scope) -> None:
        path = scope.get("raw_path") or str(scope["path"]).encode("utf-8", "surrogateescape")
        self._asked = _hash(scope["method"].encode() + b" " + path + b"?" + scope.get("query_string", b""))
        self._given = blake2b(key=_SALT)
        self._is_comparable = True

    def note(self, message: Message) -> None:
        """Take a message of the answer into account; compressed bodies hold the time, and files are sent by others."""
        kind = message["type"]
        if kind == "http.response.body":
            self._given.update(message.get("body", b""))
        elif kind != "http.response.start" or any(
            name.lower() == b"content-encoding" for name, _ in message.get("headers", ())
        ):
            self._is_comparable = False

    def answer(self) -> Answer:
        """Return the hashes of all that was sent so far."""
        return Answer(self._asked, self._given.digest() if self._is_comparable else None)


def _hash(content: bytes) -> bytes:
    return blake2b(content, key=_SALT).digest()

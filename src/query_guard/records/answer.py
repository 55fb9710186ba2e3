"""What tells two answers apart, without anything of them."""

from __future__ import annotations

from typing import NamedTuple


class Answer(NamedTuple):
    """Hashes of a request and of its answer, salted for this process: never shown.

    `request` is of method, path and query, `given` of the body; None where that cannot be compared, as of a file.
    """

    request: bytes
    given: bytes | None

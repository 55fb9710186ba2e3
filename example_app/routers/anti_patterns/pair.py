"""What a pair is: an anti-pattern and its fixed twin, and what must be said about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Body: TypeAlias = Mapping[str, Any]


class Call(NamedTuple):
    """A request; `url` is its path, with a query where it has one."""

    method: str
    url: str
    body: Body | None = None

    @property
    def path(self) -> str:
        return self.url.partition("?")[0]

    def is_served_by(self, method: str, path: str | None) -> bool:
        """Whether a report is of such a request; it has `{name}` where the path has a value."""
        if method != self.method or path is None:
            return False
        return re.fullmatch(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)), self.path) is not None

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


class Answer(NamedTuple):
    status: int
    body: Any


Proof: TypeAlias = Callable[[Sequence[Answer]], str | None]
"""What the answers to requests sent together tell; None when nothing is wrong with them."""


TwinProof: TypeAlias = Callable[[Mapping[str, Any]], str | None]
"""What the report of a twin's request tells; None when nothing is wrong with it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """`look_for` is the kind of finding, at a line of `file`, or what `proof` sees in the answers.

    `before` is sent before each visit, `at_once` is how many of each are sent together, the statuses are those that
    must come back. `twin_proof` sees in a twin's report that it has not the fault, where a busy machine makes the same
    finding. `not_on_sqlite` says why only a server can show it.
    """

    title: str
    look_for: str
    bad: Call
    fixed: Call
    file: str | None = None
    relationship: str | None = None
    proof: Proof | None = None
    twin_proof: TwinProof | None = None
    at_once: tuple[int, int] = (1, 1)
    before: tuple[Call, ...] = ()
    bad_status: tuple[int, ...] = (200, 201, 204)
    fixed_status: tuple[int, ...] = (200, 201, 204)
    not_on_sqlite: str = ""


def pair(title: str, look_for: str, bad: str, fixed: str, *, body: Body | None = None, **more: Any) -> Pair:
    """Make a pair of two requests written as `GET /users`, with one body for both; the first's path is prefixed."""
    (bad_method, bad_url), (fixed_method, fixed_url) = bad.split(), fixed.split()
    wrong, right = Call(bad_method, f"/anti-patterns{bad_url}", body), Call(fixed_method, fixed_url, body)
    return Pair(title, look_for, wrong, right, **more)

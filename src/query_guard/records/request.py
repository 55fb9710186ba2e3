"""What a window was opened for."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from query_guard.records.statements import Frame, repr_without

_READ_ONLY = frozenset(("GET", "HEAD", "OPTIONS"))

RequestKind: TypeAlias = Literal["http", "websocket", "block"]


class Request(NamedTuple):
    """What the window was opened for. `route` is the full template, or None when nothing matched.

    `status` is the one that was sent; where none was, 500 when an exception escaped, and else None.
    `path` is a block's own name. Of a request it is the template, without the values of its parameters, unless
    `capture_parameters` was said, and None when nothing matched: an unknown path may hold anything.
    """

    kind: RequestKind
    method: str
    path: str | None
    route: str | None = None
    status: int | None = None
    endpoint: Frame | None = None
    """Where the endpoint's code begins."""
    budget: int | None = None
    exception: str | None = None
    """The name of the exception class that escaped from the application, if one did, also after its answer."""
    cancelled: bool = False
    """Whether the client went away, or the task was cancelled, before all was sent."""

    def __repr__(self) -> str:
        return repr_without(self, "path") if self.kind != "block" else f"Request({self.kind!r}, {self.path!r})"

    @property
    def name(self) -> str:
        """`GET /users/{id}`, or a block's own name; paths that match no route share one name."""
        if self.kind == "block":
            return self.path or ""
        return f"{self.method} {self.route or '(no route)'}"

    @property
    def has_failed(self) -> bool:
        """Whether it came to less than it would have: a server error, an exception, or nobody to answer."""
        return self.exception is not None or self.cancelled or (self.status or 0) >= 500

    @property
    def only_reads(self) -> bool:
        """Whether its method promises to change nothing."""
        return self.method in _READ_ONLY

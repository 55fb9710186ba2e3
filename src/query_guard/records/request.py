"""What a window records: a request or a block."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from query_guard.records.statements import Frame, repr_without

_READ_ONLY = frozenset(("GET", "HEAD", "OPTIONS"))

RequestKind: TypeAlias = Literal["http", "websocket", "block"]


class Request(NamedTuple):
    """A request or a block that a window records. `route` is the full template, or None when nothing matched.

    `status` is the one that was sent. Where none was sent, it is 500 if an exception escaped, and else None.
    `path` is the name of a block. Of a request it is the template, without the values of its parameters; with
    `capture_parameters`, the path itself; and None when no route matched, as an unknown path may hold anything.
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
    """The class name of an exception that escaped from the application, also after its answer; else None."""
    cancelled: bool = False
    """Whether the client went away, or the task was cancelled, before all was sent."""
    shared_dependencies: tuple[tuple[Frame, int], ...] = ()
    """Where the code begins that several dependencies of the route share, and how many of them there are."""
    is_call: bool = False
    """Whether a test called the application without a request: what it raises, the test gets."""

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
        """Whether it did only a part of its work: a server error, an exception, or a client that went away."""
        return self.exception is not None or self.cancelled or (self.status or 0) >= 500

    @property
    def only_reads(self) -> bool:
        """Whether its method promises to change nothing."""
        return self.method in _READ_ONLY

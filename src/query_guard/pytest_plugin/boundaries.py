"""Make a window of each request to an application under test, also where the application has no middleware.

The `__call__` of Starlette (FastAPI's calls it) and of Litestar is wrapped once, on the class. Unless a test is being
recorded, the wrapper only calls the original. A QueryGuard inside the application takes the window over.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from weakref import WeakSet

from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.middleware import SEEN, SERVED, QueryGuard
from query_guard.web.application import read_application
from query_guard.web.asgi import ASGIApp, Receive, Scope, Send
from query_guard.web.boundary_exchange import BoundaryExchange
from query_guard.web.exchange import Exchange

_APPLICATIONS = {"starlette.applications": "Starlette", "litestar.app": "Litestar"}
_CALLED = "query_guard.called"
"""The key in the scope under which a boundary finds the application's own call."""
_BOUNDARIES = "query_guard_boundaries"
"""The attribute of a wrapped call that holds the boundaries of the tests being recorded, the innermost last."""
_already_read: WeakSet[Any] = WeakSet()


class Boundary(QueryGuard):
    """The middleware around an application that may not have its own: it reports to the test only."""

    def __init__(self) -> None:
        super().__init__(_go_on, headers=False, reporters=[])

    def _answer_unprofiled(self, scope: Scope) -> ASGIApp | None:
        app = scope["app"]
        if (
            hasattr(app, "__weakref__") and app not in _already_read
        ):  # Litestar has no weak references, nor endpoints to read
            _already_read.add(app)
            read_application(app, ())
        return None

    def _open(self, scope: Scope, receive: Receive, send: Send) -> Exchange:
        recorder = Recorder()
        exchange = BoundaryExchange(self._setup, scope, receive, send, recorder, open_window(recorder, True))
        scope[SEEN] = exchange
        exchange.open()
        return exchange


async def _go_on(scope: Scope, receive: Receive, send: Send) -> None:
    call, app = scope.pop(_CALLED)
    await call(app, scope, receive, send)


@contextmanager
def request_boundaries() -> Iterator[None]:
    """Make a window of each request while the block runs, in every context of the process."""
    boundary = Boundary()
    stacks = list(_wrapped_applications())
    for stack in stacks:
        stack.append(boundary)
    try:
        yield
    finally:
        for stack in stacks:
            stack.remove(boundary)


def _wrapped_applications() -> Iterator[list[ASGIApp]]:
    """Wrap the calls of the application classes that have been imported, and yield the boundaries of each.

    Starlette is always among them, since the guard itself requires it.
    """
    import starlette.applications  # noqa: F401

    for module, name in _APPLICATIONS.items():
        application = getattr(sys.modules.get(module), name, None)
        if application is not None:
            if not hasattr(application.__call__, _BOUNDARIES):
                application.__call__ = _bounded(application.__call__)
            yield getattr(application.__call__, _BOUNDARIES)


def _bounded(call: Callable[..., Any]) -> Callable[..., Any]:
    boundaries: list[ASGIApp] = []

    @wraps(call)
    async def bounded(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        __tracebackhide__ = True
        if not boundaries or scope["type"] not in SERVED or SEEN in scope:
            await call(self, scope, receive, send)
        else:
            scope["app"] = self
            scope[_CALLED] = (call, self)
            await boundaries[-1](scope, receive, send)

    setattr(bounded, _BOUNDARIES, boundaries)
    return bounded

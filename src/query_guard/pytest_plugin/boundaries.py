"""Each request that reaches an application under test is a window of its own, though nobody has added the middleware.

The calls of Starlette (FastAPI's go through it) and Litestar are wrapped once, on their classes, and do nothing but go
on unless a test is being recorded. A QueryGuard inside the application takes the window over.
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
from query_guard.web.asgi import ASGIApp, Receive, Scope, Send
from query_guard.web.exchange import BoundaryExchange, Exchange

_APPLICATIONS = {"starlette.applications": "Starlette", "litestar.app": "Litestar"}
_CALLED = "query_guard.called"
"""What a boundary goes on with."""
_boundaries: list[Boundary] = []
"""Those of the tests that are being recorded, the innermost last."""
_learnt: WeakSet[Any] = WeakSet()


class Boundary(QueryGuard):
    """The middleware as it stands around applications that may not have it: it tells nobody but the test."""

    def __init__(self) -> None:
        super().__init__(_go_on, headers=False, reporters=[])
        self._enabled, self._debug = True, None

    def _unseen(self, scope: Scope) -> ASGIApp | None:
        if scope["app"] not in _learnt:
            _learnt.add(scope["app"])
            self._learn(scope["app"])
        return None

    def _opened(self, scope: Scope, receive: Receive, send: Send) -> Exchange:
        recorder = Recorder()
        exchange = BoundaryExchange(self._setup, scope, receive, send, recorder, open_window(recorder, True))
        scope[SEEN] = exchange
        exchange.window.open()
        return exchange


async def _go_on(scope: Scope, receive: Receive, send: Send) -> None:
    call, app = scope.pop(_CALLED)
    await call(app, scope, receive, send)


@contextmanager
def request_boundaries() -> Iterator[None]:
    """Make a window of each request while the block runs, in any context of the process."""
    wrap_applications()
    boundary = Boundary()
    _boundaries.append(boundary)
    try:
        yield
    finally:
        _boundaries.remove(boundary)


def wrap_applications() -> None:
    """Wrap the calls of the applications that have been imported; Starlette always, as the guard needs it anyway."""
    import starlette.applications  # noqa: F401

    for module, name in _APPLICATIONS.items():
        application = getattr(sys.modules.get(module), name, None)
        if application is not None and not hasattr(application.__call__, _CALLED):
            application.__call__ = _bounded(application.__call__)


def _bounded(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    async def bounded(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        __tracebackhide__ = True
        if not _boundaries or scope["type"] not in SERVED or SEEN in scope:
            await call(self, scope, receive, send)
        else:
            scope["app"] = self
            scope[_CALLED] = (call, self)
            await _boundaries[-1](scope, receive, send)

    setattr(bounded, _CALLED, True)
    return bounded

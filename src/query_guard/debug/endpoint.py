"""The debug endpoint: it answers requests under the debug path to those who have the key, and no others."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse

from query_guard.debug.accepted import wants_page
from query_guard.debug.access import Access, Entry
from query_guard.debug.responses import HEADERS
from query_guard.debug.routes import Routes
from query_guard.debug.ticket_page import ticket_page
from query_guard.own_errors import report_own_error
from query_guard.web.asgi import ASGIApp, Receive, Scope, Send
from query_guard.web.options import Options


class DebugEndpoint:
    """Answer with `routes` under the debug path; for those without the key, the path does not exist."""

    def __init__(self, options: Options, routes: Routes) -> None:
        self.routes = routes
        self._path = options.debug_path
        self._access = Access(options.debug_path, options.debug_token)

    def start(self, scope: Scope) -> None:
        """Read or make the key at the start of a lifespan; those of test clients are passed over."""
        try:
            self._access.start(scope)
        except Exception:
            report_own_error("the key of the debug endpoint could not be read or made")

    def answer_to(self, scope: Scope) -> ASGIApp | None:
        """Return what answers a request to this endpoint; None for all others, which the application answers."""
        path = _path_in_app(scope)
        if scope["type"] != "http" or not f"{path}/".startswith(f"{self._path}/"):
            return None
        try:
            entry = self._access.judge(scope)
            if entry is Entry.TICKET and self._access.key is not None:
                return ticket_page(self._access.key, self._access.clock(), scope, self._path)
            return self._answer if entry is Entry.KEY else None
        except Exception:
            report_own_error("the debug endpoint could not decide on a request")
            return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _path_in_app(scope)[len(self._path) :] or "/"
        if path == "/" and not scope["path"].endswith("/") and wants_page(Request(scope)):
            folder = quote(self._path.rpartition("/")[2], safe="")  # the page names its files from here
            await RedirectResponse(f"{folder}/", 307, HEADERS)(scope, receive, send)
            return
        await self.routes.app({**scope, "path": path, "root_path": "", "app": self.routes.app}, receive, send)


def _path_in_app(scope: Scope) -> str:
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(root) else path

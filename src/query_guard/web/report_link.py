"""The address of a report on the debug endpoint."""

from __future__ import annotations

import re
from urllib.parse import quote

from query_guard.web.asgi import Scope

_HOST = re.compile(rb"[\w.\-:\[\]]+")


def report_link(scope: Scope, root: str, debug_path: str, report_id: str) -> bytes:
    """Return the address as the client of a request reaches it; a path where its `Host` is no name of a host."""
    path = quote(f"{root}{debug_path}/requests/{report_id}", errors="replace").encode()
    hosts = [value for name, value in scope.get("headers", ()) if name.lower() == b"host"]
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        return path
    return b"%b://%b%b" % (str(scope.get("scheme", "http")).encode(), hosts[0], path)

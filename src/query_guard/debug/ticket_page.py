"""The page that a ticket opens: it sets the cookie and moves on, so that the ticket does not stay in the address.

A redirect is not enough: where the first request came from another site, browsers do not send a cookie with
SameSite=Strict after it.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from query_guard.debug.key import Key
from query_guard.debug.responses import PAGE_HEADERS
from query_guard.debug.signing import cookie_name, signed
from query_guard.web.asgi import Scope

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=./{target}">
<title>query_guard</title>
<p>Go on to <a href="./{target}">the reports</a>.</p>
"""
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_COOKIE_PATH = "/:@!$&'()*+,=~"  # what browsers leave as it is; a semicolon would end the attribute


def ticket_page(key: Key, now: float, scope: Scope, debug_path: str) -> Response:
    """Return the answer to a valid ticket: a cookie, and a page that goes on to the same address without the ticket."""
    target = quote(str(scope["path"]).rpartition("/")[2], safe="", errors="replace")
    path = quote(f"{scope.get('root_path', '')}{debug_path}", safe=_COOKIE_PATH, errors="replace")
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    cookie = f"{cookie_name(key)}={signed(key, 'cookie', now)}; HttpOnly; SameSite=Strict; Path={path}{secure}"
    headers = {**PAGE_HEADERS, "content-security-policy": _POLICY, "set-cookie": cookie}
    return Response(_PAGE.format(target=target), headers=headers, media_type="text/html")

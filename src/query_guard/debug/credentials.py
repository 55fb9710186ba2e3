"""The credentials of a request, as bytes: whatever was sent, reading them raises nothing."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.web.asgi import Scope


def bearers(scope: Scope) -> Iterator[bytes]:
    """Yield what was sent as `Authorization: Bearer`."""
    for header in _headers(scope, b"authorization"):
        scheme, _, secret = header.partition(b" ")
        if scheme.lower() == b"bearer":
            yield secret.strip(b" ")


def tickets(scope: Scope) -> Iterator[bytes]:
    """Yield what was sent as `?ticket=`."""
    for part in scope.get("query_string", b"").split(b"&") if scope["method"] == "GET" else ():
        name, _, ticket = part.partition(b"=")
        if name == b"ticket":
            yield ticket


def cookies(scope: Scope, cookie_name: str) -> Iterator[bytes]:
    """Yield the values of the cookies of this name."""
    for header in _headers(scope, b"cookie"):
        for pair in header.split(b";"):
            name, _, value = pair.strip(b" ").partition(b"=")
            if name == cookie_name.encode():
                yield value


def is_of_own_page(scope: Scope) -> bool:
    """Whether the browser says that no page of another origin made the request.

    This counts for reads, too: the application's CORS middleware may stand outside ours, and would let any page read
    the answer. A change must come from a page of ours; a read may come from the address bar, too.
    """
    sites = _headers(scope, b"sec-fetch-site")
    allowed = (b"same-origin", b"none") if scope["method"] in ("GET", "HEAD") else (b"same-origin",)
    own_origins = [scope.get("scheme", "http").encode() + b"://" + host for host in _headers(scope, b"host")]
    from_here = bool(sites) and all(site in allowed for site in sites)
    return from_here and all([origin] == own_origins for origin in _headers(scope, b"origin"))


def _headers(scope: Scope, name: bytes) -> list[bytes]:
    return [value for header, value in scope.get("headers", ()) if header.lower() == name]

"""The page: static files of the package, which read the JSON API. No markup is made in Python."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.responses import Response

from query_guard.debug.responses import PAGE_HEADERS

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def page_file(name: str) -> Response | None:
    """Return a file of the page by its name; None for all other names, so that no path leads out of the folder."""
    content = _contents().get(name)
    if content is None:
        return None
    headers = {**PAGE_HEADERS, "content-security-policy": _POLICY}
    return Response(content, headers=headers, media_type=_TYPES[name.rpartition(".")[2]])


@cache
def _contents() -> dict[str, bytes]:
    """Return the files of the page by name, read once."""
    folder = files("query_guard.debug") / "static"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in _TYPES}

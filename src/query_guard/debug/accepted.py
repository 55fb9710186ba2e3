"""What a client accepts: the page, plain text, or JSON."""

from __future__ import annotations

from starlette.requests import Request


def wants_text(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/plain" in accepted and "application/json" not in accepted


def wants_page(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and "application/json" not in accepted

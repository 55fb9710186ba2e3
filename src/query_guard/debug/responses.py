"""Responses that can be sent whatever a report holds, such as a file name that is no text, or an infinite time."""

from __future__ import annotations

from typing import Any

from starlette import responses

from query_guard.document.strict_json import json_text

HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
"""The headers of each answer of the endpoint."""
PAGE_HEADERS = {
    **HEADERS,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
"""The headers of each page, without its Content-Security-Policy."""


class JSONResponse(responses.JSONResponse):
    def render(self, content: Any) -> bytes:
        return json_text(content).encode()


class PlainTextResponse(responses.PlainTextResponse):
    def render(self, content: Any) -> bytes:
        return str(content).encode("utf-8", "backslashreplace")


def not_found(error: str) -> JSONResponse:
    return JSONResponse({"error": error}, status_code=404, headers=HEADERS)


def conflict(error: str) -> JSONResponse:
    return JSONResponse({"error": error}, status_code=409, headers=HEADERS)

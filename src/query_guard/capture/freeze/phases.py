"""The phase of a request in which something was done."""

from __future__ import annotations

from query_guard.capture.origin.call_site import UNREAD
from query_guard.capture.window.stages import BEFORE_RESPONSE, STREAMING
from query_guard.records import CallSite, Frame, Phase, Request

_APART: dict[str, Phase] = {"middleware": "middleware", "background": "background", "task": "task"}
"""Phases of what did not come through the router, by the boundary at which its frames end."""


def phase_of(site: CallSite, stage: int, of_request: int, request: Request) -> Phase | None:
    """Return the phase of a request, from the call site and the ASGI messages sent by then.

    `of_request` is the serial of the request it belongs to, 0 outside requests.
    """
    if request.kind == "block" and not of_request:
        return None
    if request.kind == "websocket":
        stage = BEFORE_RESPONSE
    if site.boundary == UNREAD:
        return None
    if site.boundary in _APART:
        return _APART[site.boundary]
    if site.boundary == "response" or not site.frames:
        return "serialization" if stage == BEFORE_RESPONSE else "streaming"
    if request.kind == "block":
        return None  # only the report of the request itself knows its endpoint
    if stage == BEFORE_RESPONSE:
        return "endpoint" if _runs(request.endpoint, site) else "dependency"
    if stage == STREAMING:
        return "streaming"
    return "teardown" if site.resumed else "background"


def _runs(endpoint: Frame | None, site: CallSite) -> bool:
    if endpoint is not None:
        for frame in site.frames:
            if frame.first_line == endpoint.first_line and frame.file == endpoint.file:
                return True
    return False

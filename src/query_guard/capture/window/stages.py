"""How far a request has got, by the ASGI messages that its application has sent."""

from __future__ import annotations

BEFORE_RESPONSE, STREAMING, AFTER_RESPONSE = range(3)

"""The debug endpoint: recent reports as JSON and as text, for those who are allowed to see them."""

from query_guard.debug.routes import DebugEndpoint

__all__ = ["DebugEndpoint"]

"""A request that a test records from outside its application."""

from __future__ import annotations

from typing import Any

from query_guard.web.exchange import Exchange


class BoundaryExchange(Exchange):
    """A request that a test watches from outside its application, until a QueryGuard inside takes it over."""

    __slots__ = ("is_taken_over",)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.is_taken_over = False

    def is_published_at_once(self) -> bool:
        return self.is_taken_over or super().is_published_at_once()


def taken_over(exchange: object) -> bool:
    """Take a request over from the boundary of a test; False where it is another QueryGuard's."""
    if not isinstance(exchange, BoundaryExchange) or exchange.is_taken_over:
        return False
    exchange.is_taken_over = True
    return True

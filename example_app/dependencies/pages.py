"""Which part of a list is asked for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from example_app.crud.base import Page


async def get_page(
    limit: Annotated[int, Query(ge=1, le=100)] = 10, offset: Annotated[int, Query(ge=0, le=10_000)] = 0
) -> Page:
    """No table is listed without a limit: what is short today is not in a year."""
    return Page(limit, offset)


PageOfRequest = Annotated[Page, Depends(get_page)]

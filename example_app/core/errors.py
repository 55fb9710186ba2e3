"""What the client is told of errors that may come from any endpoint."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError


def not_found(what: str) -> HTTPException:
    return HTTPException(404, f"no such {what}")


async def _stale(_request: Request, _error: Exception) -> JSONResponse:
    """Answer 409: the row was changed after it was read, so an UPDATE with the version that was read met no row."""
    return JSONResponse({"detail": "it was changed by someone else meanwhile; read it again"}, status_code=409)


async def _no_connection(_request: Request, _error: Exception) -> JSONResponse:
    """Answer 503 rather than 500 when the pool had no connection in time: the client may try again."""
    return JSONResponse({"detail": "the database is busy; try again"}, status_code=503, headers={"Retry-After": "1"})


def answer_errors(app: FastAPI) -> None:
    app.add_exception_handler(StaleDataError, _stale)
    app.add_exception_handler(PoolTimeout, _no_connection)

"""The attributes of metrics, by the semantic conventions of OpenTelemetry: each has few values, whatever happens."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from query_guard.records import Finding, Pool, Request, Statement

Attributes: TypeAlias = Mapping[str, str]

NAME_OF_POOL = "db.client.connection.pool.name"
OTHER = "_OTHER"
"""Stands for all values beyond those that are kept apart."""
_MOST_NAMES = 200
_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE", "WEBSOCKET")
)
"""A client may send any word as its method."""
_SYSTEMS = {"mssql": "microsoft.sql_server", "oracle": "oracle.db", "redshift": "aws.redshift"}
"""The names of systems that differ from those of SQLAlchemy's dialects."""
_OF_UNKNOWN_POOL: Attributes = {NAME_OF_POOL: OTHER}


class BoundedNames:
    """Lets the first 200 names pass. An application may make any number of others, as an engine for each request."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, name: str) -> str:
        if name not in self._seen:
            if len(self._seen) >= _MOST_NAMES:
                return OTHER
            self._seen.add(name)
        return name


class AttributeNames:
    """Makes the attributes of requests, findings, statements and pools."""

    def __init__(self) -> None:
        self._pools, self._blocks = BoundedNames(), BoundedNames()
        self._operations, self._tables = BoundedNames(), BoundedNames()
        self._of_statement = lru_cache(maxsize=1_000)(self._statement)

    def of_request(self, request: Request) -> Attributes:
        """Return method and template of the route; without the latter where no route matched, as paths are endless."""
        if request.kind == "block":
            return {"query_guard.block": self._blocks(request.name)}
        method = request.method if request.method in _METHODS else OTHER
        if request.route is None:
            return {"http.request.method": method}
        return {"http.request.method": method, "http.route": request.route}

    def of_finding(self, finding: Finding) -> Attributes:
        return {"query_guard.finding.kind": finding.kind, "query_guard.finding.severity": finding.severity}

    def of_pool(self, pool: Pool | None) -> Attributes:
        return {NAME_OF_POOL: self._pools(pool.name)} if pool is not None else _OF_UNKNOWN_POOL

    def of_statement(self, statement: Statement) -> Attributes:
        return self._of_statement(statement.engine.dialect, statement.operation, statement.tables, statement.error)

    def _statement(self, dialect: str, operation: str, tables: tuple[str, ...], error: str | None) -> Attributes:
        """Return system, operation, the table if it is a single one, and the class of the error if there was one."""
        attributes = {
            "db.system.name": _SYSTEMS.get(dialect, dialect),
            "db.operation.name": self._operations(operation),
        }
        if len(tables) == 1:
            attributes["db.collection.name"] = self._tables(tables[0])
        if error is not None:
            attributes["error.type"] = error
        return attributes

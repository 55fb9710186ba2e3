"""Say which statements are the same query with other values; see `query_guard.sql.fingerprint`."""

from __future__ import annotations

import sys
from types import ModuleType

from query_guard.sql.fingerprint import Fingerprint, fingerprint

__all__ = ["Fingerprint", "fingerprint"]


class _CallableModule(ModuleType):
    """Importing this module binds it to `query_guard.fingerprint`, where people expect the function: it is both."""

    def __call__(self, sql: str, dialect: str = "postgresql") -> Fingerprint:
        return fingerprint(sql, dialect)


sys.modules[__name__].__class__ = _CallableModule

"""Cut SQL text into tokens, by the quoting and comment rules of its dialect."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from query_guard.sql.dialects import Dialect
from query_guard.sql.flat import flattened

BUDGET: Final = 20_000
"""The most tokens that are read of one text."""

# What few texts need is compiled when the first one comes, and then found in the cache of `re`.
_PIECE = r"((?:(?!~~).){1,256}+)"
_EXPANDING_CALL = rf"(?s)__\[POSTCOMPILE_[^\s~]{{1,256}}+~~{_PIECE}~~REPL~~{_PIECE}~~\]"


def readable(sql: str, dialect: Dialect) -> tuple[str, str]:
    """Return the text that can be cut, and the rest that two databases may read in two ways."""
    if "~~REPL~~" in sql:
        sql = re.sub(_EXPANDING_CALL, r"\1?\2", sql)
    return flattened(sql, dialect.name)


def tokens(sql: str, dialect: Dialect) -> list[str]:
    """Cut `sql`, into at most BUDGET tokens and one more; an empty token marks the end of the text."""
    if len(sql) <= BUDGET:
        return dialect.scan.findall(sql)
    return [match[1] for match in islice(dialect.scan.finditer(sql), BUDGET + 1)]

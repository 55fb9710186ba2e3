"""Tables that a select reads without a condition between them, as SQLAlchemy found out when it compiled the select."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Table
from sqlalchemy.sql.selectable import AliasedReturnsRows


def unjoined_tables(compiled: Any) -> Iterator[str]:
    """Yield the names of tables that no condition connects; none where `enable_from_linting` is off.

    A subquery or a function among them may have one row, which multiplies nothing: then there is nothing to say.
    """
    linter = getattr(compiled, "from_linter", None)
    if linter is None or not linter.froms:
        return
    start = next(iter(linter.froms))
    unjoined, _ = linter.lint(start)
    if unjoined and all(_is_table(source) for source in (start, *unjoined)):
        yield from (str(name) for source, name in linter.froms.items() if source is start or source in unjoined)


def _is_table(source: Any) -> bool:
    return isinstance(source.element if isinstance(source, AliasedReturnsRows) else source, Table)

"""Which statements loaded objects of a class."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from query_guard.records.statements import Statement


class Sources:
    """The statements that loaded objects of each class, in order: selects of it, and loads of a relationship to it."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._by_class: dict[str, list[Statement]] = defaultdict(list)
        for row in statements:
            if row.operation == "SELECT":
                loaded = (row.loader.target,) if row.loader is not None and row.loader.path else row.info.lineage
                for name in loaded:
                    self._by_class[name].append(row)

    def last_before(self, serial: int, classes: tuple[str, ...]) -> Statement | None:
        """Return the last statement before `serial` that loaded objects of one of these classes."""
        for name in classes:
            rows = self._by_class.get(name, [])
            position = bisect_left(rows, serial, key=lambda row: row.serial)
            if position:
                return rows[position - 1]
        return None

"""The savepoints of one transaction, and which of its statements were rolled back to one.

Each step takes the same time, however many savepoints there were. Memory is bounded: statements beyond the number of
rows that a window can hold are not kept.
"""

from __future__ import annotations

MOST_STATEMENTS = 4_000
"""More statements than a window has room for; of later ones nothing depends on savepoints."""
_MOST_OPEN = 4_000
"""The most open savepoints whose names are kept."""


class Savepoints:
    """`undone` are the ranges of statements, [from, to), that were rolled back: in order, without overlap."""

    __slots__ = ("_open", "_positions", "undone")

    def __init__(self) -> None:
        self.undone: list[tuple[int, int]] = []
        self._open: list[tuple[str, int]] = []
        """Names of open savepoints, the outermost first, each with the number of statements before it."""
        self._positions: dict[str, list[int]] = {}
        """The positions of each name in that list; of two savepoints with one name, the later hides the earlier."""

    def __len__(self) -> int:
        return len(self._open) + len(self.undone)

    def save(self, name: str, statements: int) -> None:
        if statements < MOST_STATEMENTS and len(self._open) < _MOST_OPEN:
            self._positions.setdefault(name, []).append(len(self._open))
            self._open.append((name, statements))

    def release(self, name: str) -> None:
        positions = self._positions.get(name)
        if positions:
            self._forget_from(positions[-1])

    def roll_back_to(self, name: str, statements: int) -> None:
        """Roll back what came after a savepoint; the savepoint itself stays open."""
        positions = self._positions.get(name)
        if not positions:
            return
        self._forget_from(positions[-1] + 1)
        since = self._open[-1][1]
        while self.undone and self.undone[-1][1] >= since:
            since = min(since, self.undone.pop()[0])
        if since < statements:
            self.undone.append((since, statements))

    def _forget_from(self, position: int) -> None:
        while len(self._open) > position:
            name, _ = self._open.pop()
            positions = self._positions[name]
            positions.pop()
            if not positions:
                del self._positions[name]

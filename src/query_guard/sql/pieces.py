"""Build a text piece by piece, and write equal elements of a list, and equal rows, once."""

from __future__ import annotations

from typing import Final

from query_guard.sql.words import BEFORE_AN_OPERAND

GLUE: Final = frozenset({"(", " (", "[", " [", ", ", "::", "."})
"""Pieces that are followed by no space."""
_OPERATOR_ENDS: Final = frozenset("+-*/<>=~!@#%^&|:([,")


class Bracket:
    """An open bracket: where its content and its current element begin, and what it does with equal elements."""

    __slots__ = ("call", "clause", "commas", "kind", "last", "opened", "start", "verb", "width")

    def __init__(self, opened: int = 0, kind: str = "", call: str = "", width: int = 1) -> None:
        self.opened = self.start = opened
        self.kind, self.call, self.width = kind, call, width
        self.commas = 0
        self.verb = self.clause = ""
        self.last: tuple[int, int] | None = None


class Pieces:
    """The pieces written so far, each with the space that precedes it, and the brackets that are open in them."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.brackets = [Bracket()]
        self.closed = -1
        """How many pieces there were when the last bracket was closed."""
        self.closed_width = 1
        self.row = (0, -1, 0)
        """The last row of VALUES: where its content begins, where it ends, and its commas."""

    def put(self, text: str) -> None:
        out = self.out
        glued = not out or out[-1] in GLUE or text in ("::", ".")
        out.append(text if glued else " " + text)

    def previous(self, back: int = 1) -> str:
        return self.out[-back].strip(" ") if len(self.out) >= back else ""

    def follows_operand(self, back: int = 1) -> bool:
        previous = self.previous(back)
        if not previous or previous in BEFORE_AN_OPERAND:
            return False
        return previous[-1] not in _OPERATOR_ENDS or previous.endswith(".*")

    def forget_rows(self) -> None:
        """Begin a statement whose rows have nothing to do with those before it."""
        self.row, self.closed = (0, -1, 0), -1

    def end_element(self, bracket: Bracket) -> None:
        if bracket.kind == "list":
            self._drop_equal_element(bracket)
        self.out.append(", ")
        bracket.commas += 1
        bracket.start = len(self.out)

    def close_bracket(self, lexeme: str) -> None:
        out = self.out
        if len(self.brackets) == 1:
            out.append(lexeme)
            return
        bracket = self.brackets.pop()
        if bracket.kind == "list":
            self._drop_equal_element(bracket)
            if bracket.width > 1 and out[bracket.opened :] == ["?"]:
                out[-1:] = ["(", "?", *[", ", "?"] * (bracket.width - 1), ")"]
        out.append(lexeme)
        self.closed, self.closed_width = len(out), 1 if bracket.call else bracket.commas + 1
        if bracket.kind == "row":
            self._drop_equal_row(bracket)
        elif bracket.call == "imp_sen" and bracket.commas == self.row[2] + 1:
            out[self.row[1] - 1 : self.row[1] - 1] = [", ", "?"]

    def repeats_row(self, masked: str) -> bool:
        """Whether further rows, given without values and spaces, are as wide as the one before them."""
        bracket, end = self.brackets[-1], len(self.out)
        start = bracket.start if bracket.kind == "list" else self.row[0] - 1 if self.row[1] == end else end
        row = "," + "".join(self.out[start:]).replace(" ", "")
        return row != "," and masked == row * (len(masked) // len(row))

    def _drop_equal_element(self, bracket: Bracket) -> None:
        """Drop the element that ends here if it repeats the one before it."""
        out, end = self.out, len(self.out)
        if bracket.last is not None and bracket.last[1] - bracket.last[0] == end - bracket.start:
            element = out[bracket.start :]
            if element == out[slice(*bracket.last)] and ("?" in element or " ?" in element):
                del out[bracket.last[1] :]
                return
        bracket.last = (bracket.start, end)

    def _drop_equal_row(self, bracket: Bracket) -> None:
        out, (opened, end, _) = self.out, self.row
        repeats = end == bracket.opened - 2 and len(out) - bracket.opened == end - opened
        if repeats and out[bracket.opened :] == out[opened:end]:
            del out[end:]
        else:
            self.row = (bracket.opened, len(out), bracket.commas)

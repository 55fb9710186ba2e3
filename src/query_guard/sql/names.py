"""Names as the text shows them, the tables among them, and names between double quotes that may be values."""

from __future__ import annotations

import re
from typing import Final

from query_guard.sql.dialects import Dialect
from query_guard.sql.pieces import Bracket
from query_guard.sql.words import BEFORE_A_QUOTED_NAME, BEGINS_WITH_COLUMN, CHANGES_A_TABLE

SPACES: Final = dict.fromkeys(map(ord, " \t\n\r\f\v"))
_FOLD: Final = SPACES | {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_QUOTED_NAME: Final = re.compile(r'"(?:[^\W\d][\w $-]*+|\?)"')
_HIDDEN: Final = '"?"'
"""Stands for what is a name for one database, and a string for another."""


def canonical(lexeme: str, dialect: Dialect) -> str:
    """Return a name without spaces, in lower case where the database does not tell cases apart."""
    if lexeme.isascii() and lexeme.replace(".", "").isidentifier():
        return lexeme.lower() if dialect.folds else lexeme
    table = _FOLD if dialect.folds else SPACES
    if not any(quote in lexeme for quote in '"`['):
        return lexeme.translate(table)
    parts = dialect.part.findall(lexeme)
    text = ".".join(part if part[0] in '"`[' or "[" in part else part.translate(table) for part in parts)
    return text + ".*" if lexeme.endswith("*") else text


class Tables:
    """The tables of a text, in order; a common table expression is none, nor is a function that looks like one."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.written: dict[str, None] = {}
        self._ctes: set[str] = set()
        self.maybe_function = self.surely_table = self.named = -1
        """After how many pieces a bracket begins arguments, or columns of a table, or of a table or an expression."""

    def add(self, text: str, expects: str, pieces: int) -> None:
        """Note a name after so many pieces; `expects` says how it is used: "read", "write", "table" or "cte"."""
        if expects != "read":
            self.named = pieces + 1
        if expects == "cte":
            self._ctes.add(text)
            return
        if text in self._ctes:
            return
        if expects == "read" and text not in self.names:
            self.maybe_function = pieces + 1
        elif expects != "read":
            self.surely_table = pieces + 1
        self.names[text] = None
        if expects == "write":
            self.written[text] = None

    def bracket_opens(self, pieces: int) -> None:
        """Take the last name back if it was that of a function."""
        if self.maybe_function == pieces:
            self.names.popitem()


class DoubleQuoted:
    """What a statement writes between double quotes, where its database may read a string there."""

    def __init__(self) -> None:
        self._doubtful: set[str] = set()
        """Names or strings."""
        self._sure: set[str] = set()
        """What stood where only a name can stand."""
        self.hidden: list[str] = []
        """Those that are not shown, in their order, as they are part of the shape."""

    def add(self, text: str, parts: list[str], *, is_name: bool, bracket: Bracket, previous: str) -> bool:
        """Note a name, or what may be one; False where it is a string for sure."""
        if not is_name and len(parts) == 1:
            is_compared = bracket.kind == "list" or previous[-1:] in tuple("<>=!~|+") or previous in ("LIKE", "ILIKE")
            if bracket.kind == "row" or (is_compared and not _QUOTED_NAME.fullmatch(text)):
                return False
            if not text.endswith(".*"):
                self._doubtful.add(text)
                return True
        self._sure.update(part for part in parts if part[0] == '"')
        return True

    def hide(self, out: list[str], begun: int) -> None:
        """Hide in the pieces of a statement what may be a value, though it is written like a name."""
        doubtful = self._doubtful - self._sure
        for index in range(begun, len(out)) if doubtful else ():
            if out[index].lstrip(" ") in doubtful:
                self.hidden.append(out[index])
                out[index] = out[index].replace(out[index].lstrip(" "), _HIDDEN)
        self._doubtful, self._sure = set(), set()


def must_be_name(bracket: Bracket, previous: str, verb: str) -> bool:
    """Whether no value can stand here, by the piece before it and the verb of the statement."""
    word = previous.upper()
    if word in BEFORE_A_QUOTED_NAME or verb == "PRAGMA":
        return True
    if previous in ("(", ","):
        return bracket.kind == "names" or (previous == "," and bracket.clause in BEGINS_WITH_COLUMN)
    if verb in ("CREATE", "ALTER", "DROP"):
        return word in ("ON", "EXISTS") or (verb == "ALTER" and word in CHANGES_A_TABLE)
    return word in BEGINS_WITH_COLUMN and bracket.clause == word

"""Write the canonical text of a statement from its tokens: values out, lists collapsed, keywords and names folded."""

from __future__ import annotations

import re
from typing import Final

from query_guard.sql.settings import QUERIES, without_settings
from query_guard.sql.tokens import BUDGET, Dialect

_REMEMBERED_WORDS: Final = 8192


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KEYWORDS: Final = _words("""
    ADD ALL ALTER ANALYZE AND ANY ARRAY AS ASC BEGIN BETWEEN BY CASCADE CASE CAST CHECK COLLATE COMMIT CONFLICT
    CONSTRAINT CREATE CROSS DEFAULT DELETE DESC DISTINCT DO DROP DUPLICATE ELSE END ESCAPE EXCEPT EXISTS EXPLAIN
    FETCH FILTER FOR FOREIGN FROM FULL GRANT GROUP HAVING IF IGNORE ILIKE IN INDEX INNER INSERT INTERSECT INTERVAL
    INTO IS JOIN KEY LATERAL LEFT LIKE LIMIT MATERIALIZED MERGE NATURAL NOT NOTHING OFFSET ON ONLY OR ORDER OUTER
    OVER PARTITION PRAGMA PRIMARY RECURSIVE REFERENCES REGEXP RELEASE REPLACE RETURNING RIGHT ROLLBACK SAVEPOINT
    SELECT SET SHOW SOME TABLE THEN TO TRANSACTION TRUNCATE UNION UNIQUE UPDATE USING VALUES VIEW WHEN WHERE
    WINDOW WITH WORK
""")
_CALLED: Final = frozenset({"CAST", "REPLACE", "ARRAY", "IF"})
_CONSTANTS: Final = frozenset({"NULL", "TRUE", "FALSE"})
_CONSTANT_IS_WORD_AFTER: Final = frozenset({"IS", "NOT", "SET", "DEFAULT", "ON"})
_VERBS: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "VALUES", "TRUNCATE"})
_NO_VERB_AFTER: Final = frozenset({"FOR", "ON", "DO", "KEY", "THEN"})
_ENDS_FROM: Final = _words("""
    WHERE GROUP ORDER HAVING LIMIT OFFSET WINDOW RETURNING SET UNION INTERSECT EXCEPT FOR SELECT VALUES FETCH
""")
_ACTS: Final = (
    _VERBS | _ENDS_FROM | {"FROM", "JOIN", "INTO", "TABLE", "USING", "WITH", "SAVEPOINT", "RELEASE", "TO", "BY"}
)
_BEFORE_A_NAME: Final = frozenset({"ONLY", "LATERAL", "IF", "NOT", "EXISTS", "OR", "IGNORE", "RECURSIVE", "SAVEPOINT"})
_BEFORE_AN_OPERAND: Final = _words("""
    ALL AND ANY AS BETWEEN BY CASE DEFAULT DISTINCT ELSE ESCAPE FETCH FROM HAVING ILIKE IN INTERVAL INTO IS LIKE
    LIMIT NOT OFFSET ON OR REGEXP RETURNING SELECT SET SOME THEN TO USING VALUES WHEN WHERE
""")
_GLUE: Final = frozenset({"(", " (", "[", " [", ", ", "::", "."})
_OPERATOR_ENDS: Final = frozenset("+-*/<>=~!@#%^&|:([,")
_AFTER_COMMA: Final = {"": "", "FROM": "read", "WITH": "cte", "SET": "", "BY": "", "RETURNING": ""}
_OF_NAMES: Final = frozenset({"SET", "BY", "RETURNING"})
"""Clauses whose elements begin with the name of a column."""
_BEFORE_A_QUOTED_NAME: Final = _words("""
    AS COLLATE COLUMN CONSTRAINT INDEX OVER REFERENCES TABLE TRIGGER VIEW WINDOW
""")
_ALTERED: Final = frozenset({"ADD", "ALTER", "CHANGE", "DROP", "MODIFY", "RENAME", "TO"})
_QUOTED_NAME: Final = re.compile(r'"(?:[^\W\d][\w $-]*+|\?)"')
_HIDDEN: Final = '"?"'
"""Stands for what is a name for one database, and a string for another."""
_SPACES: Final = dict.fromkeys(map(ord, " \t\n\r\f\v"))
_FOLD: Final = _SPACES | {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class _Frame:
    """An open bracket: where its content and its current element start, and what it does with equal elements."""

    __slots__ = ("call", "clause", "commas", "kind", "last", "opened", "start", "verb", "width")

    def __init__(self, opened: int = 0, kind: str = "", call: str = "", width: int = 1) -> None:
        self.opened = self.start = opened
        self.kind, self.call, self.width = kind, call, width
        self.commas = 0
        self.verb = self.clause = ""
        self.last: tuple[int, int] | None = None


class Shape:
    """Writes the canonical text of a statement, a piece per token, each with the space that precedes it."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.out: list[str] = []
        self.frames = [_Frame()]
        self.operation = self.verb = ""
        self.expects = "verb"
        self.tables: dict[str, None] = {}
        self.writes: dict[str, None] = {}
        self.ctes: set[str] = set()
        self.maybe_function = self.surely_table = self.named = self.closed = -1
        self.closed_width = 1
        self.row = (0, -1, 0)
        self.begun = 0
        """Where the current statement begins in `out`."""
        self.doubtful: set[str] = set()
        self.sure: set[str] = set()
        """What stood between double quotes, as a name or a string, and where only a name can stand."""
        self.hidden: list[str] = []
        """Those that are not shown, in their order, as they are part of the shape."""

    def read(self, found: list[str]) -> bool:
        """Write all tokens; False when the budget ended before they did."""
        out, frames, spaced, bare = self.out, self.frames, self.dialect.spaced, self.dialect.bare
        known: dict[str, str] = {}
        for lexeme in found:
            piece = known.get(lexeme)
            if piece is not None:
                out.append(piece)
                known = spaced
                continue
            if lexeme == ",":
                frame = frames[-1]
                if not frame.clause and frame.kind != "list":
                    out.append(", ")
                    frame.commas += 1
                    known = bare
                    continue
            if not lexeme:
                return True
            self._token(lexeme)
            if len(out) > BUDGET:
                return False
            known = {} if self.expects else bare if out and out[-1] in _GLUE else spaced
        return len(found) <= BUDGET

    def text(self) -> str:
        while self.out and self.out[-1] == ";":
            self.out.pop()
        self._finish()
        return "".join(self.out)

    def _finish(self) -> None:
        """End a statement: hide what may be a value, though it is written like a name."""
        out, begun = self.out, min(self.begun, len(self.out))
        doubtful = self.doubtful - self.sure
        for place in range(begun, len(out)) if doubtful else ():
            if out[place].lstrip(" ") in doubtful:
                self.hidden.append(out[place])
                out[place] = out[place].replace(out[place].lstrip(" "), _HIDDEN)
        if self.verb not in QUERIES:
            calls = self.dialect.name in ("mssql", "generic")
            out[begun:] = [without_settings(self.verb, "".join(out[begun:]), calls=calls)]
            self.row, self.closed = (0, -1, 0), -1
        self.doubtful, self.sure = set(), set()

    def _token(self, lexeme: str) -> None:
        if lexeme == ",":
            self._comma()
        elif lexeme in ("(", "["):
            self._open(lexeme)
        elif lexeme in (")", "]"):
            self._close(lexeme)
        elif lexeme == ";":
            self._finish()
            self.out.append(lexeme)
            self.begun = len(self.out)
            self.frames[:], self.expects, self.verb = [_Frame()], "verb", ""
        elif lexeme[0] == ",":
            self._rows(lexeme)
        elif lexeme[0] == "?" and self.dialect.name == "postgresql":
            self._question_mark(lexeme)
        else:
            self._word_or_value(lexeme)

    def _word_or_value(self, lexeme: str) -> None:
        upper = lexeme.upper() if lexeme.isascii() else lexeme
        if upper in _CONSTANTS:
            self._constant(upper)
        elif upper in _KEYWORDS:
            self._keyword(lexeme, upper)
        elif lexeme.replace(".", "").isidentifier():
            self._name(lexeme)
        elif self.dialect.item.match(lexeme):
            self._value(lexeme)
        elif self.dialect.part.match(lexeme):
            self._name(lexeme)
        elif lexeme[0] in '"`[':
            self._value(lexeme)
        else:
            self.expects = ""
            if lexeme not in _GLUE:
                self._remember(lexeme, lexeme)
            self._put(lexeme)

    def _put(self, text: str) -> None:
        out = self.out
        glued = not out or out[-1] in _GLUE or text in ("::", ".")
        out.append(text if glued else " " + text)

    def _previous(self, back: int = 1) -> str:
        return self.out[-back].strip(" ") if len(self.out) >= back else ""

    def _follows_operand(self, back: int = 1) -> bool:
        previous = self._previous(back)
        if not previous or previous in _BEFORE_AN_OPERAND:
            return False
        return previous[-1] not in _OPERATOR_ENDS or previous.endswith(".*")

    def _question_mark(self, lexeme: str) -> None:
        if self._follows_operand():
            self._put(lexeme)
            return
        self._value("?")
        if lexeme != "?":
            self._put(lexeme[1:])

    def _value(self, lexeme: str) -> None:
        out, frame = self.out, self.frames[-1]
        self.expects = ""
        if lexeme[0] in ".0123456789" and self._previous() in ("-", "+") and not self._follows_operand(2):
            out.pop()
        self._put("?")
        if "," not in lexeme or (frame.kind == "list" and len(out) == frame.start + 1):
            return
        more = min(self.dialect.item.sub("?", lexeme).count("?") - 1, BUDGET)
        if frame.kind == "list" and more:
            self._comma()
            out.append("?")
        else:
            out.extend([", ", "?"] * more)
            frame.commas += more

    def _constant(self, word: str) -> None:
        if self._previous() in _CONSTANT_IS_WORD_AFTER:
            self._put(word)
        else:
            self._value(word)

    def _name(self, lexeme: str) -> None:
        expects, self.expects = self.expects, ""
        text = self._canonical(lexeme)
        if self.verb == "VACUUM" and expects == "write":  # a file, with SQLite
            self._value("?")
            return
        if self.dialect.doubtful and '"' in lexeme and not self._is_kept(text, expects):
            self._value("?")
            return
        if expects == "verb":
            self.verb = lexeme.upper() if lexeme.isascii() and lexeme.isalpha() else "OTHER"
            self.operation = self.operation or self.verb
        elif expects == "savepoint":
            text = "?"
        elif expects:
            self._table(text, expects)
        elif len(lexeme) <= 64 and not (self.dialect.doubtful and '"' in lexeme):
            self._remember(lexeme, text)
        self._put(text)

    def _is_kept(self, text: str, expects: str) -> bool:
        """Note whether double quotes hold a name or perhaps a string; False where they hold a string for sure."""
        frame, previous = self.frames[-1], self._previous()
        if expects in ("read", "write", "table", "cte") or text[0] != '"' or self._stands_for_a_name(frame, previous):
            self.sure.update(part for part in self.dialect.part.findall(text) if part[0] == '"')
            return True
        if len(self.dialect.part.findall(text)) > 1:
            self.sure.update(part for part in self.dialect.part.findall(text) if part[0] == '"')
            return True
        is_compared = frame.kind == "list" or previous[-1:] in tuple("<>=!~|+") or previous in ("LIKE", "ILIKE")
        if frame.kind == "row" or (is_compared and not _QUOTED_NAME.fullmatch(text)):
            return False
        self.doubtful.add(text)
        return True

    def _stands_for_a_name(self, frame: _Frame, previous: str) -> bool:
        word = previous.upper()
        if word in _BEFORE_A_QUOTED_NAME or self.verb == "PRAGMA":
            return True
        if previous in ("(", ","):
            return frame.kind == "names" or (previous == "," and frame.clause in _OF_NAMES)
        if self.verb in ("CREATE", "ALTER", "DROP"):
            return word in ("ON", "EXISTS") or (self.verb == "ALTER" and word in _ALTERED)
        return word in _OF_NAMES and frame.clause == word

    def _remember(self, lexeme: str, text: str) -> None:
        spaced, bare = self.dialect.spaced, self.dialect.bare
        if len(spaced) >= _REMEMBERED_WORDS:
            spaced.clear()
            bare.clear()
        spaced[lexeme] = " " + text
        bare[lexeme] = text

    def _canonical(self, lexeme: str) -> str:
        if lexeme.isascii() and lexeme.replace(".", "").isidentifier():
            return lexeme.lower() if self.dialect.folds else lexeme
        table = _FOLD if self.dialect.folds else _SPACES
        if not any(quote in lexeme for quote in '"`['):
            return lexeme.translate(table)
        parts = self.dialect.part.findall(lexeme)
        text = ".".join(part if part[0] in '"`[' or "[" in part else part.translate(table) for part in parts)
        return text + ".*" if lexeme.endswith("*") else text

    def _table(self, text: str, expects: str) -> None:
        if expects != "read":
            self.named = len(self.out) + 1
        if expects == "cte":
            self.ctes.add(text)
            return
        if text in self.ctes:
            return
        if expects == "read" and text not in self.tables:
            self.maybe_function = len(self.out) + 1
        elif expects != "read":
            self.surely_table = len(self.out) + 1
        self.tables[text] = None
        if expects == "write":
            self.writes[text] = None

    def _keyword(self, lexeme: str, word: str) -> None:
        if self.expects == "verb":
            self.verb = word
            self.operation = self.operation or word
        if self.expects and word not in _BEFORE_A_NAME:
            self.expects = ""
        if word in _ACTS:
            self._act(word, self.frames[-1])
        elif not self.expects:
            self._remember(lexeme, word)
        if not (word == "VALUES" and self.dialect.name == "sqlite" and self.frames[-1].kind == "list"):
            self._put(word)

    def _act(self, word: str, frame: _Frame) -> None:
        previous = self._previous()
        if word in _ENDS_FROM:
            frame.clause = word if word == "RETURNING" or (word == "SET" and frame.verb) else ""
        elif word == "BY" and previous in ("ORDER", "GROUP", "PARTITION"):
            frame.clause = "BY"
        if word in _VERBS and previous not in _NO_VERB_AFTER:
            self._begin(word, frame)
        elif word == "FROM" and previous != "DISTINCT" and (frame.verb or len(self.frames) == 1):
            frame.clause, self.expects = "FROM", "write" if previous == "DELETE" else "read"
        elif word == "JOIN" or (word == "USING" and frame.verb in ("DELETE", "MERGE")):
            self.expects = "read"
        elif word == "INTO":
            self.expects = "write"
        elif word == "TABLE":
            self.expects = "write" if previous == "TRUNCATE" else "table"
        elif word == "WITH" and frame.verb in ("", "INSERT"):
            frame.kind, frame.clause, self.expects = "", "WITH", "cte"
        elif word in ("SAVEPOINT", "RELEASE") or (word == "TO" and self.verb == "ROLLBACK"):
            self.expects = "savepoint" if self.verb in ("SAVEPOINT", "RELEASE", "ROLLBACK") else ""

    def _begin(self, word: str, frame: _Frame) -> None:
        if word == "SELECT":
            frame.kind = ""
        frame.clause = ""
        frame.verb = frame.verb or word
        if self.operation == "WITH" and len(self.frames) == 1:
            self.operation = word
        if word not in ("SELECT", "VALUES"):
            self.expects = "write"

    def _comma(self) -> None:
        frame = self.frames[-1]
        if frame.kind == "list":
            self._settle(frame)
        self.out.append(", ")
        frame.commas += 1
        frame.start = len(self.out)
        self.expects = _AFTER_COMMA[frame.clause]

    def _settle(self, frame: _Frame) -> None:
        """Drop the element that ends here if it repeats the one before it."""
        out, end = self.out, len(self.out)
        if frame.last is not None and frame.last[1] - frame.last[0] == end - frame.start:
            element = out[frame.start :]
            if element == out[slice(*frame.last)] and ("?" in element or " ?" in element):
                del out[frame.last[1] :]
                return
        frame.last = (frame.start, end)

    def _open(self, lexeme: str) -> None:
        out, previous = self.out, self._previous()
        if self.maybe_function == len(out) and lexeme == "(":
            self.tables.popitem()
        call = previous in _CALLED or (previous not in _KEYWORDS and self._follows_operand())
        spaced = not (call and self.surely_table != len(out)) and bool(out) and out[-1] not in _GLUE
        frame = _Frame(len(out) + 1, self._kind(lexeme, previous), previous if call else "")
        if previous == "IN":
            negated = out[-2:-1] == [" NOT"]
            frame.width = self.closed_width if self.closed == len(out) - 1 - negated else 1
        if self.expects not in ("verb", "read"):
            self.expects = ""
        out.append(" " + lexeme if spaced else lexeme)
        self.frames.append(frame)

    def _kind(self, lexeme: str, previous: str) -> str:
        if previous == "IN" or (lexeme == "[" and (previous == "ARRAY" or self.frames[-1].kind == "list")):
            return "list"
        if previous == "VALUES" or (previous == "," and self.row[1] == len(self.out) - 1):
            return "row"
        return "names" if self._opens_names(previous) else ""

    def _opens_names(self, previous: str) -> bool:
        """Whether a list of columns begins: after a table that is written or made, and in constraints and indexes."""
        before = self._previous(2)
        return (
            self.named == len(self.out)
            or (previous == "KEY" and before in ("PRIMARY", "FOREIGN"))
            or previous in ("CONFLICT", "USING")
            or before == "REFERENCES"
            or (self.verb in ("CREATE", "ALTER") and (previous == "UNIQUE" or before == "ON"))
        )

    def _close(self, lexeme: str) -> None:
        out, self.expects = self.out, ""
        if len(self.frames) == 1:
            out.append(lexeme)
            return
        frame = self.frames.pop()
        if frame.kind == "list":
            self._settle(frame)
            if frame.width > 1 and out[frame.opened :] == ["?"]:
                out[-1:] = ["(", "?", *[", ", "?"] * (frame.width - 1), ")"]
        out.append(lexeme)
        self.closed, self.closed_width = len(out), 1 if frame.call else frame.commas + 1
        if frame.kind == "row":
            self._settle_row(frame)
        elif frame.call == "imp_sen" and frame.commas == self.row[2] + 1:
            out[self.row[1] - 1 : self.row[1] - 1] = [", ", "?"]

    def _settle_row(self, frame: _Frame) -> None:
        out, (opened, end, _) = self.out, self.row
        repeats = end == frame.opened - 2 and len(out) - frame.opened == end - opened
        if repeats and out[frame.opened :] == out[opened:end]:
            del out[end:]
        else:
            self.row = (frame.opened, len(out), frame.commas)

    def _rows(self, lexeme: str) -> None:
        """Skip rows that have the width of the row before them, and write any others value by value."""
        frame, end = self.frames[-1], len(self.out)
        start = frame.start if frame.kind == "list" else self.row[0] - 1 if self.row[1] == end else end
        row = "," + "".join(self.out[start:]).replace(" ", "")
        masked = self.dialect.item.sub("?", lexeme).translate(_SPACES)
        if row != "," and masked == row * (len(masked) // len(row)):
            return
        for part in self.dialect.single.findall(lexeme):
            if part and len(self.out) <= BUDGET:
                self._token(part)

"""Write the canonical text of a statement from its tokens: values out, lists collapsed, keywords and names folded."""

from __future__ import annotations

from typing import Final

from query_guard.sql.clauses import Clauses
from query_guard.sql.dialects import Dialect
from query_guard.sql.names import SPACES, DoubleQuoted, canonical, must_be_name
from query_guard.sql.pieces import GLUE, Bracket
from query_guard.sql.settings import QUERIES, without_settings
from query_guard.sql.tokens import BUDGET
from query_guard.sql.words import BEFORE_A_NAME, BEGINS_CLAUSE, CONSTANT_IS_WORD_AFTER, CONSTANTS, KEYWORDS

_REMEMBERED_WORDS: Final = 8192


class Shape(Clauses):
    """The canonical text of a statement: what each token becomes in it."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self.dialect = dialect
        self.quoted = DoubleQuoted()
        self.begun = 0
        """Where the current statement begins in `out`."""

    def read(self, lexemes: list[str]) -> bool:
        """Write all tokens; False when the budget ended before they did.

        Words and commas are written here, without a call for each: that is most of a text (`python -m benchmarks`).
        """
        out, brackets, spaced, bare = self.out, self.brackets, self.dialect.spaced, self.dialect.bare
        remembered: dict[str, str] = {}
        for lexeme in lexemes:
            piece = remembered.get(lexeme)
            if piece is not None:
                out.append(piece)
                remembered = spaced
                continue
            if lexeme == ",":
                bracket = brackets[-1]
                if not bracket.clause and bracket.kind != "list":
                    out.append(", ")
                    bracket.commas += 1
                    self.expects = ""
                    remembered = bare
                    continue
            if not lexeme:
                return True
            self._token(lexeme)
            if len(out) > BUDGET:
                return False
            remembered = {} if self.expects else bare if out and out[-1] in GLUE else spaced
        return len(lexemes) <= BUDGET

    def text(self) -> str:
        while self.out and self.out[-1] == ";":
            self.out.pop()
        self._finish()
        return "".join(self.out)

    def _finish(self) -> None:
        """End a statement: hide what may be a value, though it is written like a name."""
        out, begun = self.out, min(self.begun, len(self.out))
        self.quoted.hide(out, begun)
        if self.verb not in QUERIES:
            calls = self.dialect.name in ("mssql", "generic")
            out[begun:] = [without_settings(self.verb, "".join(out[begun:]), calls=calls)]
            self.forget_rows()

    def _token(self, lexeme: str) -> None:
        if lexeme == ",":
            self.comma()
        elif lexeme in ("(", "["):
            self.open_bracket(lexeme)
        elif lexeme in (")", "]"):
            self.expects = ""
            self.close_bracket(lexeme)
        elif lexeme == ";":
            self._finish()
            self.out.append(lexeme)
            self.begun = len(self.out)
            self.brackets[:], self.expects, self.verb = [Bracket()], "verb", ""
        elif lexeme[0] == ",":
            self._rows(lexeme)
        elif lexeme[0] == "?" and self.dialect.name == "postgresql":
            self._question_mark(lexeme)
        else:
            self._word_or_value(lexeme)

    def _word_or_value(self, lexeme: str) -> None:
        upper = lexeme.upper() if lexeme.isascii() else lexeme
        if upper in CONSTANTS:
            self._constant(upper)
        elif upper in KEYWORDS:
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
            if lexeme not in GLUE:
                self._remember(lexeme, lexeme)
            self.put(lexeme)

    def _question_mark(self, lexeme: str) -> None:
        if self.follows_operand():
            self.put(lexeme)
            return
        self._value("?")
        if lexeme != "?":
            self.put(lexeme[1:])

    def _value(self, lexeme: str) -> None:
        out, bracket = self.out, self.brackets[-1]
        self.expects = ""
        if lexeme[0] in ".0123456789" and self.previous() in ("-", "+") and not self.follows_operand(2):
            out.pop()
        self.put("?")
        if "," not in lexeme or (bracket.kind == "list" and len(out) == bracket.start + 1):
            return
        further_values = min(self.dialect.item.sub("?", lexeme).count("?") - 1, BUDGET)
        if bracket.kind == "list" and further_values:
            self.comma()
            out.append("?")
        else:
            out.extend([", ", "?"] * further_values)
            bracket.commas += further_values

    def _constant(self, word: str) -> None:
        if self.previous() in CONSTANT_IS_WORD_AFTER:
            self.put(word)
        else:
            self._value(word)

    def _name(self, lexeme: str) -> None:
        expects, self.expects = self.expects, ""
        text = canonical(lexeme, self.dialect)
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
            self.tables.add(text, expects, len(self.out))
        elif len(lexeme) <= 64 and not (self.dialect.doubtful and '"' in lexeme):
            self._remember(lexeme, text)
        self.put(text)

    def _is_kept(self, text: str, expects: str) -> bool:
        """Note whether double quotes hold a name or perhaps a string; False where they hold a string for sure."""
        bracket, previous = self.brackets[-1], self.previous()
        is_name = (
            expects in ("read", "write", "table", "cte") or text[0] != '"' or must_be_name(bracket, previous, self.verb)
        )
        parts = self.dialect.part.findall(text)
        return self.quoted.add(text, parts, is_name=is_name, bracket=bracket, previous=previous)

    def _remember(self, lexeme: str, text: str) -> None:
        spaced, bare = self.dialect.spaced, self.dialect.bare
        if len(spaced) >= _REMEMBERED_WORDS:
            spaced.clear()
            bare.clear()
        spaced[lexeme] = " " + text
        bare[lexeme] = text

    def _keyword(self, lexeme: str, word: str) -> None:
        if self.expects == "verb":
            self.verb = word
            self.operation = self.operation or word
        if self.expects and word not in BEFORE_A_NAME:
            self.expects = ""
        if word in BEGINS_CLAUSE:
            self.begin_clause(word, self.brackets[-1])
        elif not self.expects:
            self._remember(lexeme, word)
        if not (word == "VALUES" and self.dialect.name == "sqlite" and self.brackets[-1].kind == "list"):
            self.put(word)

    def _rows(self, lexeme: str) -> None:
        """Skip rows that have the width of the row before them, and write any others value by value."""
        if self.repeats_row(self.dialect.item.sub("?", lexeme).translate(SPACES)):
            return
        for part in self.dialect.single.findall(lexeme):
            if part and len(self.out) <= BUDGET:
                self._token(part)

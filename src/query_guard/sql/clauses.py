"""Follow the clauses of a statement: its verb, its tables, and what the next name or bracket will be."""

from __future__ import annotations

from query_guard.sql.names import Tables
from query_guard.sql.pieces import GLUE, Bracket, Pieces
from query_guard.sql.words import AFTER_COMMA, ALSO_FUNCTIONS, ENDS_FROM, KEYWORDS, NO_VERB_AFTER, VERBS


class Clauses(Pieces):
    """The pieces of a text, and where in its clauses the last of them stands."""

    def __init__(self) -> None:
        super().__init__()
        self.operation = self.verb = ""
        """The main verb of the text, and that of the statement that goes on."""
        self.expects = "verb"
        """What the next name is: "verb", "savepoint", a table to "read" or "write", "table", "cte"; "" for others."""
        self.tables = Tables()

    def begin_clause(self, word: str, bracket: Bracket) -> None:
        previous = self.previous()
        if word in ENDS_FROM:
            bracket.clause = word if word == "RETURNING" or (word == "SET" and bracket.verb) else ""
        elif word == "BY" and previous in ("ORDER", "GROUP", "PARTITION"):
            bracket.clause = "BY"
        if word in VERBS and previous not in NO_VERB_AFTER:
            self._begin_query(word, bracket)
        elif word == "FROM" and previous != "DISTINCT" and (bracket.verb or len(self.brackets) == 1):
            bracket.clause, self.expects = "FROM", "write" if previous == "DELETE" else "read"
        elif word == "JOIN" or (word == "USING" and bracket.verb in ("DELETE", "MERGE")):
            self.expects = "read"
        elif word == "INTO":
            self.expects = "write"
        elif word == "TABLE":
            self.expects = "write" if previous == "TRUNCATE" else "table"
        elif word == "WITH" and bracket.verb in ("", "INSERT"):
            bracket.kind, bracket.clause, self.expects = "", "WITH", "cte"
        elif word in ("SAVEPOINT", "RELEASE") or (word == "TO" and self.verb == "ROLLBACK"):
            self.expects = "savepoint" if self.verb in ("SAVEPOINT", "RELEASE", "ROLLBACK") else ""

    def _begin_query(self, word: str, bracket: Bracket) -> None:
        if word == "SELECT":
            bracket.kind = ""
        bracket.clause = ""
        bracket.verb = bracket.verb or word
        if self.operation == "WITH" and len(self.brackets) == 1:
            self.operation = word
        if word not in ("SELECT", "VALUES"):
            self.expects = "write"

    def comma(self) -> None:
        bracket = self.brackets[-1]
        self.end_element(bracket)
        self.expects = AFTER_COMMA[bracket.clause]

    def open_bracket(self, lexeme: str) -> None:
        out, previous = self.out, self.previous()
        if lexeme == "(":
            self.tables.bracket_opens(len(out))
        call = previous in ALSO_FUNCTIONS or (previous not in KEYWORDS and self.follows_operand())
        spaced = not (call and self.tables.surely_table != len(out)) and bool(out) and out[-1] not in GLUE
        bracket = Bracket(len(out) + 1, self._kind(lexeme, previous), previous if call else "")
        if previous == "IN":
            negated = out[-2:-1] == [" NOT"]
            bracket.width = self.closed_width if self.closed == len(out) - 1 - negated else 1
        if self.expects not in ("verb", "read"):
            self.expects = ""
        out.append(" " + lexeme if spaced else lexeme)
        self.brackets.append(bracket)

    def _kind(self, lexeme: str, previous: str) -> str:
        if previous == "IN" or (lexeme == "[" and (previous == "ARRAY" or self.brackets[-1].kind == "list")):
            return "list"
        if previous == "VALUES" or (previous == "," and self.row[1] == len(self.out) - 1):
            return "row"
        return "names" if self._opens_names(previous) else ""

    def _opens_names(self, previous: str) -> bool:
        """Whether a list of columns begins: after a table that is written or made, and in constraints and indexes."""
        word_before = self.previous(2)
        return (
            self.tables.named == len(self.out)
            or (previous == "KEY" and word_before in ("PRIMARY", "FOREIGN"))
            or previous in ("CONFLICT", "USING")
            or word_before == "REFERENCES"
            or (self.verb in ("CREATE", "ALTER") and (previous == "UNIQUE" or word_before == "ON"))
        )

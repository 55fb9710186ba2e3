"""How each kind of database writes strings, names, binds, numbers and comments: the patterns that cut its text.

A value (string, number, bind) is one token, and so is a run of values (`1, 2, 3`) or of rows (`, (1, 2), (3, 4)`), so
that long lists are crossed inside the regular expression engine. Loops are possessive, and a string, a name or a
comment that is left open reaches to the end of the text: the time is linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

_START = r"[^\x00-@\[-^`{-\x7f]"
_INSIDE = r"[^\x00-#%-/:-@\[-^`{-\x7f]"
_WORD = rf"{_START}{_INSIDE}*+"
_DIGIT_WORD = rf"(?!0[xXbB])\d++(?![eE][+-]?\d)(?:\$|{_START}){_INSIDE}*+"
_SCHEMA = r"__\[SCHEMA_[^\]]{0,256}+\]"
_DOUBLE = r'"[^"]*+(?:""[^"]*+)*+"'
_BACK = r"`[^`]*+(?:``[^`]*+)*+`"
_SQUARE = r"\[[^\]]*+(?:\]\][^\]]*+)*+\]"
_STRING = r"'[^']*+(?:''[^']*+)*+(?:'|\Z)"
_ESCAPED = r"'(?:[^'\\]++|\\.|'')*+(?:'|\\?\Z)"
_NUMBER = r"(?:0[xXoObB][0-9a-fA-F_]++|(?:\d[\d_]*+(?:\.[\d_]*+)?|\.\d[\d_]*+)(?:[eE][+-]?\d++)?)"
_EXPANDING = r"__\[POSTCOMPILE_[^\]]{0,256}+\]"
_BINDS = rf"%s(?!\w)|%\([^()]{{0,128}}+\)s|(?<![\w:)\]]):\w++|{_EXPANDING}"
_TYPE = (
    rf"(?:{_DOUBLE}|\.|{_WORD})++(?i:\s++(?:VARYING|PRECISION)\b)?"
    r"(?:\s*+\(\s*+\d++(?:\s*+,\s*+\d++)*+\s*+\))?(?i:\s++WITH(?:OUT)?\s++(?:LOCAL\s++)?TIME\s++ZONE\b)?(?:\s*+\[\d*+\])*+"
)
# What SQLAlchemy writes between the brackets of an IN whose list is empty, letter by letter.
_EMPTY_IN = (
    r"(?:(?:NULL|\(NULL(?:, NULL)*+\))\) (?:AND \(1 != 1|OR \(1 = 1)"
    r"|SELECT 1(?:, 1)*+(?: FROM \(SELECT 1(?:, 1)*+\))? WHERE 1!=1"
    r"|SELECT CAST\(NULL AS [^()]{0,99}+\)(?:, CAST\(NULL AS [^()]{0,99}+\))*+ WHERE 1!=1"
    r"|SELECT _in_0(?:, _in_\d++)*+ FROM \(SELECT 1 AS _in_0(?:, 1 AS _in_\d++)*+\) as _empty_set WHERE 1!=1)"
)
_COMMENT = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)"
_OPERATORS = r"<=>|->>?|\|\||&&|<<|>>|<>|!=|<=|>=|==|:=|=>|::|."
_PG_SIGN, _PG_MARK = r"(?:(?!--)[-+*/<>=])", r"(?:(?!%s\b|%\()[~!@#%^&|`])"
_PG_OPERATORS = (
    r"::|:=|@\?|\?(?:\|\||-\||[|&#-])?"
    rf"|{_PG_SIGN}{{0,16}}+{_PG_MARK}(?:{_PG_SIGN}|{_PG_MARK})*+|{_PG_SIGN}{{0,16}}[*/<>=]|."
)


@dataclass(slots=True, eq=False)
class Dialect:
    """How one kind of database cuts its text; `spaced` and `bare` remember the plain words met, for their writer."""

    name: str
    scan: re.Pattern[str]
    single: re.Pattern[str]
    item: re.Pattern[str]
    part: re.Pattern[str]
    folds: bool
    doubtful: bool
    """Whether what stands between double quotes may be a string."""
    spaced: dict[str, str] = field(default_factory=dict)
    bare: dict[str, str] = field(default_factory=dict)


class _Rules(NamedTuple):
    quoted: str = f"{_DOUBLE}|{_BACK}"
    opened: str = '["`]'
    strings: str = rf"(?:[bBxXnN]|[uU]&)?{_STRING}"
    number: str = _NUMBER
    binds: str = rf"{_BINDS}|\?|\$\d++"
    operators: str = _OPERATORS
    skip: str = rf"--[^\n]*+|{_COMMENT}"
    word: str = _WORD
    folds: bool = True
    doubtful: bool = False


_DOUBLE_STRING = _STRING.replace("'", '"')
_DOUBLE_ESCAPED = r'"(?:[^"\\]++|\\.|"")*+"'
_BACK_ESCAPED = _DOUBLE_ESCAPED.replace('"', "`")
_ESCAPED_DOUBLE = _ESCAPED.replace("'", '"')
_RULES: Final = {
    "generic": _Rules(doubtful=True),
    "postgresql": _Rules(
        quoted=_DOUBLE,
        opened='"',
        strings=rf"[eE]{_ESCAPED}|(?:[bBxXnN]|[uU]&)?{_STRING}",
        binds=rf"{_BINDS}|\$\d++",
        operators=_PG_OPERATORS,
        skip=r"--[^\n]*+",
    ),
    "sqlite": _Rules(
        quoted=f"{_DOUBLE}|{_BACK}|{_SQUARE}",
        opened=r'["`\[]',
        strings=rf"[xX]?{_STRING}",
        binds=rf"\?\d*+|(?<![\w:)\]])[:@$]\w++|{_EXPANDING}",
        doubtful=True,
    ),
    "mysql": _Rules(
        quoted=_BACK,
        opened="`",
        strings=rf"[bBxXnN]?{_ESCAPED}|{_ESCAPED_DOUBLE}",
        number=f"(?!{_DIGIT_WORD}){_NUMBER}",
        skip=rf"--(?=\s|\Z)[^\n]*+|#[^\n]*+|/\*M?!\d*+|\*/|{_COMMENT}",
        word=rf"@{{0,2}}+{_WORD}|{_DIGIT_WORD}",
        folds=False,
    ),
    "mssql": _Rules(quoted=f"{_DOUBLE}|{_SQUARE}", opened=r'["\[]', word=rf"[#@]{{0,2}}+{_WORD}", doubtful=True),
    "oracle": _Rules(quoted=_DOUBLE, opened='"', binds=rf"{_BINDS}|(?<![\w:)\]]):{_DOUBLE}|\?"),
    "snowflake": _Rules(
        quoted=_DOUBLE,
        opened='"',
        strings=rf"[bBxXnN]?{_ESCAPED}",
        skip=rf"(?:--|//)[^\n]*+|{_COMMENT}",
    ),
    "bigquery": _Rules(
        quoted=_BACK,
        opened="`",
        strings=rf"[rRbB]{{0,2}}(?:{_ESCAPED}|{_ESCAPED_DOUBLE})",
        skip=rf"(?:--|#)[^\n]*+|{_COMMENT}",
        word=rf"@{{0,2}}+{_WORD}",
        folds=False,
    ),
    "databricks": _Rules(
        quoted=_BACK,
        opened="`",
        strings=rf"[rR](?:{_STRING}|{_DOUBLE_STRING})|[xX]?{_ESCAPED}|{_ESCAPED_DOUBLE}",
    ),
    "clickhouse": _Rules(
        quoted=rf"{_DOUBLE_ESCAPED}|{_BACK_ESCAPED}",
        strings=rf"[bBxX]?{_ESCAPED}",
        skip=rf"--[^\n]*+|#[\s!][^\n]*+|{_COMMENT}",
        folds=False,
    ),
}
_ALIASES: Final = {
    "mariadb": "mysql",
    "postgres": "postgresql",
    "cockroachdb": "postgresql",
    "redshift": "postgresql",
    "duckdb": "postgresql",
    "motherduck": "postgresql",
    "spark": "databricks",
    "sparksql": "databricks",
    "hive": "databricks",
    "clickhousedb": "clickhouse",
}


def dialect_named(name: str) -> Dialect:
    """Find the rules for a dialect, with or without its driver; one that is not known is read with care."""
    base = name.partition("+")[0].lower()
    base = _ALIASES.get(base, base)
    return _compiled(base if base in _RULES else "generic")


@lru_cache(maxsize=len(_RULES))
def _compiled(name: str) -> Dialect:
    rules = _RULES[name]
    cast = rf"(?:\s*+::\s*+{_TYPE})*+"
    constant = rf"(?i:NULL|TRUE|FALSE)(?!{_INSIDE})"
    literal = rf"(?<=IN \(){_EMPTY_IN}(?=\))|{rules.strings}|{rules.binds}|{rules.number}"
    value = rf"(?:{literal}|{constant}(?=\s*+::)){cast}"
    item = rf"(?:{literal}|[-+]\s*+{rules.number}|\?|{constant}){cast}"
    run = rf"{value}(?:\s*+,\s*+{item}(?=\s*+[,)\]]))*+"
    rows = rf"(?:,\s*+\(\s*+(?:{item}\s*+(?:,\s*+|(?=\))))++\)\s*+)++"
    part = f"{_SCHEMA}|{rules.quoted}|{rules.word}"
    names = rf"(?:{part})(?:\s*+\.\s*+(?:{part}|\*))*+|{rules.opened}.*+"
    plain = rf"(?<!IN \()(?!{constant})[A-Za-z_]\w*+(?:\.[A-Za-z_]\w*+)*+(?!['\"&\[]|{_INSIDE}|\s*+\.)|,(?!\s*+\()"
    skip, rest = rf"(?:\s++|{rules.skip})*+", f"{names}|{rules.operators}|\\Z"
    flags = re.ASCII | re.DOTALL
    return Dialect(
        name=name,
        scan=re.compile(f"{skip}({plain}|{rows}|{run}|{rest})", flags),
        single=re.compile(f"{skip}({plain}|{value}|{rest})", flags),
        item=re.compile(f"{_EMPTY_IN}|{item}", flags),
        part=re.compile(part, flags),
        folds=rules.folds,
        doubtful=rules.doubtful,
    )

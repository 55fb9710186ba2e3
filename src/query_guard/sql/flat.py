"""Take out of SQL text what no single regular expression crosses, and cut it where databases would read it differently.

Comments inside comments, strings between dollar signs, Oracle's `q'[...]'` and BigQuery's `'''` become a space or an
empty string. Of a database that is not known, nothing is read from the first place on where two databases would see
a string end at different characters: what one takes for a name may be a part of a value for another.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_WORD: Final = r"[^\x00-@\[-^`{-\x7f][^\x00-#%-/:-@\[-^`{-\x7f]*+"
_TAG: Final = r"\$(?:[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*+)?\$"
_LINE: Final = r"--[^\n]*+"
_PLAIN: Final = r"'[^']*+(?:''[^']*+)*+(?:'|\Z)"
_ESCAPED: Final = r"'(?:[^'\\]++|\\.|'')*+(?:'|\\?\Z)"
_DOUBLE: Final = r'"[^"]*+(?:"|\Z)'
_BACK: Final = r"`[^`]*+(?:`|\Z)"
_ESCAPED_DOUBLE: Final = _ESCAPED.replace("'", '"')
_COMMENT: Final = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)"

_QUOTED: Final = r"[nN]?[qQ]'"
_DOLLARS: Final = r"\$\$"
_TRIPLE: Final = r"[rRbB]{0,2}(?:'''|\"\"\")"
_NESTED: Final = r"/\*(?:[^*/]++|\*(?!/)|/(?!\*))*+/\*"
_OTHER_COMMENT: Final = r"(?:#|//|--(?=[^\s]))[^\n'\"`]*+['\"`]"
_ENDS_ELSEWHERE: Final = "|".join(
    rf"{mark}{mark}{mark}|{mark}(?:[^{mark}\\]++|{mark}{mark}(?!{mark})|\\(?!{mark}))*+(?:\\{mark}|{mark}{mark}{mark})"
    for mark in ("'", '"', "`")
)
_BRACKET: Final = r"\[(?![^\['\"`\]]*+(?:(?:'[^'\]]*+'|\"[^\"\]]*+\"|`[^`\]]*+`)[^\['\"`\]]*+)*+(?:[\[\]]|\Z))"
_CLOSING: Final = {"[": "]", "{": "}", "(": ")", "<": ">"}

_RULES: Final[dict[str, tuple[str, str, str]]] = {
    # what brings a text here; what is taken out, by the name of its group; what is crossed besides
    "postgresql": (rf"/\*|{_TAG}", rf"(?P<comment>/\*)|(?P<tag>{_TAG})", rf"[eE]{_ESCAPED}|{_PLAIN}|{_LINE}"),
    "mssql": (r"/\*", r"(?P<comment>/\*)", rf"{_PLAIN}|\[[^\]]*+\]|{_LINE}"),
    "oracle": (r"[qQ]'", rf"(?P<quoted>{_QUOTED})", rf"{_PLAIN}|{_LINE}|{_COMMENT}"),
    "snowflake": (_DOLLARS, rf"(?P<tag>{_DOLLARS})", rf"{_ESCAPED}|{_LINE}|//[^\n]*+|{_COMMENT}"),
    "bigquery": (
        _TRIPLE,
        rf"(?P<triple>{_TRIPLE})",
        rf"{_ESCAPED}|{_ESCAPED_DOUBLE}|{_BACK}|{_LINE}|#[^\n]*+|{_COMMENT}",
    ),
    "databricks": (
        r"/\*",
        rf"(?P<doubt>{_NESTED})",
        rf"[rR](?:{_PLAIN}|{_DOUBLE})|{_ESCAPED}|{_ESCAPED_DOUBLE}|{_BACK}|{_LINE}|{_COMMENT}",
    ),
    "clickhouse": (
        rf"/\*|#|//|--|{_TAG}",
        rf"(?P<tag>{_TAG})|(?P<doubt>{_NESTED}|{_OTHER_COMMENT})",
        rf"{_ESCAPED}|{_ESCAPED_DOUBLE}|{_BACK}|(?:--|#|//)[^\n]*+|{_COMMENT}",
    ),
    "generic": (
        rf"[\\#\[]|/\*|//|--|[qQ]'|'''|\"\"\"|```|{_TAG}",
        rf"(?P<quoted>{_QUOTED})|(?P<doubt>{_ENDS_ELSEWHERE}|{_NESTED}|{_OTHER_COMMENT}|{_BRACKET}|{_TAG})",
        rf"{_PLAIN}|{_BACK}|(?:--|#|//)[^\n]*+|{_COMMENT}",
    ),
}


_MARKS: Final = {
    "postgresql": ("/*", "$"),
    "mssql": ("/*",),
    "oracle": ("q'", "Q'"),
    "snowflake": ("$$",),
    "bigquery": ("'''", '"""'),
    "databricks": ("/*",),
    "clickhouse": ("/*", "#", "//", "--", "$"),
    "generic": ("\\", "#", "[", "/*", "//", "--", "q'", "Q'", "'''", '"""', "```", "$"),
}
"""Without one of these, nothing has to be taken out."""


@lru_cache(maxsize=len(_RULES))
def _compiled(name: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    trigger, special, crossed = _RULES[name]
    bare = re.sub(r"\?P<\w+>", "?:", special)
    flat = rf"(?:[\x00-!%&(-,.0-@\]^{{-\x7f]++|(?!{bare})(?:{crossed}|{_DOUBLE}|{_WORD}|.))*+"
    return (
        re.compile(trigger, re.ASCII | re.DOTALL),
        re.compile(special, re.ASCII | re.DOTALL),
        re.compile(flat, re.ASCII | re.DOTALL),
    )


def flattened(sql: str, name: str) -> tuple[str, str]:
    """Return the text without what has to be taken out, and the rest of which nothing may be shown, mostly none."""
    marks = _MARKS.get(name, ())
    if not any(mark in sql for mark in marks):  # to look for characters is cheap, to look for patterns is not
        return sql, ""
    trigger, special, flat = _compiled(name)
    if not trigger.search(sql):
        return sql, ""
    parts: list[str] = []
    position = 0
    while (match := flat.match(sql, position)) and match.end() < len(sql):
        parts.append(match[0])
        position = match.end()
        found = special.match(sql, position)
        if found is None or found.lastgroup == "doubt":
            return "".join([*parts, " '"]), sql[position:]
        if found.lastgroup == "comment":
            parts.append(" ")
            position = _end_of_comment(sql, position)
        else:
            parts.append(" '' ")
            position = _end_of_string(sql, found)
    parts.append(sql[position:])
    return "".join(parts), ""


def _end_of_comment(sql: str, position: int) -> int:
    depth = 0
    for edge in re.compile(r"/\*|\*/").finditer(sql, position):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)


def _end_of_string(sql: str, opening: re.Match[str]) -> int:
    """Find where a string ends that a dollar tag, a `q'[` or three quotes have opened."""
    start = opening.end()
    if opening.lastgroup == "triple":
        marks = opening[0][-3:]
        end = re.compile(rf"(?s)(?:[^\\{marks[0]}]++|\\.|(?!{marks}).)*+{marks}").match(sql, start)
        return end.end() if end else len(sql)
    closing = opening[0]
    if opening.lastgroup == "quoted":
        delimiter = sql[start : start + 1]
        start += 1
        closing = _CLOSING.get(delimiter, delimiter) + "'"
    end_at = sql.find(closing, start)
    return end_at + len(closing) if end_at >= 0 else len(sql)

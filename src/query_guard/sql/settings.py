"""Hide the values of statements that are no queries: there a password, a key or a file may be written like a name."""

from __future__ import annotations

import re
from typing import Final

QUERIES: Final = frozenset(
    {
        *("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "VALUES", "WITH", "EXPLAIN"),
        *("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"),
    }
)
"""What holds no settings, as most statements."""

_PRAGMAS_OF_NAMES: Final = (
    "table_info|table_xinfo|table_list|index_list|index_info|index_xinfo|foreign_key_list|foreign_key_check"
    "|integrity_check|quick_check"
)
_SECRET_FOLLOWS: Final = re.compile(
    r"(?is)(^(?!\s*\w+ (?:\w+ ){0,3}?(?:TABLE|VIEW|INDEX)\b).*?\bPASSWORD (?:= )?"
    r"|\bIDENTIFIED (?:BY |WITH \S+ (?:BY|AS) ))(?!\?(?: |$)).*"
)
"""What follows these words is a secret, though it is written like a name; it goes with all that follows."""
_OPTION: Final = re.compile(
    r"(?i)(\b\w{0,64}(?:password|passwd|pwd|secret|token|credential|access_key|api_?key|key_id|aws_|azure_|signature)"
    r"\w{0,64} = )[^\s,();]+"
)
_ASSIGNED: Final = re.compile(r"(?is)( :?= | TO )(?!\?$).+?(?=, [\w@$.\"`]+ :?= |$)")
_ROLE: Final = re.compile(r"(?is)^(\s*SET (?:(?:SESSION|LOCAL) )?(?:ROLE|AUTHORIZATION) ).+")
_PRAGMA: Final = re.compile(rf"(?is)^(\s*PRAGMA (?:[^=(]* = |(?![^(]*\b(?:{_PRAGMAS_OF_NAMES}) ?\()[^(=]*\()).*?(\)?)$")
_ATTACHED: Final = re.compile(r"(?is)^(\s*ATTACH (?:DATABASE )?).+?( AS .+?)?(?: KEY .*)?$")
_CALLED: Final = re.compile(r"(?is)^(\s*EXEC(?:UTE)? (?:@\w+ = )?[^\s,;]+ )(.+)$")
_ARGUMENT: Final = re.compile(r"(?is)((?:^|, )(?:@[\w@#$]+ = )?)(?!\?)[^,@]+?(?= OUT(?:PUT)?\b|,|$)")


def without_settings(verb: str, text: str, *, calls: bool) -> str:
    """Return the canonical text of a statement without what it sets; with `calls`, words may be values of EXEC."""
    if verb == "SET":
        text = _ASSIGNED.sub(r"\1?", _ROLE.sub(r"\1?", text))
    elif verb == "PRAGMA":
        return _PRAGMA.sub(r"\1?\2", text)
    elif verb == "ATTACH":
        return _ATTACHED.sub(r"\1?\2", text)
    elif verb in ("EXEC", "EXECUTE") and calls:
        call = _CALLED.match(text)
        return call[1] + _ARGUMENT.sub(r"\1?", call[2]) if call else text
    head, query, after_select = text.partition(" SELECT ")
    return _OPTION.sub(r"\1?", _SECRET_FOLLOWS.sub(r"\1?", head)) + query + after_select

"""Say which statements are the same query with other values.

`fingerprint` turns SQL into a text without values, which people read, and an id, by which everything else groups. It
never raises on a text, never shows a value, and takes time linear in the text.
"""

from __future__ import annotations

import re
import sys
import threading
from collections import OrderedDict
from hashlib import blake2b
from types import ModuleType
from typing import Final, NamedTuple

from query_guard.sql_shape import Shape
from query_guard.sql_tokens import dialect_named, tokens

RULES_VERSION: Final = b"query_guard/1"
_CACHED_TEXT: Final = 8 * 1024
_CACHED_ENTRIES: Final = 4096
_CACHED_BYTES: Final = 16 * 1024 * 1024
_LITERAL: Final = re.compile(r"'[^']*+'?|(?<!\w)\d++")


_KEYED: Final = frozenset({"PRAGMA", "ATTACH", "ALTER", "CREATE", "SET", "GRANT"})
_TELLING: Final = (
    r"(?is)(^PRAGMA [^=]*= |\bKEY (?=[^( ])|\bPASSWORD (?:= )?|\bIDENTIFIED (?:BY |WITH \S+ (?:BY|AS) ))(?!\?).*"
)
"""What follows these words is a secret, though it is written like a name; it goes with all that follows."""


class Fingerprint(NamedTuple):
    """A shape: `id` is 16 hex characters, `text` what people read, `tables` and `writes` best effort, in order.

    `operation` is the main verb, also behind `WITH`, or OTHER. `writes` includes what a CTE writes.
    """

    id: str
    text: str
    operation: str
    truncated: bool
    tables: tuple[str, ...]
    writes: tuple[str, ...]


class _Cache(OrderedDict[tuple[str, str], Fingerprint]):
    """What was computed, by dialect and text; the oldest go first. Reading takes no lock."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.bytes = 0

    def keep(self, key: tuple[str, str], shape: Fingerprint) -> None:
        with self.lock:
            if key in self:
                return
            self[key] = shape
            self.bytes += _size(key, shape)
            while len(self) > _CACHED_ENTRIES or self.bytes > _CACHED_BYTES:
                self.bytes -= _size(*self.popitem(last=False))


def _size(key: tuple[str, str], shape: Fingerprint) -> int:
    names = sum(map(len, shape.tables + shape.writes))
    return 800 + sys.getsizeof(key[0]) + sys.getsizeof(key[1]) + sys.getsizeof(shape.text) + 4 * names


_cache = _Cache()


def fingerprint(sql: str, dialect: str = "postgresql") -> Fingerprint:
    """Return the shape of `sql`; `dialect` as SQLAlchemy names it, with or without driver, any other reads as ANSI.

    Compiled text with its `__[POSTCOMPILE_x]` placeholders has the shape of what is executed. Raises TypeError only.
    """
    try:
        return _cache[dialect, sql]
    except (KeyError, TypeError):
        return _computed(sql, dialect)


def _computed(sql: str, dialect: str) -> Fingerprint:
    for name, value in (("sql", sql), ("dialect", dialect)):
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a str, got {value!r}; pass str({name}) of what you have")
    shape = Shape(dialect_named(dialect))
    complete = shape.read(tokens(sql, shape.dialect))
    text = re.sub(_TELLING, r"\1?", shape.text()) if shape.operation in _KEYED else shape.text()
    text += "" if complete else " ..."
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, person=RULES_VERSION)
    if not complete:
        digest.update(_LITERAL.sub("?", sql).encode("utf-8", "surrogatepass"))
    result = Fingerprint(
        id=digest.hexdigest(),
        text=text,
        operation=shape.operation or "OTHER",
        truncated=not complete,
        tables=tuple(shape.tables),
        writes=tuple(shape.writes),
    )
    if len(sql) <= _CACHED_TEXT:
        _cache.keep((dialect, sql), result)
    return result


class _CallableModule(ModuleType):
    """Importing this module binds it to `query_guard.fingerprint`, where people expect the function: it is both."""

    def __call__(self, sql: str, dialect: str = "postgresql") -> Fingerprint:
        return fingerprint(sql, dialect)


sys.modules[__name__].__class__ = _CallableModule

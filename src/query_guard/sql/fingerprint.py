"""Say which statements are the same query with other values.

`fingerprint` turns SQL into a text without values, which people read, and an id, by which everything else groups. It
never raises on a text, never shows a value, and takes time linear in the text.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections import OrderedDict
from hashlib import blake2b
from typing import Final, NamedTuple

from query_guard.sql.dialects import dialect_named
from query_guard.sql.shape import Shape
from query_guard.sql.tokens import readable, tokens

RULES_VERSION: Final = b"query_guard/1"
_CACHED_TEXT: Final = 8 * 1024
_CACHED_ENTRIES: Final = 4096
_CACHED_BYTES: Final = 16 * 1024 * 1024
_LITERAL: Final = re.compile(r"'[^']*+'?|(?<!\w)\d++")
_SALT: Final = os.urandom(16)
"""Mixed into what may be a value and yet tells two shapes apart, so that an id says nothing of it elsewhere."""


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
    """Return the shape of `sql`; `dialect` as SQLAlchemy names it, with or without driver, any other is read with care.

    Compiled text with its `__[POSTCOMPILE_x]` placeholders has the shape of what is executed. Where double quotes may
    hold a string (SQLite, SQL Server, unknown databases) what may be one is shown as `"?"`, and enters the id with a
    salt of this process: without it, whoever reads an id could try which of some likely values gives it. So the ids of
    such statements differ from process to process; compare their texts, as baselines do. All other ids are the same
    everywhere. Of an unknown database, nothing is shown from where its rules would matter. Raises TypeError only.
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
    shown, unread = readable(sql, shape.dialect)
    complete = shape.read(tokens(shown, shape.dialect))
    text = shape.text() + ("" if complete else " ...")
    digest = blake2b(_bytes(text), digest_size=8, person=RULES_VERSION)
    if not complete:
        digest.update(_bytes(_LITERAL.sub("?", shown)))
    if shape.quoted.hidden or unread:
        hidden = "\0".join([*shape.quoted.hidden, _LITERAL.sub("?", unread)])
        digest.update(blake2b(_bytes(hidden), digest_size=16, key=_SALT).digest())
    result = Fingerprint(
        id=digest.hexdigest(),
        text=text,
        operation=shape.operation or "OTHER",
        truncated=not complete,
        tables=tuple(shape.tables.names),
        writes=tuple(shape.tables.written),
    )
    if len(sql) <= _CACHED_TEXT:
        _cache.keep((dialect, sql), result)
    return result


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

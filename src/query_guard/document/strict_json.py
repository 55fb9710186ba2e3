"""JSON that every reader takes: no lone surrogates, no infinities."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from math import isfinite
from typing import Any


def json_safe(value: Any) -> Any:
    """Return a value as JSON can carry it.

    A lone surrogate becomes its escape, as text (`caf\\udce9.py`); an infinity or a NaN becomes None, for which JSON
    has no number; what JSON does not know becomes the text of it.
    """
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {json_safe(key): json_safe(member) for key, member in value.items()}
    if isinstance(value, (list, tuple, Set)):
        return [json_safe(member) for member in value]
    return json_safe(str(value))


def json_text(value: Any, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """Return a value as one JSON document, on one line unless `indent` is given."""
    separators = (",", ":") if indent is None else None
    return json.dumps(
        json_safe(value),
        indent=indent,
        sort_keys=sort_keys,
        separators=separators,
        ensure_ascii=False,
        allow_nan=False,
    )

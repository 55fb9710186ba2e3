"""A salted hash for each bind of a statement, so that values can be compared without being kept."""

from __future__ import annotations

import itertools
from typing import Any

from query_guard.records.salt import SALT, hash_of_list

_salted = SALT.__xor__
_OF_MINUS = _salted(hash(-1))
"""Python has the same hash, -2, for -1 and for -2."""

NO_VALUES: tuple[int, ...] = ()
_MAX_POSITIONS = 32
_AT_END = 8
"""How many of them are the last values: those after a long IN list."""
_MAX_SHOWN = 200
_unhashable = itertools.count(1)


def value_hashes(parameters: Any) -> int | tuple[int, ...]:
    """Hash each value; of more than 32, those in the middle share one hash.

    A value that cannot be hashed differs from all others.
    The hash of a single value is returned without a tuple: most loads are by one key, and a tuple takes more memory.
    """
    values = parameters if type(parameters) is tuple else _values_of(parameters)
    try:
        if len(values) == 1:
            [value] = values
            hashed = hash(value) ^ SALT
            return hashed if hashed != _OF_MINUS else _hash(value)
        if len(values) > _MAX_POSITIONS:
            values = tuple(values)
            first, last = values[: _MAX_POSITIONS - _AT_END], values[-_AT_END:]
            values = (*first, hash((SALT, values[_MAX_POSITIONS - _AT_END : -_AT_END])), *last)
        hashes = tuple(map(_salted, map(hash, values)))
        return hashes if _OF_MINUS not in hashes else tuple([_hash(value) for value in values])
    except Exception:
        return tuple([_hash(value) for value in values])


def _values_of(parameters: Any) -> Any:
    return parameters.values() if hasattr(parameters, "values") else parameters


def shown_values(parameters: Any) -> tuple[str, ...]:
    """Return values as text, for `capture_parameters`."""
    values = _values_of(parameters)
    return tuple([_repr(value)[:_MAX_SHOWN] for value in list(values)[:_MAX_POSITIONS]])


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__} without repr>"


def _hash(value: Any) -> int:
    try:
        hashed = hash(value)
        return _salted(-1 if hashed == -2 and value == -1 else hashed)
    except Exception:
        return hash_of_list(next(_unhashable), len(value) if type(value) is list else 0)

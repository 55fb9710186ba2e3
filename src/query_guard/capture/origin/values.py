"""What a statement was given, told apart without being kept: a salted hash for each bind position."""

from __future__ import annotations

import itertools
import os
from typing import Any

SALT = int.from_bytes(os.urandom(8)) >> 2
"""Mixed into each hash, so that none says anything outside this process."""
_salted = SALT.__xor__

NO_VALUES: tuple[int, ...] = ()
_MAX_POSITIONS = 32
_MAX_SHOWN = 200
_unhashable = itertools.count(1)


def value_hashes(parameters: Any) -> int | tuple[int, ...]:
    """Hash each value; from the 33rd on they share one hash. What has none is distinct from everything.

    A single hash stands for itself: most loads are by one key, and a tuple around it would weigh more than it.
    """
    values = parameters if type(parameters) is tuple else _values_of(parameters)
    try:
        if len(values) == 1:
            [value] = values
            return hash(value) ^ SALT
        if len(values) <= _MAX_POSITIONS:
            return tuple(map(_salted, map(hash, values)))
        values = tuple(values)
        return (*map(_salted, map(hash, values[:_MAX_POSITIONS])), hash((SALT, values[_MAX_POSITIONS:])))
    except Exception:
        return tuple([_hash(value) for value in values])


def _values_of(parameters: Any) -> Any:
    return parameters.values() if hasattr(parameters, "values") else parameters


def shown_values(parameters: Any) -> tuple[str, ...]:
    """Write values down, which only `capture_parameters` asks for."""
    values = _values_of(parameters)
    return tuple([_repr(value)[:_MAX_SHOWN] for value in list(values)[:_MAX_POSITIONS]])


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__} without repr>"


def _hash(value: Any) -> int:
    try:
        return _salted(hash(value))
    except Exception:
        return -next(_unhashable)

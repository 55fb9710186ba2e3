"""The salt of hashed values, and what a hash still tells: how whole numbers follow one another, how long a list is."""

from __future__ import annotations

import os

SALT = int.from_bytes(os.urandom(8)) >> 2
"""Mixed into each hash, so that a hash says nothing outside this process."""

_LARGEST = 1 << 40
"""Hashes of texts, dates and UUIDs are larger, but for one in millions."""


_LISTS = 1 << 80
"""Beyond all hashes, which have 64 bits."""
_LONGEST = 1 << 32


def hash_of_list(serial: int, length: int) -> int:
    """Return a hash that no other value has, and that tells the length of a list."""
    return _LISTS + serial * _LONGEST + min(length, _LONGEST - 1)


def length_of(hashed: int) -> int | None:
    """Return the length of the list that was hashed, or None for any other value."""
    return hashed % _LONGEST if hashed >= _LISTS else None


def number_of(hashed: int) -> int | None:
    """Return the whole number that was hashed, or None for any other value. For comparisons only: never show it.

    Python's hash of a small whole number is that number, so that the order and distance of LIMIT, OFFSET and keys are
    known after the work without keeping anything for them.
    """
    number = hashed ^ SALT
    return number if -_LARGEST < number < _LARGEST else None

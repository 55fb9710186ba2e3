"""The configured mappers, and the names of their classes and keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import mapperlib


def mappers() -> list[Any]:
    """Return each configured mapper of the process. It does not configure any."""
    registries: Iterable[Any] = getattr(mapperlib, "_all_registries", tuple)()
    return [mapper for registry in registries for mapper in registry.mappers if mapper.configured]


def lineage(mapper: Any) -> tuple[str, ...]:
    """Return the names of a mapper's class and of the mapped classes above it."""
    return tuple(base.class_.__name__ for base in mapper.iterate_to_root())


def key_attributes(mapper: Any) -> tuple[str, ...]:
    """Return the attributes of a mapper's primary key."""
    return tuple(mapper.get_property_by_column(column).key for column in mapper.primary_key)

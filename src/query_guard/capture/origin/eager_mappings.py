"""Relationships with an eager loader in their mapping, of those whose reads are noted."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

_EAGER = {"selectin": "selectinload", "subquery": "subqueryload", "joined": "joinedload", False: "joinedload"}

noted_lock = threading.RLock()
noted_attributes: list[InstrumentedAttribute[Any]] = []
"""The relationship attributes whose reads are noted now. Only `hooks.attribute_reads` changes it, under the lock."""


def eager_mappings() -> frozenset[tuple[str, str]]:
    """Return the noted relationships with an eager loader in their mapping, each with the option that does the same."""
    with noted_lock:
        properties: list[Any] = [attribute.prop for attribute in noted_attributes]
    return frozenset((relationship_name(prop), _EAGER[prop.lazy]) for prop in properties if prop.lazy in _EAGER)


def relationship_name(prop: Any) -> str:
    return f"{prop.parent.class_.__name__}.{prop.key}"

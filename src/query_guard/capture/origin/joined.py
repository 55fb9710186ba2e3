"""The relationships that a select loads by joining them."""

from __future__ import annotations

from typing import Any

JOINED, CONTAINED = "eager_row_processor", "user_defined_eager_row_processor"
"""What joinedload() and contains_eager() leave on a compiled select."""


def joined_relationships(compiled: Any, *, collections: bool, by: str = JOINED) -> tuple[tuple[str, ...], ...]:
    """Return the paths of the collections, or single objects, that a select loads by joining them.

    A path leads from the root: (("User.posts",), ...).
    """
    attributes = getattr(getattr(compiled, "compile_state", None), "attributes", None) or {}
    joined = [key[1] for key in attributes if isinstance(key, tuple) and key[0] == by]
    paths = [[step for step in steps if hasattr(step, "uselist")] for steps in joined]
    return tuple(
        tuple(f"{prop.parent.class_.__name__}.{prop.key}" for prop in path)
        for path in paths
        if path and bool(path[-1].uselist) is collections
    )

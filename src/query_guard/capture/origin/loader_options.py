"""The loader options of a statement, read by SQLAlchemy's private names."""

from __future__ import annotations

from typing import Any

from query_guard.records import Option

_FUNCTIONS = {
    (("lazy", "selectin"),): "selectinload",
    (("lazy", "joined"),): "joinedload",
    (("lazy", "subquery"),): "subqueryload",
    (("lazy", "immediate"),): "immediateload",
    (("lazy", "select"),): "lazyload",
    (("lazy", "raise"),): "raiseload",
    (("lazy", "raise_on_sql"),): "raiseload",
    (("lazy", "noload"),): "noload",
    (("deferred", True), ("instrument", True)): "defer",
    (("deferred", True), ("instrument", True), ("raiseload", True)): "defer",
    (("deferred", False), ("instrument", True)): "undefer",
    (("selectinload_polymorphic", True),): "selectin_polymorphic",
}


def options_of(statement: Any) -> tuple[Option, ...]:
    """Return the loader options of a statement, each with its path. Wildcards are left out."""
    return tuple(
        option
        for added in getattr(statement, "_with_options", ())
        for element in getattr(added, "context", ())
        if (option := _option(element)) is not None
    )


def _option(element: Any) -> Option | None:
    path = getattr(getattr(element, "path", None), "path", ())
    names = tuple(f"{step.parent.class_.__name__}.{step.key}" for step in path if hasattr(step, "parent"))
    function = _FUNCTIONS.get(getattr(element, "strategy", None) or (), "")
    if function == "selectin_polymorphic":
        classes = getattr(element, "local_opts", {}).get("entities", ())
        names = (*names, *(sub.class_.__name__ for sub in classes))
    if function == "joinedload" and "eager_from_alias" in getattr(element, "local_opts", {}):
        function = "contains_eager"
    return Option(function, names) if function and names else None

"""A load path: from which statement, and over which relationships, an object was loaded."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from query_guard.records.loaders import Step
from query_guard.records.statement_info import Entity
from query_guard.records.statements import Statement

How: TypeAlias = Literal["selected", "got", "merged", "refreshed", "expired", "added", "unknown"]

_MAX_STEPS = 12


class LoadPath(NamedTuple):
    """How an object was loaded. `root` is the application's own statement that the path begins with, if there is one.

    `steps` are the relationships from the root's entity to the object; `lazy` says for each whether it was loaded
    object by object. A path that is too long is `cut`.
    """

    root: Statement | None
    how: How
    steps: tuple[Step, ...] = ()
    lazy: tuple[bool, ...] = ()
    cut: bool = False

    def on(self, steps: tuple[Step, ...], *, lazy: bool) -> LoadPath:
        """Return the path extended by some steps."""
        if not steps:
            return self
        if len(self.steps) + len(steps) > _MAX_STEPS:
            return self._replace(cut=True)
        return self._replace(steps=(*self.steps, *steps), lazy=(*self.lazy, *[lazy for _ in steps]))

    @property
    def entity(self) -> Entity | None:
        """The entity of the root that the path begins with; None if it is not known, or there are two."""
        if self.root is None:
            return None
        entities = self.root.info.entities
        if self.steps:
            owners = self.steps[0].owners
            entities = tuple(entity for entity in entities if entity.name in owners or owners[0] in entity.lineage)
        return entities[0] if len(entities) == 1 else None


UNKNOWN = LoadPath(None, "unknown")


class Load(NamedTuple):
    """Statements that loaded one relationship, object by object, for objects with the same load path."""

    path: LoadPath
    steps: tuple[Step, ...]
    """The path and the relationship."""
    rows: list[Statement]

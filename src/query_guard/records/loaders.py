"""Which part of the ORM sent a statement, and for which objects."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One relationship of a path: from the class `owner`, by its `attribute`, to the class `target`.

    `owners` and `targets` are these classes with their mapped bases, nearest first.
    """

    owner: str
    attribute: str
    collection: bool
    target: str
    owners: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.owner}.{self.attribute}"


class Loader(NamedTuple):
    """The part of the ORM that sent a statement.

    `kind` is one of lazy, immediate, eager (selectinload, subqueryload), column (deferred), subclass (a column of a
    subclass whose base was selected), generated (a value that the database made), computed (a SQL expression), expired,
    refresh. `owner` is the class that declares `attribute`. For columns, `attribute` holds the names of all of them.
    `path` leads from the root entity of the parents' query to a relationship, ("User.posts", "Post.comments"); it is
    empty for columns.
    """

    kind: str
    owner: str
    attribute: str
    collection: bool
    path: tuple[str, ...]
    parents: tuple[str, ...] = ()
    """Class of the object it loaded for, and its mapped bases; for a column of a subclass, the bases without it."""
    target: str = ""
    """Class of the objects it loaded."""
    steps: tuple[Step, ...] = ()
    """The path as steps; for columns, the path to the object that has them."""
    keys: tuple[str, ...] = ()
    """Attributes of the primary key of the object it loaded for."""

    @property
    def relationship(self) -> str | None:
        return f"{self.owner}.{self.attribute}" if self.path else None

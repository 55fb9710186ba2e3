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
    subclass whose base was selected), generated (a value that the database made), expired, refresh.
    `owner` is the class that declares `attribute`; of columns, and of a refresh that names them, it is all their names.
    `path` leads from the root entity of the parents' query to a
    relationship, ("User.posts", "Post.comments"), and is empty where columns were loaded.
    """

    kind: str
    owner: str
    attribute: str
    collection: bool
    path: tuple[str, ...]
    parents: tuple[str, ...] = ()
    """Class of the object it loaded for, and its mapped bases; of a subclass's column, the bases that lack it."""
    target: str = ""
    """Class of what it loaded."""
    steps: tuple[Step, ...] = ()
    """The path, with what is known of each relationship; where columns were loaded, the way to their object."""
    keys: tuple[str, ...] = ()
    """Attributes of the primary key of the object it loaded for."""

    @property
    def relationship(self) -> str | None:
        return f"{self.owner}.{self.attribute}" if self.path else None

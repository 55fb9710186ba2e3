"""What the mappings say of a statement: its entity, filters and options. Read once for each text."""

from __future__ import annotations

from typing import NamedTuple


class Entity(NamedTuple):
    """A class whose objects a statement returns, with its mapped bases, and whether it is an alias."""

    name: str
    lineage: tuple[str, ...]
    aliased: bool


class Option(NamedTuple):
    """A loader option of a statement: the function that made it, and the path it is for, ("User.posts",)."""

    function: str
    path: tuple[str, ...]


POPULATES = "populate_existing"
"""The option that lets a select read objects again that the session has already."""
CRITERIA = "criteria"
"""The path of an option `with_loader_criteria()`, which a session may add to each of its selects."""


class Clauses(NamedTuple):
    """The clauses of a statement as Python code: ("Post.id", "func.count(Post.id)"). Never a value.

    `where` are the attributes that must equal a bind; empty if there are other filters. `lock` is the FOR UPDATE.
    `further` names all other parts, which are not written as code ("LIMIT", "JOIN", "a condition").
    """

    columns: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    order_by: tuple[str, ...] = ()
    lock: str = ""
    aggregates: bool = False
    further: tuple[str, ...] = ()
    got: bool = False
    """Whether `session.get()` sent it, or `session.merge()`."""


class StatementInfo(NamedTuple):
    """What the mappings say of a statement.

    `lineage` names the entity's class and its mapped bases. `filters` are the attributes of the entity that must equal
    a bind; empty if there are other filters. `unique` says that they find at most one row. `walks` are relationships,
    (class, attribute), whose foreign key those filters are. `joined` are the collections that the statement joins, as
    paths from its root, and `joined_objects` the single objects.
    """

    entity: str | None
    lineage: tuple[str, ...]
    aliased: bool
    filters: tuple[str, ...]
    unique: bool
    walks: tuple[tuple[str, str], ...]
    joined: tuple[tuple[str, ...], ...]
    joined_objects: tuple[tuple[str, ...], ...] = ()
    entities: tuple[Entity, ...] = ()
    """The classes whose objects it returns; none where it returns columns."""
    options: tuple[Option, ...] = ()
    clauses: Clauses = Clauses()
    keys: tuple[str, ...] = ()
    """Attributes of the entity's primary key."""
    referrers: tuple[tuple[str, str, str], ...] = ()
    """Many-to-one relationships whose target is found by the filters: (class, attribute, foreign key)."""
    contained: tuple[tuple[str, ...], ...] = ()
    """The collections that it loads by `contains_eager()`, as paths from its root."""
    unjoined: tuple[str, ...] = ()
    """Tables without a condition between them, as SQLAlchemy's own warning names them."""


NO_INFO = StatementInfo(None, (), False, (), False, (), ())

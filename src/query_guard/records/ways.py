"""How the objects of a window came: from which statement, over which relationships."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from query_guard.records.loaders import Loader, Step
from query_guard.records.once import computed_once
from query_guard.records.statement_info import Entity
from query_guard.records.statements import Statement

How: TypeAlias = Literal["selected", "got", "merged", "refreshed", "expired", "added", "unknown"]

_MAX_STEPS = 12
_GOT: dict[str, How] = {"get": "got", "get_one": "got", "merge": "merged"}
OBJECT_BY_OBJECT = frozenset(("lazy", "immediate"))


class Way(NamedTuple):
    """The way to an object. `root` is the statement of the application's own at its beginning, where there is one.

    `steps` are the relationships from the root's entity to the object, and `lazy` says of each whether it was loaded
    object by object. A way that is too long to be followed is `cut`.
    """

    root: Statement | None
    how: How
    steps: tuple[Step, ...] = ()
    lazy: tuple[bool, ...] = ()
    cut: bool = False

    def on(self, steps: tuple[Step, ...], *, lazy: bool) -> Way:
        """Return the way that goes on from here."""
        if not steps:
            return self
        if len(self.steps) + len(steps) > _MAX_STEPS:
            return self._replace(cut=True)
        return self._replace(steps=(*self.steps, *steps), lazy=(*self.lazy, *[lazy for _ in steps]))

    @property
    def entity(self) -> Entity | None:
        """The one entity of the root that the way begins at; None where it is not known, or there are two."""
        if self.root is None:
            return None
        entities = self.root.info.entities
        if self.steps:
            owners = self.steps[0].owners
            entities = tuple(one for one in entities if one.name in owners or owners[0] in one.lineage)
        return entities[0] if len(entities) == 1 else None


UNKNOWN = Way(None, "unknown")


class Load(NamedTuple):
    """Statements that loaded one relationship, object by object, for objects that came the same way."""

    way: Way
    steps: tuple[Step, ...]
    """The way and the relationship."""
    rows: list[Statement]


class Ways:
    """Follows ways back, each once; ways only lead to earlier statements."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self._known: dict[tuple[int, int | None], Way] = {}

    @computed_once
    def loads(self) -> list[Load]:
        """The statements that loaded a relationship object by object, by the ways of their objects."""
        groups: dict[tuple[int, int | None], list[Statement]] = {}
        for row in self._statements:
            if row.loader is not None and row.loader.kind in OBJECT_BY_OBJECT:
                groups.setdefault((id(row.loader), row.loaded_by), []).append(row)
        return [self._load(rows) for rows in groups.values()]

    @computed_once
    def ahead(self) -> list[Statement]:
        """The statements that loaded a relationship ahead."""
        return [row for row in self._statements if row.loader is not None and row.loader.kind == "eager"]

    def _load(self, rows: list[Statement]) -> Load:
        way, loader = self.of(rows[0]), rows[0].loader
        return Load(way, (*way.steps, *(loader.steps[-1:] if loader is not None else ())), rows)

    def at(self, serial: int | None) -> Statement | None:
        """Return the statement of a serial, where it is one of the window's."""
        place = self._place(serial) if serial else None
        return None if place is None else self._statements[place]

    def _place(self, serial: int) -> int | None:
        rows = self._statements
        if serial <= len(rows) and rows[serial - 1].serial == serial:
            return serial - 1
        place = bisect_left(rows, serial, key=lambda row: row.serial)
        return place if place < len(rows) and rows[place].serial == serial else None

    def of(self, row: Statement) -> Way:
        """Return the way to the object, or the objects, that a statement loaded for."""
        key = _key(row)
        way = self._known.get(key)
        if way is None:
            for earlier in reversed(self._unknown_before(row)):
                self._known[_key(earlier)] = self._way(earlier)
            way = self._known[key]
        return way

    def to(self, loader: Loader, loaded_by: int | None) -> Way:
        """Return the way to an object that a loader loaded for, and that statement number `loaded_by` had brought."""
        own = loader.steps[:-1] if loader.path else loader.steps
        if loaded_by == 0:
            return Way(None, "added")
        source = self.at(loaded_by)
        return UNKNOWN if source is None else self._from(source, own)

    def _unknown_before(self, row: Statement) -> list[Statement]:
        """Return the statement and those that its way leads back to, nearest first."""
        chain: list[Statement] = []
        current: Statement | None = row
        while current is not None and _key(current) not in self._known:
            chain.append(current)
            current = self.source_of(current)
        return chain

    def source_of(self, row: Statement) -> Statement | None:
        """Return the statement that brought what one loaded for; None where none is known."""
        if row.loader is None:
            return None
        if row.loader.kind == "eager":
            return self._root_of_eager(row)
        source = self.at(row.loaded_by)
        return source if source is not None and source.serial < row.serial else None

    def _way(self, row: Statement) -> Way:
        loader = row.loader
        if loader is None:
            return Way(row, _how(row))
        if loader.kind != "eager":
            return self.to(loader, row.loaded_by)
        root = self._root_of_eager(row)
        return UNKNOWN if root is None else self._from(root, loader.steps[:-1])

    def _from(self, source: Statement, own: tuple[Step, ...]) -> Way:
        """Go on from the objects that a statement brought, over relationships that were loaded with them."""
        way, loader = self.of(source), source.loader
        if loader is None:
            return way.on(own, lazy=False)
        if loader.kind in ("column", "subclass", "generated"):
            return way
        if not loader.path:
            return Way(source, "refreshed" if loader.kind == "refresh" else "expired")
        way = way.on(loader.steps[-1:], lazy=loader.kind in OBJECT_BY_OBJECT)
        if own[: len(loader.steps)] == loader.steps:  # where options went along, a path goes on from the root
            own = own[len(loader.steps) :]
        return way.on(own, lazy=False)

    def _root_of_eager(self, row: Statement) -> Statement | None:
        """Return the statement whose objects an eager load is for: the last before it that brought such objects.

        That is one of what its path begins at, or one that loaded a part of the path object by object.
        """
        loader = row.loader
        if loader is None or not loader.steps:
            return None
        for place in range((self._place(row.serial) or 0) - 1, -1, -1):
            before = self._statements[place]
            if before.connection == row.connection and _brought(before, loader):
                return before
        return None


def _key(row: Statement) -> tuple[int, int | None]:
    """Return what rows have in common that came the same way; the loaders of a window are kept, each once."""
    loader = row.loader
    if loader is None or loader.kind == "eager":
        return (0, row.serial)
    return (id(loader), row.loaded_by)


def _how(row: Statement) -> How:
    return _GOT.get(row.site.call, "selected") if row.info.clauses.got else "selected"


def _brought(row: Statement, eager: Loader) -> bool:
    """Whether a statement brought objects that a path begins at, or leads over."""
    loader, owners = row.loader, eager.steps[0].owners
    if loader is None:
        return any(owners[0] in entity.lineage or entity.name in owners for entity in row.info.entities)
    if loader.kind in OBJECT_BY_OBJECT:
        last = loader.steps[-1]
        on_path = any(step.name == last.name for step in eager.steps[:-1])
        return on_path or owners[0] in last.targets or last.target in owners
    return not loader.path and loader.parents[:1] != () and loader.parents[0] in owners

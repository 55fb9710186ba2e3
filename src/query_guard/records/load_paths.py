"""Find the load path of each object of a window, from a statement back to earlier ones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from query_guard.records.load_path import UNKNOWN, How, Load, LoadPath
from query_guard.records.loaders import Loader, Step
from query_guard.records.once import computed_once
from query_guard.records.statements import Statement

_GOT: dict[str, How] = {"get": "got", "get_one": "got", "merge": "merged"}
OBJECT_BY_OBJECT = frozenset(("lazy", "immediate"))


class LoadPaths:
    """Finds load paths, each once, from a statement back to earlier ones."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self._paths: dict[tuple[int, int | None], LoadPath] = {}

    @computed_once
    def loads(self) -> list[Load]:
        """The statements that loaded a relationship object by object, grouped by the load paths of their objects."""
        groups: dict[tuple[int, int | None], list[Statement]] = {}
        for row in self._statements:
            if row.loader is not None and row.loader.kind in OBJECT_BY_OBJECT:
                groups.setdefault((id(row.loader), row.loaded_by), []).append(row)
        return [self._load(rows) for rows in groups.values()]

    @computed_once
    def ahead(self) -> list[Statement]:
        """The eager loads: the statements that loaded a relationship for many objects at once."""
        return [row for row in self._statements if row.loader is not None and row.loader.kind == "eager"]

    def _load(self, rows: list[Statement]) -> Load:
        path, loader = self.of(rows[0]), rows[0].loader
        return Load(path, (*path.steps, *(loader.steps[-1:] if loader is not None else ())), rows)

    def at(self, serial: int | None) -> Statement | None:
        """Return the statement with a serial; None if the window has no such row."""
        index = self._index_of(serial) if serial else None
        return None if index is None else self._statements[index]

    def _index_of(self, serial: int) -> int | None:
        rows = self._statements
        if serial <= len(rows) and rows[serial - 1].serial == serial:
            return serial - 1
        index = bisect_left(rows, serial, key=lambda row: row.serial)
        return index if index < len(rows) and rows[index].serial == serial else None

    def of(self, row: Statement) -> LoadPath:
        """Return the load path of the object, or the objects, that a statement loaded for."""
        key = _key(row)
        path = self._paths.get(key)
        if path is None:
            for earlier in reversed(self._without_path(row)):
                self._paths[_key(earlier)] = self._new_path(earlier)
            path = self._paths[key]
        return path

    def to(self, loader: Loader, loaded_by: int | None) -> LoadPath:
        """Return the load path of an object that a loader loaded for; statement `loaded_by` had loaded the object."""
        steps = loader.steps[:-1] if loader.path else loader.steps
        if loaded_by == 0:
            return LoadPath(None, "added")
        source = self.at(loaded_by)
        return UNKNOWN if source is None else self._extended(source, steps)

    def _without_path(self, row: Statement) -> list[Statement]:
        """Return the statement, and those before it on its path, nearest first, whose paths are not known yet."""
        chain: list[Statement] = []
        current: Statement | None = row
        while current is not None and _key(current) not in self._paths:
            chain.append(current)
            current = self.source_of(current)
        return chain

    def source_of(self, row: Statement) -> Statement | None:
        """Return the statement that loaded the object another one loads for; None if it is not known."""
        if row.loader is None:
            return None
        if row.loader.kind == "eager":
            return self._root_of_eager(row)
        source = self.at(row.loaded_by)
        return source if source is not None and source.serial < row.serial else None

    def _new_path(self, row: Statement) -> LoadPath:
        loader = row.loader
        if loader is None:
            return LoadPath(row, _how(row))
        if loader.kind != "eager":
            return self.to(loader, row.loaded_by)
        root = self._root_of_eager(row)
        return UNKNOWN if root is None else self._extended(root, loader.steps[:-1])

    def _extended(self, source: Statement, steps: tuple[Step, ...]) -> LoadPath:
        """Return the path of objects that a statement loaded, extended over relationships loaded with them."""
        path, loader = self.of(source), source.loader
        if loader is None:
            return path.on(steps, lazy=False)
        if loader.kind in ("column", "subclass", "generated", "computed"):
            return path
        if not loader.path:
            return LoadPath(source, "refreshed" if loader.kind == "refresh" else "expired")
        path = path.on(loader.steps[-1:], lazy=loader.kind in OBJECT_BY_OBJECT)
        if steps[: len(loader.steps)] == loader.steps:  # with loader options, SQLAlchemy's path begins at the root
            steps = steps[len(loader.steps) :]
        return path.on(steps, lazy=False)

    def _root_of_eager(self, row: Statement) -> Statement | None:
        """Return the statement whose objects an eager load is for: the last one before it that loaded such objects.

        It loaded the entity that the path begins with, or a part of the path object by object.
        """
        loader = row.loader
        if loader is None or not loader.steps:
            return None
        for index in range((self._index_of(row.serial) or 0) - 1, -1, -1):
            candidate = self._statements[index]
            if candidate.connection == row.connection and _loaded_owners(candidate, loader):
                return candidate
        return None


def _key(row: Statement) -> tuple[int, int | None]:
    """Return a key that is equal for rows with the same path. Each loader is one object, so that its `id()` will do."""
    loader = row.loader
    if loader is None or loader.kind == "eager":
        return (0, row.serial)
    return (id(loader), row.loaded_by)


def _how(row: Statement) -> How:
    return _GOT.get(row.site.call, "selected") if row.info.clauses.got else "selected"


def _loaded_owners(row: Statement, eager: Loader) -> bool:
    """Whether a statement loaded objects that a path begins with, or leads over."""
    loader, owners = row.loader, eager.steps[0].owners
    if loader is None:
        return any(owners[0] in entity.lineage or entity.name in owners for entity in row.info.entities)
    if loader.kind in OBJECT_BY_OBJECT:
        last = loader.steps[-1]
        on_path = any(step.name == last.name for step in eager.steps[:-1])
        return on_path or owners[0] in last.targets or last.target in owners
    return not loader.path and loader.parents[:1] != () and loader.parents[0] in owners

"""A relationship that was loaded eagerly and never read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from query_guard.records import Facts, Finding, Statement, grouped

KIND = "unused_eager_load"

Path: TypeAlias = tuple[str, ...]


class _Load(NamedTuple):
    """One relationship that was loaded eagerly, by joining it to a statement or with a select of its own."""

    path: Path
    row: Statement
    joined: bool

    @property
    def brought_something(self) -> bool:
        """Whether it loaded objects. Where the number of rows is not known, only a select of its own counts."""
        return bool(self.row.brought) or (self.row.brought is None and not self.joined)


class UnusedEagerLoad:
    """Find an eager load whose relationship was read on no object; opt-in, for windows that note reads.

    One read on one object is enough, and so is a read further along the path. Requests in which a statement failed are
    left out: they may have ended before their reads. Of a path that was never read, the first step is reported.
    """

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        if not facts.notes_reads:
            return
        loads = [load for row in facts.statements if row.request not in facts.failed_requests for load in _loads(row)]
        paths = {load.path for load in loads}
        used = _used_relationships(paths, facts)
        unread = [(path, load) for load in loads if (path := _first_unused(load.path, paths, used))]
        groups = grouped(unread, lambda pair: (pair[0], _query(pair[1], facts).site.key))
        for (path, _), pairs in groups.items():
            group = [load for _, load in pairs]
            if any(load.brought_something for load in group if load.path == path):
                yield _finding(path, group, facts)


def _loads(row: Statement) -> Iterator[_Load]:
    loader_path = row.loader.path if row.loader is not None else ()
    if row.loader is not None and row.loader.kind == "eager" and loader_path:
        yield _Load(loader_path, row, joined=False)
    for path in (*row.info.joined, *row.info.joined_objects):
        yield _Load((*loader_path, *path), row, joined=True)


def _used_relationships(paths: set[Path], facts: Facts) -> set[str]:
    """Return the relationships that were read, and those on the paths to them."""
    read = set(facts.reads_by_relationship)
    on_the_way = {step for path in paths for end, last in enumerate(path) if last in read for step in path[:end]}
    return read | on_the_way


def _first_unused(path: Path, paths: set[Path], used: set[str]) -> Path:
    """Return the shortest beginning of a path that was loaded eagerly and never read, or ()."""
    beginnings = (path[: end + 1] for end in range(len(path)))
    return next((beginning for beginning in beginnings if beginning[-1] not in used and beginning in paths), ())


def _query(load: _Load, facts: Facts) -> Statement:
    """Return the select at the root of the load's path; for a joined load, its own statement."""
    root = (load.path[0].partition(".")[0],)
    query: Statement | None = load.row
    while (
        query is not None and (loader := query.loader) and (loader.kind == "eager" or loader.path[:1] == load.path[:1])
    ):
        query = facts.sources.last_before(query.serial, root)
    return query or load.row


def _finding(path: Path, group: list[_Load], facts: Facts) -> Finding:
    selects = [load.row for load in group if not load.joined]
    first = next(load for load in group if load.path == path)
    query = _query(first, facts)
    names = _names(path, query)
    remedy = _lazily(names) if (path[-1], _loader(first)) in facts.eager_mappings else ""
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"{path[-1]} was loaded ahead and never read: {first.row.sql}",
        fix=(
            f"Add .options({remedy}) to {_place(query)}: the mapping of {path[-1]} loads it ahead"
            if remedy
            else f"Remove {_loader(first)}({names[-1]}) from {_place(query)}"
        ),
        remedy=remedy,
        site=query.site,
        count=len({load.row.serial for load in group if load.path == path}),
        relationship=path[-1],
        saved_statements=len(selects),
        saving=sum(row.duration for row in selects),
        phase=query.phase,
        statements=tuple(dict.fromkeys(load.row.serial for load in group)),
        request=query.request,
    )


def _place(query: Statement) -> str:
    frame = query.site.innermost
    alias = f", alias being the one it selects {query.info.entity} by" if query.info.aliased else ""
    return (f"the select at {frame.file}:{frame.line}" if frame else "the select") + alias


def _loader(load: _Load) -> str:
    if load.joined:
        return "joinedload"
    return "selectinload" if " IN (" in load.row.sql else "subqueryload"


def _names(path: Path, query: Statement) -> list[str]:
    """Return the steps of an option; the first is of the entity or alias that the query selects."""
    names = list(path)
    if query.info.entity is not None and not (query.loader and query.loader.path):
        names[0] = f"{'alias' if query.info.aliased else query.info.entity}.{path[0].partition('.')[2]}"
    return names


def _lazily(names: list[str]) -> str:
    return ".".join([*(f"defaultload({name})" for name in names[:-1]), f"lazyload({names[-1]})"])

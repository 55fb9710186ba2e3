"""What to type so that a loop of statements becomes one: the loader to add, or the statement to write instead."""

from __future__ import annotations

from typing import NamedTuple

from query_guard.records import Facts, Loader, Statement


class Remedy(NamedTuple):
    """`code` can be pasted; `advice` is the sentence around it; `statements` is what will be left of the loop."""

    code: str
    advice: str
    statements: int = 1
    relationship: str | None = None


class _Step(NamedTuple):
    """One relationship of a chain of loader options."""

    name: str
    collection: bool


def remedy_for(row: Statement, facts: Facts) -> Remedy:
    """Return the remedy for a loop of statements like `row`."""
    if row.loader is not None:
        return loading_remedy(row.loader, row.serial, facts)
    if row.operation in _WRITES:
        return _flushed_once(row) if row.flush else _WRITES[row.operation](row)
    return _walked_relationship(row, facts) or _batched_select(row)


def loading_remedy(loader: Loader, serial: int, facts: Facts) -> Remedy:
    """Return what would have loaded the attribute before statement `serial` had to."""
    if loader.path:
        return _eager_load(loader, serial, facts)
    return _COLUMNS[loader.kind](loader, serial, facts)


def _eager_load(loader: Loader, serial: int, facts: Facts) -> Remedy:
    steps, query = _chain_from_query(loader, serial, facts)
    code = _options(steps, query)
    return Remedy(code, f"Add .options({code}) to {_place(query, steps)}", statements=int(loader.collection))


def _chain_from_query(loader: Loader, serial: int, facts: Facts) -> tuple[list[_Step], Statement | None]:
    """Follow a path back to the select that loaded its root, over parents that were themselves loaded lazily."""
    steps = [_Step(name, True) for name in loader.path[:-1]] + [_Step(loader.path[-1], loader.collection)]
    seen = {loader}
    while True:
        root = steps[0].name.partition(".")[0]
        wanted = loader.parents if len(loader.path) == 1 else (root,)
        source = facts.source_of(wanted, serial)
        if source is None or source.loader is None or not source.loader.path:
            return steps, source
        loader, serial = source.loader, source.serial
        if loader in seen:
            return steps, None
        seen.add(loader)
        middle = [_Step(name, True) for name in loader.path[:-1]]
        steps = [*middle, _Step(loader.path[-1], loader.collection), *steps]


def _options(steps: list[_Step], query: Statement | None) -> str:
    names = [step.name for step in steps]
    if query is not None and query.info.entity is not None:
        attribute = names[0].partition(".")[2]
        names[0] = f"{'alias' if query.info.aliased else query.info.entity}.{attribute}"
    loaders = ["selectinload" if step.collection else "joinedload" for step in steps]
    return ".".join(f"{loader}({name})" for loader, name in zip(loaders, names, strict=True))


def _place(query: Statement | None, steps: list[_Step]) -> str:
    """Name the select to edit by file and line, where it was seen."""
    frame = query.site.innermost if query is not None else None
    if query is None or frame is None:
        return f"the select that loads {steps[0].name.partition('.')[0]}"
    alias = f", alias being the one it selects {query.info.entity} by" if query.info.aliased else ""
    return f"the select at {frame.file}:{frame.line}{alias}"


def _walked_relationship(row: Statement, facts: Facts) -> Remedy | None:
    """Recognise a loop of selects that does by hand what a mapped relationship of the objects looped over would do."""
    if " LIMIT " in row.sql:
        return None  # the first few of each parent are another question than all of them
    for owner, attribute in row.info.walks:
        query = facts.source_of((owner,), row.serial)
        if query is not None:
            steps = [_Step(f"{owner}.{attribute}", True)]
            code = _options(steps, query)
            advice = f"Add .options({code}) to {_place(query, steps)} and read .{attribute} instead of this select"
            return Remedy(code, advice, relationship=steps[0].name)
    return None


def _batched_select(row: Statement) -> Remedy:
    model, filters = row.info.entity, row.info.filters
    if model is None or not filters or " LIMIT " in row.sql:
        return Remedy("", "Collect the values before the loop and send one statement for all of them")
    if len(filters) == 1:
        code = f"select({model}).where({model}.{filters[0]}.in_(values))"
    else:
        columns = ", ".join(f"{model}.{name}" for name in filters)
        code = f"select({model}).where(tuple_({columns}).in_(values))"
    return Remedy(code, f"Collect the values before the loop and fetch {model} once: {code}")


def _deferred(loader: Loader, serial: int, facts: Facts) -> Remedy:
    code = ", ".join(f"undefer({loader.owner}.{name})" for name in loader.attribute.split(", "))
    query = facts.source_of((loader.owner,), serial)
    return Remedy(code, f"Add .options({code}) to {_place(query, [_Step(loader.owner, False)])}", statements=0)


def _expired(loader: Loader, _serial: int, _facts: Facts) -> Remedy:
    code = "expire_on_commit=False"
    return Remedy(
        code,
        f"A commit expired every {loader.owner}, and each is read again on its own: create the session with {code}, "
        "or load them with one select after the commit",
        statements=0,
    )


def _refreshed(loader: Loader, _serial: int, _facts: Facts) -> Remedy:
    model = loader.owner
    code = f"select({model}).where({model}.id.in_(values)).execution_options(populate_existing=True)"
    return Remedy(code, f"Refresh every {model} with one select instead of one session.refresh() each: {code}")


def _flushed_once(row: Statement) -> Remedy:
    """What the unit of work writes row by row, it writes at once when it is flushed once."""
    if row.operation == "INSERT":
        code = "session.add_all(objects)"
        return Remedy(code, f"Insert into {_table(row)} with one flush after the loop: {code}")
    what = f"Call session.delete() on {_table(row)}" if row.operation == "DELETE" else f"Change {_table(row)}"
    return Remedy("session.flush()", f"{what} in the loop and flush once after it: session.flush()")


def _bulk_insert(row: Statement) -> Remedy:
    return _bulk(row, "Insert into", "insert", "rows being dicts")


def _bulk_update(row: Statement) -> Remedy:
    return _bulk(row, "Update", "update", "rows being dicts with the primary key")


def _bulk(row: Statement, verb: str, function: str, rows: str) -> Remedy:
    model = row.info.entity
    if model is None:
        return Remedy("", f"{verb} {_table(row)} once after the loop, with a list of parameters")
    code = f"session.execute({function}({model}), rows)"
    return Remedy(code, f"{verb} {_table(row)} once after the loop, {rows}: {code}")


def _bulk_delete(row: Statement) -> Remedy:
    model, filters = row.info.entity, row.info.filters
    if model is None or len(filters) != 1:
        return Remedy("", f"Delete from {_table(row)} once after the loop, with IN and the values of all rows")
    code = f"session.execute(delete({model}).where({model}.{filters[0]}.in_(values)))"
    return Remedy(code, f"Delete from {_table(row)} with one statement after the loop: {code}")


def _table(row: Statement) -> str:
    return next(iter(row.writes), "the table")


_COLUMNS = {"column": _deferred, "expired": _expired, "refresh": _refreshed}
_WRITES = {"INSERT": _bulk_insert, "UPDATE": _bulk_update, "DELETE": _bulk_delete}

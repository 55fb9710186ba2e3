"""What to type so that a loop of statements becomes one: the loader to add, or the statement to write instead."""

from __future__ import annotations

from typing import NamedTuple

from query_guard.records import Loader, Statement


class Remedy(NamedTuple):
    """`code` can be pasted; `advice` is the sentence around it."""

    code: str
    advice: str


def remedy_for(row: Statement) -> Remedy:
    """Return the remedy for a loop of statements like `row`."""
    loader = row.loader
    if loader is not None and loader.path:
        return _eager_load(loader)
    if loader is not None:
        return _COLUMNS[loader.kind](loader)
    return _WRITES.get(row.operation, _batched_select)(row)


def _eager_load(loader: Loader) -> Remedy:
    steps = [f"selectinload({name})" for name in loader.path[:-1]]
    last = "selectinload" if loader.collection else "joinedload"
    code = ".".join([*steps, f"{last}({loader.path[-1]})"])
    root = loader.path[0].partition(".")[0]
    return Remedy(code, f"Add .options({code}) to the select that loads {root}")


def _deferred(loader: Loader) -> Remedy:
    names = [f"{loader.owner}.{name}" for name in loader.attribute.split(", ")]
    code = f"undefer({', '.join(names)})" if len(names) == 1 else ", ".join(f"undefer({name})" for name in names)
    return Remedy(code, f"Add .options({code}) to the select that loads {loader.owner}")


def _expired(loader: Loader) -> Remedy:
    code = "expire_on_commit=False"
    return Remedy(
        code,
        f"A commit has expired every {loader.owner}, and each is read again on its own: create the session with {code}, "
        f"or load them with one select after the commit",
    )


def _refreshed(loader: Loader) -> Remedy:
    code = f"select({loader.owner}).where({loader.owner}.id.in_(ids)).execution_options(populate_existing=True)"
    return Remedy(code, f"Refresh every {loader.owner} with one select instead of one session.refresh() each: {code}")


def _table(row: Statement) -> str:
    tables = row.writes or row.tables
    return tables[0] if tables else "the table"


def _batched_select(row: Statement) -> Remedy:
    code = "select(Model).where(Model.id.in_(ids))"
    return Remedy(code, f"Collect the values first and fetch {_table(row)} with one IN: {code}")


def _bulk_insert(row: Statement) -> Remedy:
    code = "session.add_all(objects)"
    return Remedy(
        code,
        f"Insert into {_table(row)} with one flush after the loop: {code}, or session.execute(insert(Model), rows)",
    )


def _bulk_update(row: Statement) -> Remedy:
    code = "session.execute(update(Model), rows)"
    return Remedy(code, f"Update {_table(row)} once after the loop, rows being dicts that hold the primary key: {code}")


def _bulk_delete(row: Statement) -> Remedy:
    code = "session.execute(delete(Model).where(Model.id.in_(ids)))"
    return Remedy(code, f"Delete from {_table(row)} with one statement: {code}")


_WRITES = {"INSERT": _bulk_insert, "UPDATE": _bulk_update, "DELETE": _bulk_delete}
_COLUMNS = {"column": _deferred, "expired": _expired, "refresh": _refreshed}
